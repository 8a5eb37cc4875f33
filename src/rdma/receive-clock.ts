// The receiving half of a device in time: packets wait for a unit that judges them, in the order of their arrival. A
// packet's keys are checked and its bytes move when its turn has come, not when it arrived.

import { SlotQueue } from '../frame/index.js';
import { type Nanos, NEVER } from '../time/index.js';
import type { Works } from './clockwork.js';
import type { NicCaches } from './nic-caches.js';
import type { NicTiming } from './timing.js';
import { Units } from './units.js';

export class ReceiveClock {
  /** When the first packet that waits is to be judged. */
  wakeAt: number = NEVER;
  readonly #queue = new SlotQueue();
  readonly units: Units;

  constructor(
    readonly works: Works,
    readonly timing: NicTiming,
    readonly caches: NicCaches,
    units = new Units(timing.rxUnits),
  ) {
    this.units = units;
  }

  /** A packet has arrived; false when there is no room for it. */
  // hot
  put(now: Nanos, slot: number): boolean {
    if (this.#queue.count >= this.timing.rxFrames) return false;
    this.#queue.put(slot, 0, now);
    if (this.#queue.count === 1) this.#head();
    return true;
  }

  // hot
  expire(now: Nanos): void {
    const { works, timing } = this;
    const { memory } = works;
    while (this.wakeAt <= now) {
      // Another function of the card may have had the units since.
      this.#head();
      if (this.wakeAt > now) return;
      const arrived = this.#queue.firstExtra;
      const slot = this.#queue.take(0);
      memory.begin(now);
      this.caches.stoodUntil = 0;
      works.judge(now, slot);
      let took = timing.rxPacketNs + Math.max(0, this.caches.stoodUntil - now);
      if (memory.visible > now) took += timing.rxDataNs;
      if (memory.atomic) took += timing.rxAtomicNs;
      this.units.serve(arrived, took);
      this.#head();
    }
  }

  // hot
  #head(): void {
    if (this.#queue.count === 0) {
      this.wakeAt = NEVER;
      return;
    }
    const { rxPacketNs, rxLatencyNs } = this.timing;
    this.wakeAt = this.units.doneAt(this.#queue.firstExtra, rxPacketNs + rxLatencyNs);
  }
}
