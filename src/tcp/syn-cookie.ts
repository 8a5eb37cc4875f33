// SYN cookies (RFC 4987 3.6), as Linux lays them out: what must be known of a half-open connection goes into the initial
// sequence number and the timestamp, and comes back with the peer's acknowledgment. Nothing is kept meanwhile.

import { seqAdd } from '../../protocols/core/serial.js';
import { type Nanos, seconds } from '../time/index.js';
import { TICK } from './options.js';
import type { Endpoints, Secrets } from './secrets.js';
import type { Segment } from './segment.js';

/** Sizes that a cookie can tell; the next one below what the peer offered is taken (Linux's tables). */
const SIZES4 = [536, 1300, 1440, 1460] as const;
const SIZES6 = [1220, 1360, 1410, 1440] as const;
/** The cookie's time counts in these; it is good for two. */
const PERIOD = seconds(60);
const GOOD_FOR = 2;
/** The count stands in the top byte, the hash and the size in the others. */
const COUNT_UNIT = 2 ** 24;
const COUNTS = 256;
/** Timestamps carry options in their low bits: four of window scale, SACK, ECN. */
const TS_BITS = 64;
const NO_SCALE = 15;
const SACK_BIT = 16;
const ECN_BIT = 32;

const countAt = (now: Nanos): number => Math.floor(now / PERIOD) % COUNTS;
const sizesOf = (version: 4 | 6): readonly number[] => (version === 4 ? SIZES4 : SIZES6);

/** The initial sequence number for `syn`. */
export function makeCookie(
  secrets: Secrets,
  ends: Endpoints,
  syn: Segment,
  version: 4 | 6,
  now: Nanos,
): number {
  const sizes = sizesOf(version);
  const offered = syn.mss < 0 ? sizes[0]! : syn.mss;
  let index = 0;
  while (index + 1 < sizes.length && sizes[index + 1]! <= offered) index++;
  const count = countAt(now);
  const hidden = (secrets.of(ends, 'cookie', 1 + count) + index) % COUNT_UNIT;
  return seqAdd(seqAdd(secrets.of(ends, 'cookie', 0), syn.seq), count * COUNT_UNIT + hidden);
}

/** The MSS that the cookie tells, or -1 when it is none of ours, or too old. */
export function readCookie(
  secrets: Secrets,
  ends: Endpoints,
  cookie: number,
  peerIsn: number,
  version: 4 | 6,
  now: Nanos,
): number {
  const bare = seqAdd(cookie, -seqAdd(secrets.of(ends, 'cookie', 0), peerIsn));
  const count = Math.floor(bare / COUNT_UNIT);
  const age = (countAt(now) - count + COUNTS) % COUNTS;
  if (age >= GOOD_FOR) return -1;
  const hash = secrets.of(ends, 'cookie', 1 + count) % COUNT_UNIT;
  const index = ((bare % COUNT_UNIT) - hash + COUNT_UNIT) % COUNT_UNIT;
  return sizesOf(version)[index] ?? -1;
}

/** What the SYN offered, in the low bits of our timestamp, which must not run ahead of the clock. */
export function cookieTimestamp(syn: Segment, clock: number, offset: number, ecn: boolean): number {
  const shift = syn.windowShift < 0 ? NO_SCALE : Math.min(syn.windowShift, NO_SCALE - 1);
  const bits = shift + (syn.sackPermitted ? SACK_BIT : 0) + (ecn ? ECN_BIT : 0);
  let time = clock - (clock % TS_BITS) + bits;
  if (time > clock) time -= TS_BITS;
  return seqAdd(offset, Math.max(0, time));
}

/** The peer's SYN as far as its echo tells it; puts it into `syn`. */
export function readCookieTimestamp(syn: Segment, echo: number, offset: number): void {
  const bits = seqAdd(echo, -offset) % TS_BITS;
  const shift = bits % SACK_BIT;
  syn.windowShift = shift === NO_SCALE ? -1 : shift;
  syn.sackPermitted = bits % ECN_BIT >= SACK_BIT;
  syn.ece = bits >= ECN_BIT;
  syn.cwr = syn.ece;
}

export const clockAt = (now: Nanos): number => Math.floor(now / TICK);
