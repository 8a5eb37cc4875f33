// A page table whose entries are bytes in memory: four levels of 512 entries, walked as a processor walks them. A kernel has
// one for each process, in its own memory; a hypervisor has one for each guest, in the machine's.

import { PAGE_1G, PAGE_2M, PAGE_4K, type PageBytes } from './machine-memory.js';
import type { PhysicalMemory } from './physical-memory.js';
import { EptEntry, PageEntry } from './table-entry.js';

const ENTRY_BYTES = 8;
const ENTRIES = 512;
/** Bytes that an entry of each level stands for, the root's first. */
const SPANS = [2 ** 39, PAGE_1G, PAGE_2M, PAGE_4K] as const;
const LAST = SPANS.length - 1;
/** Frames below 4 GiB have their number in the entry's first word. */
const LOW_FRAMES = 2 ** 20;
const WRITE_BACK = 6;

/** What the entries of a table are like; both have their address at the same place. */
export interface TableFormat {
  readonly name: string;
  isPresent(b: Uint8Array, at: number): boolean;
  isPage(b: Uint8Array, at: number): boolean;
  isWritable(b: Uint8Array, at: number): boolean;
  /** Writes the flags of an entry; `page` unless it refers to a table. */
  set(b: Uint8Array, at: number, page: boolean, large: boolean, writable: boolean): void;
}

const page = PageEntry;
const ept = EptEntry;

/** Of a kernel for its processes. */
export const pageFormat: TableFormat = {
  name: 'page table',
  isPresent: (b, at) => page.get.present(b, at) !== 0,
  isPage: (b, at) => page.get.pageSize(b, at) !== 0,
  isWritable: (b, at) => page.get.writable(b, at) !== 0,
  set: (b, at, _isPage, large, writable) => {
    page.set.present(b, at, 1);
    page.set.user(b, at, 1);
    page.set.writable(b, at, writable ? 1 : 0);
    page.set.pageSize(b, at, large ? 1 : 0);
  },
};

/** Of a hypervisor for its guests. */
export const eptFormat: TableFormat = {
  name: 'second-stage table',
  isPresent: (b, at) => ept.get.read(b, at) !== 0,
  isPage: (b, at) => ept.get.pageSize(b, at) !== 0,
  isWritable: (b, at) => ept.get.write(b, at) !== 0,
  set: (b, at, isPage, large, writable) => {
    ept.set.read(b, at, 1);
    ept.set.execute(b, at, 1);
    ept.set.write(b, at, writable ? 1 : 0);
    ept.set.memoryType(b, at, isPage ? WRITE_BACK : 0);
    ept.set.pageSize(b, at, large ? 1 : 0);
  },
};

export class TableBytes {
  /** Set by `walk`: the size of the page, whether it may be written, and how many entries were read for it. */
  pageBytes: PageBytes = PAGE_4K;
  writable = false;
  references = 0;
  /** Address of the root: what CR3 or the EPT pointer holds. */
  readonly root: number;
  /** Entries in use of each table, by its address. */
  readonly #used = new Map<number, number>();

  constructor(
    readonly memory: PhysicalMemory,
    readonly format: TableFormat,
    readonly node = 0,
  ) {
    this.root = this.#newTable();
  }

  #newTable(): number {
    const table = this.memory.allocate(PAGE_4K, 1, this.node, this.format.name);
    this.#used.set(table, 0);
    return table;
  }

  /** Pages that its tables take. */
  get tables(): number {
    return this.#used.size;
  }

  /** Enters a page; false when something is mapped there already. `at` is aligned to the page. */
  enter(at: number, address: number, pageBytes: PageBytes, writable: boolean): boolean {
    const last = (SPANS as readonly number[]).indexOf(pageBytes);
    let table = this.root;
    for (let level = 0; level < last; level++) {
      const entry = entryAt(table, at, level);
      const bytes = this.memory.locate(entry);
      const place = this.memory.at;
      if (!this.format.isPresent(bytes, place)) {
        const next = this.#newTable();
        this.#write(entry, next, false, false, true);
        this.#count(table, 1);
        table = next;
        continue;
      }
      if (this.format.isPage(bytes, place)) return false;
      table = frameOf(bytes, place);
    }
    const entry = entryAt(table, at, last);
    const bytes = this.memory.locate(entry);
    if (this.format.isPresent(bytes, this.memory.at)) return false;
    this.#write(entry, address, true, last < LAST, writable);
    this.#count(table, 1);
    return true;
  }

  /** Removes the page at `at`, and tables that it leaves empty. */
  remove(at: number): void {
    const path = [this.root];
    for (let level = 0; level <= LAST; level++) {
      const bytes = this.memory.locate(entryAt(path[level]!, at, level));
      const place = this.memory.at;
      if (!this.format.isPresent(bytes, place)) return;
      if (level === LAST || this.format.isPage(bytes, place)) break;
      path.push(frameOf(bytes, place));
    }
    for (let level = path.length - 1; level >= 0; level--) {
      const table = path[level]!;
      const entry = entryAt(table, at, level);
      const bytes = this.memory.locate(entry);
      bytes.fill(0, this.memory.at, this.memory.at + ENTRY_BYTES);
      if (this.#count(table, -1) > 0 || level === 0) return;
      this.#used.delete(table);
      this.memory.free(table, PAGE_4K);
    }
  }

  // hot
  /** Address of the byte at `at`, or -1. */
  walk(at: number): number {
    const { memory, format } = this;
    let table = this.root;
    for (let level = 0; level <= LAST; level++) {
      const bytes = memory.locate(entryAt(table, at, level));
      const place = memory.at;
      this.references = level + 1;
      if (!format.isPresent(bytes, place)) return -1;
      const frame = frameOf(bytes, place);
      if (level < LAST && !format.isPage(bytes, place)) {
        table = frame;
        continue;
      }
      const span = SPANS[level]!;
      this.pageBytes = span as PageBytes;
      this.writable = format.isWritable(bytes, place);
      return frame + (at % span);
    }
    return -1;
  }

  #write(entry: number, address: number, isPage: boolean, large: boolean, writable: boolean): void {
    const bytes = this.memory.locate(entry);
    const { at } = this.memory;
    this.format.set(bytes, at, isPage, large, writable);
    const frame = address / PAGE_4K;
    page.set.frameLow(bytes, at, frame % LOW_FRAMES);
    page.set.frameHigh(bytes, at, Math.floor(frame / LOW_FRAMES));
  }

  #count(table: number, change: number): number {
    const left = this.#used.get(table)! + change;
    this.#used.set(table, left);
    return left;
  }
}

// hot
const entryAt = (table: number, at: number, level: number): number =>
  table + (Math.floor(at / SPANS[level]!) % ENTRIES) * ENTRY_BYTES;

// hot
const frameOf = (b: Uint8Array, at: number): number =>
  (page.get.frameHigh(b, at) * LOW_FRAMES + page.get.frameLow(b, at)) * PAGE_4K;
