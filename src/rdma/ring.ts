// A ring of entries in the host's memory: the CPU reaches it as bytes of its address space, the device by machine
// address through DMA.

import type { Nanos } from '../time/index.js';
import type { AddressSpace } from './memory-parts.js';
import type { MemoryPort } from './memory-port.js';

export class Ring {
  /** The CPU's view. */
  readonly bytes: Uint8Array;
  readonly #virtual: bigint;
  readonly #address: number;
  readonly #length: number;

  constructor(
    readonly space: AddressSpace,
    readonly count: number,
    readonly stride: number,
    /** Which queue it is, in words. */
    use: string,
  ) {
    this.#length = count * stride;
    this.#virtual = space.allocate(this.#length, { contiguous: true, use });
    this.bytes = space.bytes(this.#virtual, this.#length);
    this.#address = space.translate(this.#virtual);
  }

  /** Where the entry with that running number begins in `bytes`. */
  // hot
  at(index: number): number {
    return (index % this.count) * this.stride;
  }

  /** The device fetches an entry, or what lies `skip` bytes into it; when it has come. */
  // hot
  fetch(
    now: Nanos,
    port: MemoryPort,
    index: number,
    skip: number,
    length: number,
    into: Uint8Array,
    at: number,
  ): Nanos {
    return port.readRing(now, this.#address + this.at(index) + skip, length, into, at);
  }

  /** Machine address of an entry. */
  // hot
  addressAt(index: number): number {
    return this.#address + this.at(index);
  }

  /** The device writes an entry. */
  // hot
  store(now: Nanos, port: MemoryPort, index: number, from: Uint8Array): void {
    port.writeRing(now, this.#address + this.at(index), this.stride, from, 0);
  }

  /** An entry that was sent at `sent` is in memory. */
  // hot
  land(now: Nanos, sent: number, port: MemoryPort, index: number, from: Uint8Array): void {
    port.landRing(now, sent, this.#address + this.at(index), from, this.stride);
  }

  release(): void {
    this.space.unmap(this.#virtual, Math.ceil(this.#length / 4096) * 4096);
  }
}
