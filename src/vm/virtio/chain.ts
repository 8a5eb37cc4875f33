// A buffer as both sides of a ring see it: pieces of guest memory that the device reads, then pieces that it writes. Filled
// again for each buffer, so that none is allocated on the way.

import { type PhysicalBytes, readPhysical, writePhysical } from '../../memory/physical-bytes.js';

/** Pieces of one buffer at most, as QEMU has it (VIRTQUEUE_MAX_SIZE). */
export const MOST_SEGMENTS = 1024;

export class Chain {
  /** What the ring calls it: index of its first descriptor, or its buffer ID. */
  id = 0;
  /** Descriptors of the ring that it takes. */
  slots = 0;
  /** Pieces; those that are read come first. */
  count = 0;
  readable = 0;
  readableBytes = 0;
  writableBytes = 0;
  readonly addresses = new Float64Array(MOST_SEGMENTS);
  readonly lengths = new Float64Array(MOST_SEGMENTS);

  clear(): this {
    this.id = 0;
    this.slots = 0;
    this.count = 0;
    this.readable = 0;
    this.readableBytes = 0;
    this.writableBytes = 0;
    return this;
  }

  // hot
  /** A piece that the device reads; before all that it writes. */
  read(address: number, lengthBytes: number): this {
    if (this.readable < this.count)
      throw new RangeError('what is read comes before what is written');
    this.#add(address, lengthBytes);
    this.readable++;
    this.readableBytes += lengthBytes;
    return this;
  }

  // hot
  /** A piece that the device writes. */
  write(address: number, lengthBytes: number): this {
    this.#add(address, lengthBytes);
    this.writableBytes += lengthBytes;
    return this;
  }

  // hot
  #add(address: number, lengthBytes: number): void {
    if (this.count === MOST_SEGMENTS) throw new RangeError(`more than ${MOST_SEGMENTS} pieces`);
    this.addresses[this.count] = address;
    this.lengths[this.count] = lengthBytes;
    this.count++;
  }

  /** Copies bytes out of what the device reads, wherever the pieces are cut; how many there were. */
  copyOut(
    memory: PhysicalBytes,
    skip: number,
    lengthBytes: number,
    into: Uint8Array,
    at = 0,
  ): number {
    return this.#each(0, this.readable, skip, lengthBytes, (address, length, done) =>
      readPhysical(memory, address, length, into, at + done),
    );
  }

  /** Copies bytes into what the device writes; how many there was room for. */
  copyIn(
    memory: PhysicalBytes,
    skip: number,
    bytes: Uint8Array,
    from = 0,
    to = bytes.length,
  ): number {
    return this.#each(this.readable, this.count, skip, to - from, (address, length, done) =>
      writePhysical(memory, address, bytes, from + done, from + done + length),
    );
  }

  #each(
    first: number,
    end: number,
    skip: number,
    lengthBytes: number,
    visit: (address: number, lengthBytes: number, done: number) => void,
  ): number {
    let done = 0;
    let passed = 0;
    for (let i = first; i < end && done < lengthBytes; i++) {
      const begin = Math.max(0, skip - passed);
      const length = Math.min(this.lengths[i]! - begin, lengthBytes - done);
      passed += this.lengths[i]!;
      if (length <= 0) continue;
      visit(this.addresses[i]! + begin, length, done);
      done += length;
    }
    return done;
  }
}
