// The sending side of a switch's or host's ports: control frames first, then eight queues by priority, highest first or by
// shares of bandwidth, as far as the peer has not paused them. Pauses end by themselves when their time is over (802.1Q 36.2). What is
// known of a port lies together in a few numbers, because a switch with many ports has each in a cache only by chance.

import { type FramePool, SlotLists } from '../frame/index.js';
import { type Nanos, NEVER } from '../time/index.js';

import { BandwidthShares, type TrafficClass } from './bandwidth-shares.js';
import { PRIORITIES } from './priority.js';

/** The list of a port's MAC control frames, which no pause stops, behind those of the priorities. */
const CONTROL = PRIORITIES;
const LISTS = PRIORITIES + 1;
/** Words of a port: a bit for each list that holds a frame, and for each priority that was paused; frames by priority. */
const HOLDING = 0;
const PAUSED = 1;
const WAITING = 2;
const PORT = 4;

export class Egress {
  /** How often a priority was paused. */
  pauses = 0;
  /** The priority of the frame that `take` gave last; -1 for a control frame. */
  priority = -1;
  /** What shares bandwidth instead of going by strict priority. */
  readonly #shares: BandwidthShares | null;
  readonly #lists: SlotLists;
  readonly #ports: Int32Array;
  /** Until when each priority of each port is paused. */
  readonly #pausedUntil: Float64Array;

  constructor(
    readonly pool: FramePool,
    ports = 1,
    classes: readonly TrafficClass[] = [],
  ) {
    this.#shares = classes.length > 0 ? new BandwidthShares(classes, ports) : null;
    this.#lists = new SlotLists(pool, ports * LISTS);
    this.#ports = new Int32Array(ports * PORT);
    this.#pausedUntil = new Float64Array(ports * PRIORITIES);
  }

  /** The peer pauses a priority until then; an instant that is over lets it go on. */
  pause(port: number, priority: number, until: Nanos): void {
    this.#pausedUntil[port * PRIORITIES + priority] = until;
    this.#ports[port * PORT + PAUSED]! |= 1 << priority;
    this.pauses++;
  }

  // hot
  paused(now: Nanos, port: number, priority: number): boolean {
    if ((this.#ports[port * PORT + PAUSED]! & (1 << priority)) === 0) return false;
    if (this.#pausedUntil[port * PRIORITIES + priority]! > now) return true;
    this.#ports[port * PORT + PAUSED]! &= ~(1 << priority);
    return false;
  }

  /** When a pause ends that holds something back; NEVER when none does. */
  resumesAt(now: Nanos, port: number): Nanos {
    let earliest: number = NEVER;
    for (let p = 0; p < PRIORITIES; p++) {
      if (!this.#holds(port, p) || !this.paused(now, port, p)) continue;
      const until = this.#pausedUntil[port * PRIORITIES + p]!;
      if (until < earliest) earliest = until;
    }
    return earliest as Nanos;
  }

  #holds(port: number, list: number): boolean {
    return (this.#ports[port * PORT + HOLDING]! & (1 << list)) !== 0;
  }

  /** Frames in a port's eight queues. */
  waiting(port: number): number {
    return this.#ports[port * PORT + WAITING]!;
  }

  /** Is there anything to send, now or when a pause is over? */
  // hot
  holds(port: number): boolean {
    return this.#ports[port * PORT + HOLDING] !== 0;
  }

  /** Bytes in the queue of a priority. */
  bytes(port: number, priority: number): number {
    return this.#lists.bytes(port * LISTS + priority);
  }

  /** A frame joins the queue of its priority; it came in at `ingress`, which is the slot's note when it leaves. */
  // hot
  put(port: number, priority: number, slot: number, length: number, ingress: number): void {
    this.#lists.put(port * LISTS + priority, slot, length, ingress);
    const at = port * PORT;
    this.#ports[at + HOLDING]! |= 1 << priority;
    this.#ports[at + WAITING]!++;
  }

  /** Control frames that wait. */
  own(port: number): number {
    return this.#lists.count(port * LISTS + CONTROL);
  }

  /** A control frame of our own. */
  say(port: number, slot: number): void {
    this.#lists.put(port * LISTS + CONTROL, slot, this.pool.length(slot), 0);
    this.#ports[port * PORT + HOLDING]! |= 1 << CONTROL;
  }

  /** The next frame that may go, or -1. */
  // hot
  take(now: Nanos, port: number): number {
    const list = this.#next(now, port);
    if (list < 0) return -1;
    const at = port * PORT;
    const lists = this.#lists;
    const slot = lists.take(port * LISTS + list);
    if (lists.count(port * LISTS + list) === 0) this.#ports[at + HOLDING]! ^= 1 << list;
    if (list === CONTROL) this.priority = -1;
    else {
      this.priority = list;
      this.#ports[at + WAITING]!--;
      if (this.#shares !== null && !this.#shares.isStrict(list))
        this.#shares.sent(port, list, this.pool.length(slot));
    }
    return slot;
  }

  /** True when something could go now. */
  ready(now: Nanos, port: number): boolean {
    return this.#next(now, port) >= 0;
  }

  /**
   * The list whose frame goes next, of those that hold one and are not paused, or -1: the highest of the strict ones, before
   * what shares bandwidth.
   */
  // hot
  #next(now: Nanos, port: number): number {
    const shares = this.#shares;
    let sharing = 0;
    for (let left = this.#ports[port * PORT + HOLDING]!; left !== 0; ) {
      const list = 31 - Math.clz32(left); // the highest
      left ^= 1 << list;
      if (list !== CONTROL && this.paused(now, port, list)) continue;
      if (shares === null || shares.isStrict(list)) return list;
      sharing |= 1 << list;
    }
    return sharing === 0 ? -1 : shares!.choose(port, sharing);
  }
}
