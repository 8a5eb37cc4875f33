// The sending side of one switch port: control frames first, then eight queues by priority, highest first, as
// far as the peer has not paused them. Pauses end by themselves when their time is over (802.1Q 36.2).

import { type FramePool, SlotQueue } from '../frame/index.js';
import { type Nanos, NEVER } from '../time/index.js';

import { PRIORITIES } from './priority.js';

export class Egress {
  readonly queues = Array.from({ length: PRIORITIES }, () => new SlotQueue());
  /** MAC control frames of our own, which no pause stops. */
  readonly control = new SlotQueue();
  /** Until when each priority is paused. */
  readonly #pausedUntil = new Float64Array(PRIORITIES);
  /** Nanoseconds that priorities were paused, and how often. */
  pauses = 0;
  /** Frames in the eight queues. */
  waiting = 0;
  /** A bit for each queue that holds one, so that empty ones need not be looked at. */
  #holding = 0;
  /** The priority of the frame that `take` gave last; -1 for a control frame. */
  priority = -1;
  /** What goes with it: the port at which it came in. */
  ingress = -1;

  constructor(readonly pool: FramePool) {}

  /** The peer pauses a priority until then; an instant that is over lets it go on. */
  pause(priority: number, until: Nanos): void {
    this.#pausedUntil[priority] = until;
    this.pauses++;
  }

  paused(now: Nanos, priority: number): boolean {
    return this.#pausedUntil[priority]! > now;
  }

  /** When a pause ends that holds something back; NEVER when none does. */
  resumesAt(now: Nanos): Nanos {
    let earliest: number = NEVER;
    for (let p = 0; p < PRIORITIES; p++) {
      const until = this.#pausedUntil[p]!;
      if (this.queues[p]!.count > 0 && until > now && until < earliest) earliest = until;
    }
    return earliest as Nanos;
  }

  /** A frame joins the queue of its priority; it came in at `ingress`. */
  // hot
  put(priority: number, slot: number, length: number, ingress: number): void {
    this.queues[priority]!.put(slot, length, ingress);
    this.#holding |= 1 << priority;
    this.waiting++;
  }

  /** The next frame that may go, or -1. */
  // hot
  take(now: Nanos): number {
    const { pool, control } = this;
    if (control.count > 0) {
      this.priority = -1;
      return control.take(pool.length(control.first));
    }
    for (let left = this.#holding; left !== 0; ) {
      const p = 31 - Math.clz32(left); // the highest
      left ^= 1 << p;
      if (this.#pausedUntil[p]! > now) continue;
      const queue = this.queues[p]!;
      this.priority = p;
      this.ingress = queue.firstExtra;
      this.waiting--;
      if (queue.count === 1) this.#holding ^= 1 << p;
      return queue.take(pool.length(queue.first));
    }
    return -1;
  }

  /** True when something could go now. */
  ready(now: Nanos): boolean {
    if (this.control.count > 0) return true;
    for (let p = 0; p < PRIORITIES; p++) {
      if (this.queues[p]!.count > 0 && this.#pausedUntil[p]! <= now) return true;
    }
    return false;
  }
}
