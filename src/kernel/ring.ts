// A ring of sixteen-byte entries in the machine's memory, as driver and card see it: one array of bytes, a place for each
// entry, and the machine address for DMA.

import { numberGetter, numberSetter } from '../../protocols/core/accessor.js';
import { PAGE_4K, type PhysicalMemory } from '../memory/index.js';
import { ENTRY_BYTES } from './descriptor.js';

export class Ring {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly #first: number;

  /** @param entries a power of two */
  constructor(
    memory: PhysicalMemory,
    readonly entries: number,
    use = 'ring',
    node = 0,
  ) {
    if (!Number.isInteger(Math.log2(entries))) throw new RangeError(`a ring of ${entries} entries`);
    const pages = Math.ceil((entries * ENTRY_BYTES) / PAGE_4K);
    this.address = memory.allocate(PAGE_4K, pages, node, use);
    this.bytes = memory.locate(this.address);
    this.#first = memory.at;
  }

  /** Where in `bytes` the entry lies that a counter stands at. */
  // hot
  at(counter: number): number {
    return this.#first + (counter % this.entries) * ENTRY_BYTES;
  }

  // hot
  addressOf(counter: number): number {
    return this.address + (counter % this.entries) * ENTRY_BYTES;
  }

  /** Whose turn it is to be new: completions carry it, so that old ones are told from new ones. */
  // hot
  lap(counter: number): number {
    return (Math.floor(counter / this.entries) + 1) % 2;
  }
}

const place = { at: 0, size: 4, shift: 0, bits: 32, order: 'le' } as const;
/** Halves of an address, as descriptors hold them. */
export const getWord = numberGetter(place);
export const setWord = numberSetter(place);
export const WORD_SPAN = 2 ** 32;
