// What a part of a disk must hold: for each block how often it was written, and what its bytes are then. Bytes follow from
// seed, place and generation, so that a block that is torn, stale or somewhere else is found.

import { mixed } from '../../time/index.js';

const WORD = 4;
const GOLDEN = 0x9e3779b9;

/** A block of generation 0 was never written and reads as zeroes. */
const NEVER_WRITTEN = 0;

export class Contents {
  /** Generation of each block that was acknowledged last. */
  readonly #generation: Uint32Array;
  /** A write that failed may have been done or not: generations that a block may have beside its own. */
  readonly #doubts = new Map<number, number[]>();
  #next = NEVER_WRITTEN;

  constructor(
    readonly seed: number,
    readonly blockBytes: number,
    /** First block of the part on its disk, and blocks of it. */
    readonly first: number,
    readonly blocks: number,
  ) {
    this.#generation = new Uint32Array(blocks);
  }

  /** The generation of the next write. */
  begin(): number {
    return ++this.#next;
  }

  /** A write of whole blocks was acknowledged. */
  wrote(block: number, count: number, generation: number): void {
    this.#generation.fill(generation, block, block + count);
    if (this.#doubts.size > 0) for (let i = block; i < block + count; i++) this.#doubts.delete(i);
  }

  /** A write failed: nobody knows whether its blocks were written. */
  failed(block: number, count: number, generation: number): void {
    for (let i = block; i < block + count; i++) {
      const known = this.#doubts.get(i) ?? [];
      this.#doubts.set(i, [...known, generation]);
    }
  }

  /** Writes what a block of that generation holds to `into`. */
  // hot
  fill(into: Uint8Array, at: number, block: number, generation: number): void {
    const words = new Uint32Array(into.buffer, into.byteOffset + at, this.blockBytes / WORD);
    let word = this.#word(block, generation);
    for (let i = 0; i < words.length; i++) {
      words[i] = word;
      word = (word + GOLDEN) | 0;
    }
  }

  /** Does a block hold what it must? */
  // hot
  holds(bytes: Uint8Array, at: number, block: number): boolean {
    if (this.#is(bytes, at, block, this.#generation[block]!)) return true;
    const doubts = this.#doubts.get(block);
    return doubts?.some((generation) => this.#is(bytes, at, block, generation)) ?? false;
  }

  // hot
  #is(bytes: Uint8Array, at: number, block: number, generation: number): boolean {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset + at, this.blockBytes / WORD);
    let word = this.#word(block, generation);
    const step = generation === NEVER_WRITTEN ? 0 : GOLDEN;
    for (let i = 0; i < words.length; i++) {
      if (words[i] !== word >>> 0) return false;
      word = (word + step) | 0;
    }
    return true;
  }

  /** The first word: seed, place on the disk and generation, mixed. */
  #word(block: number, generation: number): number {
    if (generation === NEVER_WRITTEN) return 0;
    return mixed(mixed(this.seed ^ mixed(this.first + block)) ^ generation);
  }
}
