// Pages that are sent from where they lie. Of users (MSG_ZEROCOPY): pinned until the card has read them and the peer has
// acknowledged them, and then the socket says so. Of files (sendfile): the page cache's own.

import { PAGE_4K, type PhysicalMemory } from '../memory/index.js';
import type { Keeper } from './page-pool.js';

/** Calls whose pages are not all back. */
const MOST_CALLS = 65_536;

/** Calls with MSG_ZEROCOPY of one socket, numbered from 0 as Linux does. */
export class ZeroCopies implements Keeper {
  /** Calls that ended and were not told yet: numbers in the order in which they ended. */
  readonly finished: number[] = [];
  /** Told when one has ended. */
  onFinished: () => void = () => {};
  #next = 0;
  readonly #references = new Map<number, number>();
  readonly #pages = new Map<number, number[]>();
  readonly #memory: PhysicalMemory;

  constructor(memory: PhysicalMemory) {
    this.#memory = memory;
  }

  /** A call begins; its number, or -1 when too many are under way (ENOBUFS). */
  begin(): number {
    if (this.#references.size >= MOST_CALLS) return -1;
    const id = this.#next++;
    this.#references.set(id, 1);
    this.#pages.set(id, []);
    return id;
  }

  pin(id: number, address: number): void {
    const page = address - (address % PAGE_4K);
    const pages = this.#pages.get(id)!;
    if (pages.at(-1) === page) return;
    this.#memory.pin(page, PAGE_4K);
    pages.push(page);
  }

  hold(id: number): void {
    this.#references.set(id, this.#references.get(id)! + 1);
  }

  release(id: number): void {
    const left = this.#references.get(id)! - 1;
    this.#references.set(id, left);
    if (left > 0) return;
    for (const page of this.#pages.get(id)!) this.#memory.unpin(page, PAGE_4K);
    this.#pages.delete(id);
    this.#references.delete(id);
    this.finished.push(id);
    this.onFinished();
  }
}

/** A file whose bytes are all in the page cache. */
export class CachedFile implements Keeper {
  readonly #pages: number[] = [];
  readonly #memory: PhysicalMemory;

  constructor(memory: PhysicalMemory, content: Uint8Array) {
    this.#memory = memory;
    for (let at = 0; at < content.length; at += PAGE_4K) {
      const page = memory.allocate(PAGE_4K);
      memory.locate(page).set(content.subarray(at, at + PAGE_4K), memory.at);
      this.#pages.push(page);
    }
    this.lengthBytes = content.length;
  }
  readonly lengthBytes: number;

  /** Machine address of a byte, and how many lie together from there. */
  addressOf(offset: number): number {
    return this.#pages[Math.floor(offset / PAGE_4K)]! + (offset % PAGE_4K);
  }

  /** The page cache keeps its pages. */
  hold(): void {}
  release(): void {}

  /** It is dropped from the cache. */
  drop(): void {
    for (const page of this.#pages.splice(0)) this.#memory.free(page, PAGE_4K);
  }
}
