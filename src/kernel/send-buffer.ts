// What a socket has to send: bytes that were copied into pages of the kernel's, and pages of users and files that are sent
// from where they lie. TCP knows places alone.

import type { PhysicalMemory } from '../memory/index.js';
import type { SendSource } from '../tcp/index.js';
import { Fragments } from './fragments.js';
import type { Keeper, PagePool } from './page-pool.js';

/** MAX_SKB_FRAGS */
export const MOST_FRAGMENTS = 17;

/** Who wants to know that there is room again. */
export interface SendOwner {
  released(): void;
}

export class SendBuffer implements SendSource {
  /** What TCP may send of it, and all that was written: a call that goes on keeps the beginning of a segment back. */
  end = 0;
  written = 0;
  /** The peer has everything below. */
  acknowledged = 0;
  readonly fragments = new Fragments();
  owner: SendOwner | null = null;
  /** The card's queue that its packets go by; the driver's. */
  ring: object | null = null;
  readonly #pool: PagePool;
  readonly #memory: PhysicalMemory;
  /** The block that is being filled (sk_page_frag), and how far. */
  #block = -1;
  #used = 0;

  constructor(memory: PhysicalMemory, pool: PagePool) {
    this.#memory = memory;
    this.#pool = pool;
  }

  get queued(): number {
    return this.written - this.acknowledged;
  }

  /** Where the next bytes may be written, at most `wanted`: a machine address; `room` says how many. -1: no memory. */
  // hot
  reserve(wanted: number): number {
    const pool = this.#pool;
    if (this.#block < 0 || this.#used === pool.blockBytes) {
      this.#leave();
      this.#block = pool.take();
      this.#used = 0;
      if (this.#block < 0) return -1;
    }
    this.room = Math.min(wanted, pool.blockBytes - this.#used);
    return pool.address(this.#block) + this.#used;
  }
  room = 0;

  /** They are written. */
  // hot
  commit(length: number): void {
    const address = this.#pool.address(this.#block) + this.#used;
    this.fragments.append(this.written, length, address, this.#pool, this.#block);
    this.#used += length;
    this.written += length;
  }

  /** Bytes that stay where they are. */
  // hot
  borrow(length: number, address: number, keeper: Keeper, block: number): void {
    this.fragments.append(this.written, length, address, keeper, block);
    this.written += length;
  }

  /** A packet refers to so many pieces of memory at most. */
  // hot
  span(from: number, most: number): number {
    return this.fragments.span(from, most, MOST_FRAGMENTS);
  }

  copy(from: number, length: number, into: Uint8Array, at: number): void {
    for (let done = 0; done < length; ) {
      const i = this.fragments.find(from + done);
      if (i < 0) throw new RangeError(`byte ${from + done} of the stream is gone`);
      const skip = from + done - this.fragments.start(i);
      const size = Math.min(length - done, this.fragments.end(i) - from - done);
      const bytes = this.#memory.locate(this.fragments.address(i) + skip);
      const first = this.#memory.at;
      into.set(bytes.subarray(first, first + size), at + done);
      done += size;
    }
  }

  // hot
  release(place: number): void {
    if (place <= this.acknowledged) return;
    this.acknowledged = place;
    this.fragments.releaseBelow(place);
    this.owner?.released();
  }

  /** Nothing more will be written. */
  seal(): void {
    this.#leave();
  }

  /** The socket is gone. */
  clear(): void {
    this.fragments.clear();
    this.#leave();
  }

  #leave(): void {
    if (this.#block >= 0) this.#pool.release(this.#block);
    this.#block = -1;
  }
}
