// Checks what a guest's descriptors say, piece by piece, and walks tables of indirect descriptors (virtio 1.2, 2.7.5.3, 2.8.7).

import { type Chain, MOST_SEGMENTS } from './chain.js';
import { PackedDescriptor } from './packed-ring.js';
import type { QueueOptions, Taken } from './queue.js';
import type { Refusals } from './refusal.js';
import { DESC_BYTES, SplitDescriptor } from './split-ring.js';

/** No chain has as many bytes (2.7.5.2). */
const TOO_MANY_BYTES = 2 ** 32;

export class ChainReader {
  readonly #options: QueueOptions;
  readonly #refusals: Refusals;
  readonly #split = new SplitDescriptor();
  readonly #packed = new PackedDescriptor();

  constructor(options: QueueOptions, refusals: Refusals) {
    this.#options = options;
    this.#refusals = refusals;
  }

  // hot
  /** One piece of the buffer, if it may be. */
  piece(into: Chain, address: number, lengthBytes: number, write: boolean): Taken {
    const refusals = this.#refusals;
    if (into.count === MOST_SEGMENTS) return refusals.refuse('chain-too-long');
    if (lengthBytes === 0) return refusals.refuse('zero-length'); // as QEMU; the standard is silent
    if (!this.#options.memory.holds(address, lengthBytes)) return refusals.refuse('beyond-memory');
    if (!write && into.readable < into.count) return refusals.refuse('order');
    if (into.readableBytes + into.writableBytes + lengthBytes >= TOO_MANY_BYTES)
      return refusals.refuse('too-many-bytes');
    if (write) into.write(address, lengthBytes);
    else into.read(address, lengthBytes);
    return 'chain';
  }

  /** How many descriptors a table has; 0 when it is refused. */
  #entries(address: number, lengthBytes: number): number {
    const { features, memory, size } = this.#options;
    const refusals = this.#refusals;
    const entries = lengthBytes / DESC_BYTES;
    if (!features.indirect) refusals.refuse('indirect-not-negotiated');
    else if (entries === 0 || !Number.isInteger(entries)) refusals.refuse('indirect-length');
    else if (entries > Math.min(size, MOST_SEGMENTS)) refusals.refuse('chain-too-long');
    else if (!memory.holds(address, lengthBytes)) refusals.refuse('beyond-memory');
    else return entries;
    return 0;
  }

  // hot
  /** A table of a split ring: linked by `next`, beginning with the first. */
  splitTable(into: Chain, address: number, lengthBytes: number): Taken {
    const entries = this.#entries(address, lengthBytes);
    if (entries === 0) return 'broken';
    const one = this.#split;
    for (let index = 0, length = 1; ; index = one.nextIndex, length++) {
      if (index >= entries) return this.#refusals.refuse('descriptor-index');
      if (length > entries) return this.#refusals.refuse('chain-too-long');
      one.read(this.#options.memory, address + index * DESC_BYTES);
      if (one.indirect) return this.#refusals.refuse('indirect-nested');
      const found = this.piece(into, one.address, one.length, one.write);
      if (found === 'broken' || !one.next) return found;
    }
  }

  // hot
  /** A table of a packed ring: one after the other; of the flags only WRITE counts. */
  packedTable(into: Chain, address: number, lengthBytes: number): Taken {
    const entries = this.#entries(address, lengthBytes);
    if (entries === 0) return 'broken';
    const one = this.#packed;
    for (let index = 0; index < entries; index++) {
      one.read(this.#options.memory, address + index * DESC_BYTES);
      const found = this.piece(into, one.address, one.length, one.write);
      if (found === 'broken') return found;
    }
    return 'chain';
  }
}
