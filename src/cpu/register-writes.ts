// A core's writes to registers of devices: they are not cached, and wait in the core's store buffer, which lets them go one after the
// other, each when the one before has been taken over by the root of PCI Express. The core goes on meanwhile, until the buffer is full
// or a fence makes it wait for what it wrote before.

import { after, type Nanos, START } from '../time/index.js';

/** Entries of the store buffer (Skylake; Intel's optimization reference manual, 2.4). */
const ENTRIES = 56;

export class RegisterWrites {
  /** When the last write has left. */
  #free: Nanos = START;

  constructor(readonly writeNs: number) {}

  /** How long the core waits until there is room for one more. */
  stallNs(now: Nanos): number {
    return Math.max(0, this.#free - now - (ENTRIES - 1) * this.writeNs);
  }

  /** How long it waits until all that it wrote has left: a fence. */
  fenceNs(now: Nanos): number {
    return Math.max(0, this.#free - now);
  }

  /** One more write: when it goes on its way. */
  post(now: Nanos): Nanos {
    const begins = Math.max(now, this.#free) as Nanos;
    this.#free = after(begins, Math.ceil(this.writeNs));
    return begins;
  }
}
