// A split virtqueue in guest memory (virtio 1.2, 2.7): the fields that either side reads and writes there. Every access goes
// to the bytes; what a side remembers by itself is in split-driver.ts and split-device.ts.

import {
  VirtqAvail,
  VirtqAvailElem,
  VirtqDesc,
  VirtqEvent,
  VirtqUsed,
  VirtqUsedElem,
} from '../../../protocols/virtio/index.js';
import {
  getAddress,
  type PhysicalBytes,
  readPhysical,
  setAddress,
} from '../../memory/physical-bytes.js';
import type { QueuePlace } from './queue.js';

export const DESC_BYTES = VirtqDesc.size;

/** Bytes of each area, and what its address must be a multiple of (2.7). */
export const splitAreas = {
  descriptors: { bytes: (size: number) => size * DESC_BYTES, align: 16 },
  driver: {
    bytes: (size: number) => VirtqAvail.size + size * VirtqAvailElem.size + VirtqEvent.size,
    align: 2,
  },
  device: {
    bytes: (size: number) => VirtqUsed.size + size * VirtqUsedElem.size + VirtqEvent.size,
    align: 4,
  },
} as const;

export class SplitRing {
  readonly size: number;
  readonly #memory: PhysicalBytes;
  readonly #descriptors: number;
  readonly #avail: number;
  readonly #used: number;
  readonly #availEvent: number;
  readonly #usedEvent: number;

  constructor(memory: PhysicalBytes, { size, descriptors, driver, device }: QueuePlace) {
    this.#memory = memory;
    this.size = size;
    this.#descriptors = descriptors;
    this.#avail = driver;
    this.#used = device;
    this.#usedEvent = driver + VirtqAvail.size + size * VirtqAvailElem.size;
    this.#availEvent = device + VirtqUsed.size + size * VirtqUsedElem.size;
  }

  // hot
  descriptorAt(index: number): number {
    return this.#descriptors + index * DESC_BYTES;
  }

  // Written by the driver.

  // hot
  get availIndex(): number {
    const b = this.#memory.locate(this.#avail);
    return VirtqAvail.get.idx(b, this.#memory.at);
  }

  // hot
  set availIndex(index: number) {
    const b = this.#memory.locate(this.#avail);
    VirtqAvail.set.idx(b, this.#memory.at, index);
  }

  // hot
  get noInterrupt(): boolean {
    const b = this.#memory.locate(this.#avail);
    return VirtqAvail.get.noInterrupt(b, this.#memory.at) !== 0;
  }

  set noInterrupt(wanted: boolean) {
    const b = this.#memory.locate(this.#avail);
    VirtqAvail.set.noInterrupt(b, this.#memory.at, wanted ? 1 : 0);
  }

  // hot
  availHead(index: number): number {
    const b = this.#memory.locate(this.#availElem(index));
    return VirtqAvailElem.get.head(b, this.#memory.at);
  }

  // hot
  setAvailHead(index: number, head: number): void {
    const b = this.#memory.locate(this.#availElem(index));
    VirtqAvailElem.set.head(b, this.#memory.at, head);
  }

  // hot
  get usedEvent(): number {
    const b = this.#memory.locate(this.#usedEvent);
    return VirtqEvent.get.event(b, this.#memory.at);
  }

  // hot
  set usedEvent(index: number) {
    const b = this.#memory.locate(this.#usedEvent);
    VirtqEvent.set.event(b, this.#memory.at, index);
  }

  // Written by the device.

  // hot
  get usedIndex(): number {
    const b = this.#memory.locate(this.#used);
    return VirtqUsed.get.idx(b, this.#memory.at);
  }

  // hot
  set usedIndex(index: number) {
    const b = this.#memory.locate(this.#used);
    VirtqUsed.set.idx(b, this.#memory.at, index);
  }

  // hot
  get noNotify(): boolean {
    const b = this.#memory.locate(this.#used);
    return VirtqUsed.get.noNotify(b, this.#memory.at) !== 0;
  }

  set noNotify(wanted: boolean) {
    const b = this.#memory.locate(this.#used);
    VirtqUsed.set.noNotify(b, this.#memory.at, wanted ? 1 : 0);
  }

  // hot
  get availEvent(): number {
    const b = this.#memory.locate(this.#availEvent);
    return VirtqEvent.get.event(b, this.#memory.at);
  }

  // hot
  set availEvent(index: number) {
    const b = this.#memory.locate(this.#availEvent);
    VirtqEvent.set.event(b, this.#memory.at, index);
  }

  // An element of the used ring is aligned to four bytes and may lie across two pages: half by half.

  // hot
  usedId(index: number): number {
    const b = this.#memory.locate(this.#usedElem(index));
    return VirtqUsedElem.get.id(b, this.#memory.at);
  }

  // hot
  usedLength(index: number): number {
    const { len } = VirtqUsedElem.at;
    const b = this.#memory.locate(this.#usedElem(index) + len);
    return VirtqUsedElem.get.len(b, this.#memory.at - len);
  }

  // hot
  setUsed(index: number, id: number, length: number): void {
    const { len } = VirtqUsedElem.at;
    const address = this.#usedElem(index);
    const first = this.#memory.locate(address);
    VirtqUsedElem.set.id(first, this.#memory.at, id);
    const second = this.#memory.locate(address + len);
    VirtqUsedElem.set.len(second, this.#memory.at - len, length);
  }

  // hot
  #availElem(index: number): number {
    return this.#avail + VirtqAvail.size + (index % this.size) * VirtqAvailElem.size;
  }

  // hot
  #usedElem(index: number): number {
    return this.#used + VirtqUsed.size + (index % this.size) * VirtqUsedElem.size;
  }
}

const { get, set } = VirtqDesc;

/** One descriptor, of a table in the ring or anywhere: read at once, so that its writer cannot change it meanwhile. */
export class SplitDescriptor {
  address = 0;
  length = 0;
  next = false;
  write = false;
  indirect = false;
  nextIndex = 0;
  readonly #scratch = new Uint8Array(DESC_BYTES);

  // hot
  read(memory: PhysicalBytes, address: number): void {
    const b = wholeDescriptor(memory, address, this.#scratch);
    const at = b === this.#scratch ? 0 : memory.at;
    this.address = getAddress(b, at + VirtqDesc.at.addr);
    this.length = get.len(b, at);
    this.next = get.next(b, at) !== 0;
    this.write = get.write(b, at) !== 0;
    this.indirect = get.indirect(b, at) !== 0;
    this.nextIndex = get.nextIndex(b, at);
  }
}

// hot
/** Where a descriptor's bytes lie; those of a table that is not aligned, as a hostile guest may have it, are put together. */
export function wholeDescriptor(
  memory: PhysicalBytes,
  address: number,
  scratch: Uint8Array,
): Uint8Array {
  const b = memory.locate(address);
  if (memory.end - memory.at >= DESC_BYTES) return b;
  readPhysical(memory, address, DESC_BYTES, scratch, 0);
  return scratch;
}

// hot
/** Writes one; `next` is the next descriptor's index, or -1. */
export function writeDescriptor(
  memory: PhysicalBytes,
  where: number,
  address: number,
  length: number,
  kind: 'read' | 'write' | 'indirect',
  next: number,
): void {
  const b = memory.locate(where);
  const { at } = memory;
  b.fill(0, at, at + DESC_BYTES);
  setAddress(b, at + VirtqDesc.at.addr, address);
  set.len(b, at, length);
  if (kind === 'write') set.write(b, at, 1);
  if (kind === 'indirect') set.indirect(b, at, 1);
  if (next < 0) return;
  set.next(b, at, 1);
  set.nextIndex(b, at, next);
}
