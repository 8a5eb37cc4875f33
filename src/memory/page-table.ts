// A page table as x86-64 has it: four levels of 512 entries, each entry the machine address of a page or of the
// next table with flags in its low bits. Tables are arrays of numbers here, which hold what a table in memory would hold;
// guests have theirs in memory (table-bytes.ts). Entries are exact: addresses stay below 2^53.

import { PAGE_1G, PAGE_2M, PAGE_4K, type PageBytes } from './machine-memory.js';

const ENTRIES = 512;
/** Intel SDM volume 3A, 4.5: bits of an entry. */
const PRESENT = 1;
const WRITABLE = 2;
const PAGE_SIZE = 128;
/** Bytes that an entry of each level stands for, the root's first. */
const SPANS = [2 ** 39, PAGE_1G, PAGE_2M, PAGE_4K] as const;
/** The level whose entries are pages of this size. */
const levelOf = (pageBytes: PageBytes): number => (SPANS as readonly number[]).indexOf(pageBytes);

/** What address spaces are made on: this table, or one in memory. */
export interface Translator {
  readonly pageBytes: PageBytes;
  readonly writable: boolean;
  enter(at: number, address: number, pageBytes: PageBytes, writable: boolean): boolean;
  remove(at: number): void;
  walk(at: number): number;
  /** The same of the address that stands in a field. */
  walkPlace?(place: UserPlace): number;
}

/** Where in a process bytes lie, folded: a field, for an address that is passed on would be an object. */
export interface UserPlace {
  readonly at: number;
}

interface Table {
  readonly entries: Float64Array;
  readonly tables: (Table | undefined)[];
  used: number;
}

const emptyTable = (): Table => ({ entries: new Float64Array(ENTRIES), tables: [], used: 0 });

export class PageTable implements Translator {
  /** Set by `walk`: the size of the page and whether it may be written. */
  pageBytes: PageBytes = PAGE_4K;
  writable = false;
  readonly #root = emptyTable();
  /** The page that was found last: whoever walks through a buffer meets it again. */
  #from = 0.5;
  #to = 0.5;
  #address = 0.5;

  /** Enters a page; false when something is mapped there already. `at` is aligned to the page. */
  enter(at: number, address: number, pageBytes: PageBytes, writable: boolean): boolean {
    const last = levelOf(pageBytes);
    let table = this.#root;
    for (let level = 0; level < last; level++) {
      const index = indexAt(at, level);
      let next = table.tables[index];
      if (next === undefined) {
        if (table.entries[index] !== 0) return false; // a larger page is there
        next = emptyTable();
        table.tables[index] = next;
        table.used++;
      }
      table = next;
    }
    const index = indexAt(at, last);
    if (table.entries[index] !== 0 || table.tables[index] !== undefined) return false;
    const size = pageBytes === PAGE_4K ? 0 : PAGE_SIZE;
    table.entries[index] = address + PRESENT + (writable ? WRITABLE : 0) + size;
    table.used++;
    return true;
  }

  /** Removes the page at `at`, and tables that it leaves empty. */
  remove(at: number): void {
    this.#to = this.#from;
    const path: Table[] = [];
    let table = this.#root;
    for (let level = 0; level < SPANS.length; level++) {
      const index = indexAt(at, level);
      path.push(table);
      const next = table.tables[index];
      if (next !== undefined) {
        table = next;
        continue;
      }
      if (table.entries[index] === 0) return;
      table.entries[index] = 0;
      break;
    }
    for (let level = path.length - 1; level >= 0; level--) {
      const left = path[level]!;
      left.used--;
      if (left.used > 0 || level === 0) return;
      path[level - 1]!.tables[indexAt(at, level - 1)] = undefined;
    }
  }

  // hot
  /** Machine address of the byte at `at`, or -1; sets `pageBytes` and `writable`. */
  walk(at: number): number {
    if (at >= this.#from && at < this.#to) return this.#address + (at - this.#from);
    return this.#look(at);
  }

  // hot
  walkPlace(place: UserPlace): number {
    const { at } = place;
    if (at >= this.#from && at < this.#to) return this.#address + (at - this.#from);
    return this.#look(at);
  }

  // hot
  #look(at: number): number {
    let table = this.#root;
    for (let level = 0; level < SPANS.length; level++) {
      const span = SPANS[level]!;
      const index = Math.floor(at / span) % ENTRIES;
      const next = table.tables[index];
      if (next !== undefined) {
        table = next;
        continue;
      }
      const entry = table.entries[index]!;
      if (entry === 0) return -1;
      const flags = entry % PAGE_4K;
      this.pageBytes = span as PageBytes;
      this.writable = (flags & WRITABLE) !== 0;
      this.#address = entry - flags;
      this.#from = at - (at % span);
      this.#to = this.#from + span;
      return this.#address + (at % span);
    }
    return -1;
  }
}

const indexAt = (at: number, level: number): number => Math.floor(at / SPANS[level]!) % ENTRIES;
