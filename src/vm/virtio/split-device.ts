// The device's side of a split virtqueue (virtio 1.2, 2.7). What lies in the ring may come from a hostile guest: each step is
// bounded, each address checked, and what is wrong is refused by name.

import type { Chain } from './chain.js';
import { ChainReader } from './chain-reader.js';
import { Ordered } from './ordered.js';
import { ahead, type DeviceQueue, passes, type QueueOptions, type Taken } from './queue.js';
import { Refusals } from './refusal.js';
import { SplitDescriptor, SplitRing } from './split-ring.js';

const WRAP = 65536;

export class SplitDevice implements DeviceQueue {
  readonly size: number;
  readonly refusals = new Refusals();
  readonly #options: QueueOptions;
  readonly #ring: SplitRing;
  readonly #reader: ChainReader;
  readonly #descriptor = new SplitDescriptor();
  readonly #ordered: Ordered | null;
  #seen = 0;
  #used = 0;
  #shown = 0;
  /** Buffers that the device has not given back: a driver cannot have given more than there are descriptors. */
  #held = 0;
  #armed = true;

  constructor(options: QueueOptions) {
    this.size = options.size;
    this.#options = options;
    this.#ring = new SplitRing(options.memory, options);
    this.#reader = new ChainReader(options, this.refusals);
    this.#ordered = options.features.inOrder ? new Ordered() : null;
  }

  // hot
  take(into: Chain): Taken {
    if (this.refusals.broken !== null) return 'broken';
    const news = ahead(this.#ring.availIndex, this.#seen);
    if (news === 0) return 'empty';
    if (news + this.#held > this.size) return this.refusals.refuse('avail-index');
    const head = this.#ring.availHead(this.#seen);
    const found = this.#follow(into.clear(), head);
    if (found === 'broken') return found;
    into.id = head;
    into.slots = 1;
    this.#seen = (this.#seen + 1) % WRAP;
    if (this.#armed && this.#options.features.eventIndex) this.#ring.availEvent = this.#seen;
    this.#held++;
    this.#ordered?.take(head, 1);
    return 'chain';
  }

  // hot
  #follow(into: Chain, head: number): Taken {
    const { memory } = this.#options;
    const one = this.#descriptor;
    for (let index = head, length = 1; ; index = one.nextIndex, length++) {
      if (index >= this.size) return this.refusals.refuse('descriptor-index');
      if (length > this.size) return this.refusals.refuse('chain-too-long');
      one.read(memory, this.#ring.descriptorAt(index));
      if (one.indirect && one.next) return this.refusals.refuse('indirect-with-next');
      const found = one.indirect
        ? this.#reader.splitTable(into, one.address, one.length)
        : this.#reader.piece(into, one.address, one.length, one.write);
      if (found === 'broken') return found;
      if (!one.next) return 'chain';
    }
  }

  // hot
  give(id: number, _slots: number, written: number, writable: number): void {
    if (this.#ordered === null) this.#put(id, written, 1);
    else this.#ordered.give(id, written, writable);
  }

  // hot
  #put(id: number, written: number, buffers: number): void {
    this.#ring.setUsed(this.#used, id, written);
    this.#used = (this.#used + buffers) % WRAP;
    this.#held -= buffers;
  }

  // hot
  flush(): boolean {
    this.#ordered?.release((id, written, buffers) => this.#put(id, written, buffers));
    const old = this.#shown;
    if (old === this.#used) return false;
    this.#shown = this.#used;
    this.#ring.usedIndex = this.#used;
    if (!this.#options.features.eventIndex) return !this.#ring.noInterrupt;
    return passes(this.#ring.usedEvent, this.#used, old);
  }

  disarm(): void {
    this.#armed = false;
    if (!this.#options.features.eventIndex) this.#ring.noNotify = true;
  }

  arm(): boolean {
    this.#armed = true;
    if (this.#options.features.eventIndex) this.#ring.availEvent = this.#seen;
    else this.#ring.noNotify = false;
    return this.#ring.availIndex !== this.#seen;
  }
}
