// Fragments put together again (RFC 791 3.2, RFC 8200 4.5), within bounds: few packets at a time, none above 64 KiB,
// none for long. Fragments that overlap end the packet (RFC 5722, and for IPv4 as Linux does), exact copies do not.

import { type Alarm, after, type Nanos, NEVER, seconds } from '../time/index.js';
import { keyOf } from './address.js';
import type { StackDrop } from './drop.js';
import { FRAGMENT_UNIT, type IpPacket } from './ip-packet.js';

/** Packets under way; each may hold 64 KiB. */
const MOST_PACKETS = 16;
const MOST_BYTES = 65_535;
/** RFC 8200 4.5 says 60 s, Linux waits 30 s for IPv4; nobody on this wire takes longer. */
const PATIENCE = seconds(30);

interface Partial {
  readonly bytes: Uint8Array;
  /** One for each unit of 8 bytes that is there. */
  readonly there: Uint8Array;
  units: number;
  /** Bytes of the whole, known from the last fragment; -1 until then. */
  total: number;
  readonly until: Nanos;
  ecn: number;
}

export class Reassembly {
  readonly #partials = new Map<string, Partial>();
  /** The packet that `add` completed. */
  bytes: Uint8Array = new Uint8Array(0);
  length = 0;
  /** Its ECN field: one marked fragment marks it (RFC 3168 5.3). */
  ecn = 0;

  /** True when `packet` completed one; false when more is to come; a reason when it is dropped. */
  add(now: Nanos, packet: IpPacket): boolean | StackDrop {
    const { at, end, fragmentAt, more } = packet;
    const size = end - at;
    const last = fragmentAt + size;
    if (last > MOST_BYTES || size === 0 || (more && size % FRAGMENT_UNIT !== 0)) return 'malformed';
    const key = `${keyOf(packet.source)}${keyOf(packet.target)}${packet.protocol}/${packet.identification}`;
    const partial = this.#partials.get(key) ?? this.#open(now, key);
    if (!partial) return 'fragments too many';
    if (!more) {
      if (partial.total >= 0 && partial.total !== last) return this.#drop(key);
      partial.total = last;
    }
    const first = fragmentAt / FRAGMENT_UNIT;
    const behind = Math.ceil(last / FRAGMENT_UNIT);
    let known = 0;
    for (let unit = first; unit < behind; unit++) known += partial.there[unit]!;
    if (known === behind - first) return false; // a copy
    if (known > 0 || (partial.total >= 0 && last > partial.total)) return this.#drop(key);
    partial.ecn = Math.max(partial.ecn, packet.ecn);
    partial.there.fill(1, first, behind);
    partial.units += behind - first;
    partial.bytes.set(packet.bytes.subarray(at, end), fragmentAt);
    if (partial.total < 0 || partial.units < Math.ceil(partial.total / FRAGMENT_UNIT)) return false;
    this.#partials.delete(key);
    this.bytes = partial.bytes;
    this.length = partial.total;
    this.ecn = partial.ecn;
    return true;
  }

  // hot
  soonest(alarm: Alarm): void {
    if (this.#partials.size > 0) alarm.lower(this.#firstDue);
  }

  /** All wait equally long, so that the first one in is the first one due. */
  get #firstDue(): Nanos {
    for (const { until } of this.#partials.values()) return until;
    return NEVER;
  }

  /** Gives up what is due; says how many. */
  expire(now: Nanos): number {
    if (this.#partials.size === 0) return 0;
    let given = 0;
    for (const [key, { until }] of this.#partials) {
      if (until > now) break;
      this.#partials.delete(key);
      given++;
    }
    return given;
  }

  #drop(key: string): StackDrop {
    this.#partials.delete(key);
    return 'fragment overlap';
  }

  #open(now: Nanos, key: string): Partial | undefined {
    if (this.#partials.size >= MOST_PACKETS) return undefined;
    const partial: Partial = {
      bytes: new Uint8Array(MOST_BYTES + 1),
      there: new Uint8Array((MOST_BYTES + 1) / FRAGMENT_UNIT),
      units: 0,
      total: -1,
      until: after(now, PATIENCE),
      ecn: 0,
    };
    this.#partials.set(key, partial);
    return partial;
  }
}
