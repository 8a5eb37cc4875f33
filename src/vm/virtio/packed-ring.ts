// A packed virtqueue in guest memory (virtio 1.2, 2.8): descriptors that both sides write, and the two structures of event
// suppression.

import { PackedDesc, PackedEvent } from '../../../protocols/virtio/index.js';
import { getAddress, type PhysicalBytes, setAddress } from '../../memory/physical-bytes.js';
import type { QueuePlace } from './queue.js';
import { wholeDescriptor } from './split-ring.js';

export const PACKED_DESC_BYTES = PackedDesc.size;
/** 2.8: entries of a ring at most. */
export const MOST_PACKED = 2 ** 15;

/** Bytes of each area, and what its address must be a multiple of (2.8.10.1). */
export const packedAreas = {
  descriptors: { bytes: (size: number) => size * PACKED_DESC_BYTES, align: 16 },
  driver: { bytes: (_size: number) => PackedEvent.size, align: 4 },
  device: { bytes: (_size: number) => PackedEvent.size, align: 4 },
} as const;

const { get, set } = PackedDesc;

/** One descriptor as it stood in memory when it was read. */
export class PackedDescriptor {
  address = 0;
  length = 0;
  id = 0;
  next = false;
  write = false;
  indirect = false;
  avail = 0;
  used = 0;
  readonly #scratch = new Uint8Array(PACKED_DESC_BYTES);

  // hot
  read(memory: PhysicalBytes, address: number): void {
    const b = wholeDescriptor(memory, address, this.#scratch);
    const at = b === this.#scratch ? 0 : memory.at;
    this.address = getAddress(b, at + PackedDesc.at.addr);
    this.length = get.len(b, at);
    this.id = get.id(b, at);
    this.next = get.next(b, at) !== 0;
    this.write = get.write(b, at) !== 0;
    this.indirect = get.indirect(b, at) !== 0;
    this.avail = get.avail(b, at);
    this.used = get.used(b, at);
  }
}

/** A place in a ring with its wrap counter (2.8.1). */
export class Turn {
  index = 0;
  wrap = 1;

  constructor(readonly size: number) {}

  // hot
  step(count: number): void {
    this.index += count;
    if (this.index < this.size) return;
    this.index -= this.size;
    this.wrap = 1 - this.wrap;
  }
}

export class PackedRing {
  readonly size: number;
  readonly #memory: PhysicalBytes;
  readonly #place: QueuePlace;

  constructor(memory: PhysicalBytes, place: QueuePlace) {
    this.#memory = memory;
    this.size = place.size;
    this.#place = place;
  }

  // hot
  descriptorAt(index: number): number {
    return this.#place.descriptors + index * PACKED_DESC_BYTES;
  }

  // hot
  isAvailable({ index, wrap }: Turn): boolean {
    const b = this.#memory.locate(this.descriptorAt(index));
    const { at } = this.#memory;
    return get.avail(b, at) === wrap && get.used(b, at) !== wrap;
  }

  // hot
  isUsed({ index, wrap }: Turn): boolean {
    const b = this.#memory.locate(this.descriptorAt(index));
    const { at } = this.#memory;
    return get.avail(b, at) === wrap && get.used(b, at) === wrap;
  }

  // hot
  /** The device gives a buffer back at this place. */
  setUsed({ index, wrap }: Turn, id: number, written: number): void {
    const b = this.#memory.locate(this.descriptorAt(index));
    const { at } = this.#memory;
    b.fill(0, at, at + PACKED_DESC_BYTES);
    set.id(b, at, id);
    set.len(b, at, written);
    set.write(b, at, written > 0 ? 1 : 0);
    set.avail(b, at, wrap);
    set.used(b, at, wrap);
  }

  // hot
  /** The driver gives a descriptor to the device: from now on it is seen. */
  setAvailable({ index, wrap }: Turn): void {
    const b = this.#memory.locate(this.descriptorAt(index));
    const { at } = this.#memory;
    set.avail(b, at, wrap);
    set.used(b, at, 1 - wrap);
  }

  // hot
  /** All of a descriptor but what makes it available. */
  write(
    where: number,
    address: number,
    length: number,
    id: number,
    kind: 'read' | 'write' | 'indirect',
    next: boolean,
  ): void {
    const b = this.#memory.locate(where);
    const { at } = this.#memory;
    // The flags avail and used stay as they are, so that the device does not take it yet.
    const avail = get.avail(b, at);
    const used = get.used(b, at);
    b.fill(0, at, at + PACKED_DESC_BYTES);
    setAddress(b, at + PackedDesc.at.addr, address);
    set.len(b, at, length);
    set.id(b, at, id);
    if (kind === 'write') set.write(b, at, 1);
    if (kind === 'indirect') set.indirect(b, at, 1);
    if (next) set.next(b, at, 1);
    set.avail(b, at, avail);
    set.used(b, at, used);
  }

  /** The event suppression structure of a side (2.8.10). */
  // hot
  event(of: 'driver' | 'device', into: EventWish): EventWish {
    const b = this.#memory.locate(this.#place[of]);
    const { at } = this.#memory;
    into.flags = PackedEvent.get.flags(b, at);
    into.index = PackedEvent.get.off(b, at);
    into.wrap = PackedEvent.get.wrap(b, at);
    return into;
  }

  // hot
  setEvent(of: 'driver' | 'device', flags: number, index = 0, wrap = 0): void {
    const b = this.#memory.locate(this.#place[of]);
    const { at } = this.#memory;
    PackedEvent.set.off(b, at, index);
    PackedEvent.set.wrap(b, at, wrap);
    PackedEvent.set.flags(b, at, flags);
  }
}

/** When a side wants to be told. */
export interface EventWish {
  flags: number;
  index: number;
  wrap: number;
}
