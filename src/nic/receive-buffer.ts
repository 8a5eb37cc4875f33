// The receive buffer of a port: frames wait here until the host's side (PCIe, memory) has taken those before them. Of
// lossless priorities the sender is paused in time; what finds no room is lost.

import { type FramePool, SlotQueue } from '../frame/index.js';
import { type Nanos, NEVER } from '../time/index.js';
import { type PfcThresholds, Stops } from './pause-frame.js';
import { PRIORITIES } from './priority.js';

export interface ReceiveBufferOptions {
  /** Of priorities that are not lossless. */
  readonly bytes: number;
  /** Bits a second that the host takes out. */
  readonly drain: number;
  /** By priority: these are lossless. */
  readonly pfc?: Readonly<Record<number, PfcThresholds>>;
}

const BITS = 8;
const NS_PER_SECOND = 1e9;

export class ReceiveBuffer {
  /** Bytes by priority, and of all that are not lossless. */
  readonly held = new Float64Array(PRIORITIES);
  lossyBytes = 0;
  readonly stops: Stops;
  readonly #queue = new SlotQueue();
  readonly #priorities = new SlotQueue();
  readonly #pfc: readonly (PfcThresholds | undefined)[];
  #drain: number;
  /** When the first frame is through; NEVER when none waits or the host takes nothing. */
  #doneAt: Nanos = NEVER;

  constructor(
    readonly pool: FramePool,
    readonly options: ReceiveBufferOptions,
    rate: number,
    /** Tells the sender to stop a priority, or to go on with it. */
    readonly tell: (now: Nanos, priority: number, stop: boolean) => void,
  ) {
    this.stops = new Stops(PRIORITIES, rate);
    this.#pfc = Array.from({ length: PRIORITIES }, (_, p) => options.pfc?.[p]);
    this.#drain = options.drain;
  }

  /** The host takes frames out at another rate from now on; 0: it hangs. */
  setDrain(now: Nanos, rate: number): void {
    this.#drain = rate;
    this.#doneAt = NEVER;
    this.#begin(now);
  }

  /** Takes a frame in; false when there is no room. */
  // hot
  enter(now: Nanos, slot: number, priority: number): boolean {
    const length = this.pool.length(slot);
    const lossless = this.#pfc[priority];
    const held = this.held[priority]! + length;
    if (lossless) {
      if (held > lossless.xoff + lossless.headroom) return false;
    } else {
      if (this.lossyBytes + length > this.options.bytes) return false;
      this.lossyBytes += length;
    }
    this.held[priority] = held;
    this.#queue.put(slot, length);
    this.#priorities.put(priority, 0);
    this.#begin(now);
    if (lossless && held > lossless.xoff && this.stops.stopped[priority] === 0) {
      this.stops.stop(now, priority);
      this.tell(now, priority, true);
    }
    return true;
  }

  /** The next frame that the host has taken by now, or -1. */
  // hot
  take(now: Nanos): number {
    if (this.#doneAt > now) return -1;
    const priority = this.#priorities.take(0);
    const length = this.pool.length(this.#queue.first);
    const slot = this.#queue.take(length);
    const lossless = this.#pfc[priority];
    const held = this.held[priority]! - length;
    this.held[priority] = held;
    if (!lossless) this.lossyBytes -= length;
    else if (held <= lossless.xon && this.stops.stopped[priority] === 1) {
      this.stops.go(priority);
      this.tell(now, priority, false);
    }
    const from = this.#doneAt;
    this.#doneAt = NEVER;
    this.#begin(from);
    return slot;
  }

  #begin(from: Nanos): void {
    if (this.#doneAt !== NEVER || this.#queue.count === 0 || this.#drain <= 0) return;
    const bits = this.pool.length(this.#queue.first) * BITS;
    this.#doneAt = (from + Math.ceil((bits * NS_PER_SECOND) / this.#drain)) as Nanos;
  }

  /** Tells stopped senders again. */
  remind(now: Nanos): void {
    this.stops.remind(now, (priority) => this.tell(now, priority, true));
  }

  // hot
  wakeAt(): Nanos {
    return this.#doneAt < this.stops.againAt ? this.#doneAt : this.stops.againAt;
  }
}
