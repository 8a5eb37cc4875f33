// What each page of machine memory is for, as whoever took it says: so that a picture of a move can name where the bytes
// came from and where they went. One byte a page, and only for parts of memory where somebody said something.

import { UsageError } from './usage-error.js';

/** Numbers fit one byte; there are a dozen uses. */
const MAX_USES = 255;
const PAGES_PER_PART = 4096;

export class PageUse {
  readonly #names: string[] = [''];
  readonly #numbers = new Map<string, number>([['', 0]]);
  readonly #parts = new Map<number, Uint8Array>();

  /** `count` pages from page number `first` on are for `use`; '' for what nobody named. */
  set(first: number, count: number, use: string): void {
    const number = this.#number(use);
    if (number === 0 && this.#parts.size === 0) return;
    for (let page = first; page < first + count; ) {
      const index = Math.floor(page / PAGES_PER_PART);
      const begin = page % PAGES_PER_PART;
      const end = Math.min(PAGES_PER_PART, begin + first + count - page);
      this.#part(index, number !== 0)?.fill(number, begin, end);
      page += end - begin;
    }
  }

  of(page: number): string {
    const part = this.#parts.get(Math.floor(page / PAGES_PER_PART));
    return this.#names[part?.[page % PAGES_PER_PART] ?? 0]!;
  }

  #part(index: number, make: boolean): Uint8Array | undefined {
    let part = this.#parts.get(index);
    if (part === undefined && make) {
      part = new Uint8Array(PAGES_PER_PART);
      this.#parts.set(index, part);
    }
    return part;
  }

  #number(use: string): number {
    const known = this.#numbers.get(use);
    if (known !== undefined) return known;
    if (this.#names.length > MAX_USES) throw new UsageError('ENOMEM', `${MAX_USES} uses of memory`);
    const number = this.#names.push(use) - 1;
    this.#numbers.set(use, number);
    return number;
  }
}
