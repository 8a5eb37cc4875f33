// What a router does to an IP packet that it passes on: reads whether it may, takes one hop off, and cuts IPv4 packets
// that are too long for the next link (RFC 1812 5.2, 5.3; RFC 791 3.2).

import {
  checksumOfSum,
  internetSum,
  sumIsGood,
  updateChecksum,
} from '../../protocols/core/checksum/index.js';
import { IPv4, IPv4Option, IPv6 } from '../../protocols/index.js';
import type { FramePool } from '../frame/index.js';

// Functions that a module holds as constants are compiled into their callers; properties are not.
const {
  headerChecksum: headerChecksumOf4,
  ihl: ihlOf4,
  protocol: protocolOf4,
  totalLength: totalLengthOf4,
  ttl: ttlOf4,
  version: versionOf4,
} = IPv4.get;
const { hopLimit: hopLimitOf6, payloadLength: payloadLengthOf6, version: versionOf6 } = IPv6.get;
const { headerChecksum: setHeaderChecksum4, ttl: setTtl4 } = IPv4.set;
const { hopLimit: setHopLimit6 } = IPv6.set;

const WORD = 4;
/** Places of fragments count in these. */
const FRAGMENT_UNIT = 8;
/** An option's type says with its highest bit that fragments behind the first have it too (RFC 791 3.1). */
const COPIED = 0x80;
const END_OF_OPTIONS = 0;
const NO_OPERATION = 1;

export type IpFault = 'too short' | 'malformed' | 'bad checksum';

/** Why the packet at `at` may not be looked at further; undefined when it may. `end` is the frame's. */
// hot
export function ipFault(
  b: Uint8Array,
  at: number,
  end: number,
  version: 4 | 6,
): IpFault | undefined {
  if (version === 6) {
    if (versionOf6(b, at) !== 6) return 'malformed';
    return at + IPv6.size + payloadLengthOf6(b, at) > end ? 'too short' : undefined;
  }
  const header = ihlOf4(b, at) * WORD;
  const total = totalLengthOf4(b, at);
  if (versionOf4(b, at) !== 4 || header < IPv4.size || total < header) return 'malformed';
  if (at + total > end) return 'too short';
  return sumIsGood(internetSum(b, at, at + header)) ? undefined : 'bad checksum';
}

/** Bytes of the packet, header included. */
// hot
export const packetLength = (b: Uint8Array, at: number, version: 4 | 6): number =>
  version === 4 ? totalLengthOf4(b, at) : IPv6.size + payloadLengthOf6(b, at);

/** Hops that the packet has left. */
// hot
export const hopsLeft = (b: Uint8Array, at: number, version: 4 | 6): number =>
  version === 4 ? ttlOf4(b, at) : hopLimitOf6(b, at);

/** Takes one hop off, repairing IPv4's checksum by what has changed (RFC 1624). */
// hot
export function takeHop(b: Uint8Array, at: number, version: 4 | 6): void {
  if (version === 6) return setHopLimit6(b, at, hopLimitOf6(b, at) - 1);
  const ttl = ttlOf4(b, at);
  const word = ttl * 256 + protocolOf4(b, at);
  setTtl4(b, at, ttl - 1);
  const sum = updateChecksum(headerChecksumOf4(b, at), word, word - 256);
  setHeaderChecksum4(b, at, sum);
}

/**
 * Cuts the IPv4 packet in `slot`, which begins `offset` bytes into its frame, into fragments of at most `mtu` bytes,
 * and gives each to `each`; `slot` itself is the last. False when the pool has no slots left: then nothing is given.
 */
export function fragment(
  pool: FramePool,
  slot: number,
  offset: number,
  mtu: number,
  each: (slot: number) => void,
): boolean {
  const b = pool.bytes(slot);
  const at = pool.at(slot) + offset;
  const header = IPv4.get.ihl(b, at) * WORD;
  const payload = IPv4.get.totalLength(b, at) - header;
  const step = Math.floor((mtu - header) / FRAGMENT_UNIT) * FRAGMENT_UNIT;
  const first = IPv4.get.fragmentOffset(b, at);
  const more = IPv4.get.mf(b, at);
  const parts: number[] = [];
  for (let from = 0; from < payload; from += step) {
    const part = pool.take();
    if (part < 0) {
      for (const taken of parts) pool.release(taken);
      return false;
    }
    parts.push(part);
    const to = pool.bytes(part);
    const start = pool.at(part);
    const length = Math.min(step, payload - from);
    to.set(b.subarray(at - offset, at + header), start);
    to.set(b.subarray(at + header + from, at + header + from + length), start + offset + header);
    const ip = start + offset;
    if (first + from > 0) forgetOptions(to, ip + IPv4.size, ip + header);
    IPv4.set.totalLength(to, ip, header + length);
    IPv4.set.fragmentOffset(to, ip, first + from / FRAGMENT_UNIT);
    IPv4.set.mf(to, ip, from + length < payload ? 1 : more);
    IPv4.set.headerChecksum(to, ip, 0);
    IPv4.set.headerChecksum(to, ip, checksumOfSum(internetSum(to, ip, ip + header)));
    pool.setLength(part, offset + header + length);
  }
  pool.release(slot);
  for (const part of parts) each(part);
  return true;
}

/** Options that only the first fragment has become "no operation" in the others. */
function forgetOptions(b: Uint8Array, from: number, end: number): void {
  for (let at = from; at < end; ) {
    const type = b[at]!;
    if (type === END_OF_OPTIONS) return;
    const whole = IPv4Option.check(b, at, end, 'ipv4.ihl') === null;
    const given = whole ? IPv4Option.get.length(b, at) : end - at;
    const length = type === NO_OPERATION ? 1 : Math.max(IPv4Option.size, given);
    if (type < COPIED) b.fill(NO_OPERATION, at, Math.min(end, at + length));
    at += length;
  }
}
