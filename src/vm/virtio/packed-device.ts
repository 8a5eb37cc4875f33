// The device's side of a packed virtqueue (virtio 1.2, 2.8), as careful with what a guest writes as split-device.ts.

import type { Chain } from './chain.js';
import { ChainReader } from './chain-reader.js';
import { Ordered } from './ordered.js';
import { PackedNotice, unwish, wish } from './packed-event.js';
import { PackedDescriptor, PackedRing, Turn } from './packed-ring.js';
import type { DeviceQueue, QueueOptions, Taken } from './queue.js';
import { Refusals } from './refusal.js';

export class PackedDevice implements DeviceQueue {
  readonly size: number;
  readonly refusals = new Refusals();
  readonly #options: QueueOptions;
  readonly #ring: PackedRing;
  readonly #reader: ChainReader;
  readonly #notice: PackedNotice;
  readonly #descriptor = new PackedDescriptor();
  readonly #ordered: Ordered | null;
  /** The next descriptor to read, and the next place for a used one. */
  readonly #seen: Turn;
  readonly #used: Turn;
  /** Descriptors that the device has not given back: a driver cannot have more than there are. */
  #held = 0;
  #armed = true;
  /** What was given back and not shown. */
  readonly #ids: Uint16Array;
  readonly #slots: Uint16Array;
  readonly #written: Float64Array;
  #given = 0;

  constructor(options: QueueOptions) {
    const { memory, features, size } = options;
    this.size = size;
    this.#options = options;
    this.#ring = new PackedRing(memory, options);
    this.#reader = new ChainReader(options, this.refusals);
    this.#notice = new PackedNotice(this.#ring, 'driver', features.eventIndex);
    this.#ordered = features.inOrder ? new Ordered() : null;
    this.#seen = new Turn(size);
    this.#used = new Turn(size);
    this.#ids = new Uint16Array(size);
    this.#slots = new Uint16Array(size);
    this.#written = new Float64Array(size);
  }

  // hot
  take(into: Chain): Taken {
    if (this.refusals.broken !== null) return 'broken';
    if (!this.#ring.isAvailable(this.#seen)) return 'empty';
    if (this.#follow(into.clear()) === 'broken') return 'broken';
    const { eventIndex } = this.#options.features;
    if (this.#armed && eventIndex) wish(this.#ring, 'device', true, this.#seen);
    this.#held += into.slots;
    this.#ordered?.take(into.id, into.slots);
    return 'chain';
  }

  /** The list of descriptors that begins here; its ID stands in the last one (2.8.6). */
  // hot
  #follow(into: Chain): Taken {
    const { memory } = this.#options;
    const one = this.#descriptor;
    for (;;) {
      if (into.slots === this.size) return this.refusals.refuse('chain-too-long');
      if (this.#held + into.slots === this.size) return this.refusals.refuse('avail-index');
      if (into.slots > 0 && !this.#ring.isAvailable(this.#seen))
        return this.refusals.refuse('unavailable-descriptor');
      one.read(memory, this.#ring.descriptorAt(this.#seen.index));
      // A list is of one type: all of it in the ring, or all of it in a table (2.8.5).
      if (one.indirect && (one.next || into.slots > 0))
        return this.refusals.refuse('indirect-with-next');
      into.slots++;
      this.#seen.step(1);
      const found = one.indirect
        ? this.#reader.packedTable(into, one.address, one.length)
        : this.#reader.piece(into, one.address, one.length, one.write);
      if (found === 'broken') return found;
      into.id = one.id;
      if (!one.next) return 'chain';
    }
  }

  // hot
  give(id: number, slots: number, written: number, writable: number): void {
    if (this.#ordered !== null) return this.#ordered.give(id, written, writable);
    this.#ids[this.#given] = id;
    this.#slots[this.#given] = slots;
    this.#written[this.#given] = written;
    this.#given++;
  }

  // hot
  flush(): boolean {
    for (let i = 0; i < this.#given; i++)
      this.#put(this.#ids[i]!, this.#written[i]!, this.#slots[i]!);
    this.#given = 0;
    this.#ordered?.release((id, written, _buffers, slots) => this.#put(id, written, slots));
    return this.#notice.due(this.#used);
  }

  // hot
  #put(id: number, written: number, slots: number): void {
    this.#ring.setUsed(this.#used, id, written);
    this.#used.step(slots);
    this.#held -= slots;
    this.#notice.wrote(slots);
  }

  disarm(): void {
    this.#armed = false;
    unwish(this.#ring, 'device');
  }

  arm(): boolean {
    this.#armed = true;
    wish(this.#ring, 'device', this.#options.features.eventIndex, this.#seen);
    return this.#ring.isAvailable(this.#seen);
  }
}
