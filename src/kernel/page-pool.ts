// Blocks of machine memory for socket buffers: taken and given back with a count of who refers to them, as Linux counts
// references to pages. Blocks come from runs of 2 MiB; what was taken once stays with the pool.

import { PAGE_2M, type PhysicalMemory } from '../memory/index.js';

/** Who counts references to the memory behind a fragment. */
export interface Keeper {
  hold(block: number): void;
  release(block: number): void;
}

/** Free blocks for which it is worth trying again. */
const ENOUGH = 16;

export class PagePool implements Keeper {
  readonly #addresses: number[] = [];
  #references = new Int32Array(256);
  #free = new Int32Array(256);
  #freeCount = 0;
  /** Who found none, and is called when there are some again. */
  #starved: (() => void)[] = [];
  readonly #memory: PhysicalMemory;
  readonly #most: number;

  /** @param blockBytes divides 2 MiB, so that no block lies in two runs */
  constructor(
    memory: PhysicalMemory,
    readonly blockBytes: number,
    mostBytes: number,
    readonly use = 'socket buffers',
    readonly node = 0,
  ) {
    this.#memory = memory;
    this.#most = Math.floor(mostBytes / PAGE_2M);
  }

  /** Blocks that somebody refers to. */
  get inUse(): number {
    return this.#addresses.length - this.#freeCount;
  }

  /** A block, referred to once, or -1 when the bound is reached. */
  // hot
  take(): number {
    if (this.#freeCount === 0 && !this.#grow()) return -1;
    const block = this.#free[--this.#freeCount]!;
    this.#references[block] = 1;
    return block;
  }

  // hot
  hold(block: number): void {
    this.#references[block]!++;
  }

  // hot
  release(block: number): void {
    const left = this.#references[block]! - 1;
    if (left < 0) throw new RangeError(`block ${block} is free already`);
    this.#references[block] = left;
    if (left > 0) return;
    this.#free[this.#freeCount++] = block;
    if (this.#starved.length > 0 && this.#freeCount >= ENOUGH) this.#feed();
  }

  /** Calls once, when it is worth trying again. */
  whenFree(call: () => void): void {
    this.#starved.push(call);
  }

  #feed(): void {
    const starved = this.#starved;
    this.#starved = [];
    for (const call of starved) call();
  }

  // hot
  address(block: number): number {
    return this.#addresses[block]!;
  }

  #grow(): boolean {
    const perRun = Math.floor(PAGE_2M / this.blockBytes);
    const first = this.#addresses.length;
    if (first / perRun >= this.#most || this.#memory.freeBytes(this.node) < PAGE_2M) return false;
    const run = this.#memory.allocate(PAGE_2M, 1, this.node, this.use);
    for (let i = 0; i < perRun; i++) this.#addresses.push(run + i * this.blockBytes);
    if (this.#addresses.length > this.#references.length) {
      const references = new Int32Array(this.#addresses.length * 2);
      references.set(this.#references);
      this.#references = references;
      this.#free = new Int32Array(this.#addresses.length * 2);
    }
    for (let block = this.#addresses.length - 1; block >= first; block--)
      this.#free[this.#freeCount++] = block;
    return true;
  }
}

const SMALLEST_BLOCK = 2048;
const ETHERNET_BYTES = 18;

/** A block for a whole frame: a power of two, so that blocks divide their run. */
export function frameBlockBytes(mtu: number): number {
  let size = SMALLEST_BLOCK;
  while (size < mtu + ETHERNET_BYTES) size *= 2;
  return size;
}
