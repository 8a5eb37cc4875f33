// The page table of a guest's process: entries in the guest's own memory, which a processor finds through the second stage, so
// that a walk has two dimensions. What was found last is in the TLB of the virtual CPU; what is not, costs a walk.

import {
  PAGE_2M,
  PAGE_4K,
  type PageBytes,
  pageFormat,
  TableBytes,
  type Translator,
} from '../memory/index.js';
import type { GuestMemory } from './guest-memory.js';

export interface TlbProfile {
  /** Translations of its second level, and how many of them compete for a place. */
  readonly entries: number;
  readonly ways: number;
}

const EMPTY = -1;
/** Tags of pages of 2 MiB begin behind those of 4 KiB pages of a space of 48 bits. */
const LARGE = 2 ** 36;

export class GuestTable implements Translator {
  pageBytes: PageBytes = PAGE_4K;
  writable = false;
  readonly table: TableBytes;
  hits = 0;
  misses = 0;
  /** Entries that walks have read: of the guest's table, and of the second stage for each of these and for the page. */
  references = 0;
  /** Is told of each walk, and how many more entries it read than one without a second stage: where the time goes. */
  walked: ((references: number) => void) | null = null;
  readonly #memory: GuestMemory;
  readonly #sets: number;
  readonly #ways: number;
  readonly #tags: Float64Array;
  readonly #frames: Float64Array;
  readonly #sizes: Float64Array;
  readonly #rights: Uint8Array;
  readonly #stamps: Float64Array;
  #clock = 0;
  #hasLarge = false;

  constructor(memory: GuestMemory, { entries, ways }: TlbProfile) {
    this.#memory = memory;
    this.table = new TableBytes(memory, pageFormat);
    this.#ways = ways;
    this.#sets = Math.max(1, Math.floor(entries / ways));
    const size = this.#sets * ways;
    this.#tags = new Float64Array(size).fill(EMPTY);
    this.#frames = new Float64Array(size);
    this.#sizes = new Float64Array(size);
    this.#rights = new Uint8Array(size);
    this.#stamps = new Float64Array(size);
  }

  enter(at: number, address: number, pageBytes: PageBytes, writable: boolean): boolean {
    return this.table.enter(at, address, pageBytes, writable);
  }

  /** INVLPG with it. */
  remove(at: number): void {
    this.table.remove(at);
    this.#tags.fill(EMPTY);
  }

  // hot
  walk(at: number): number {
    const small = this.#find(at, PAGE_4K);
    if (small >= 0) return small;
    const large = this.#hasLarge ? this.#find(at, PAGE_2M) : EMPTY;
    if (large >= 0) return large;
    const found = this.#walk(at);
    if (found >= 0) this.#keep(at, found);
    return found;
  }

  // hot
  #find(at: number, span: number): number {
    const page = Math.floor(at / span);
    const tag = span === PAGE_4K ? page : LARGE + page;
    const first = (page % this.#sets) * this.#ways;
    for (let i = first; i < first + this.#ways; i++) {
      if (this.#tags[i] !== tag) continue;
      this.#stamps[i] = ++this.#clock;
      this.hits++;
      this.pageBytes = this.#sizes[i]! as PageBytes;
      this.writable = this.#rights[i] === 1;
      return this.#frames[i]! + (at % span);
    }
    return EMPTY;
  }

  /** A translation serves the smaller of the pages behind it, the guest's and the machine's. */
  #keep(at: number, found: number): void {
    const span = Math.min(this.pageBytes, this.#memory.pageBytes) >= PAGE_2M ? PAGE_2M : PAGE_4K;
    if (span === PAGE_2M) this.#hasLarge = true;
    const page = Math.floor(at / span);
    const first = (page % this.#sets) * this.#ways;
    let victim = first;
    for (let i = first; i < first + this.#ways; i++)
      if (this.#stamps[i]! < this.#stamps[victim]!) victim = i;
    this.#tags[victim] = span === PAGE_4K ? page : LARGE + page;
    this.#stamps[victim] = ++this.#clock;
    this.#frames[victim] = found - (at % span);
    this.#sizes[victim] = this.pageBytes;
    this.#rights[victim] = this.writable ? 1 : 0;
  }

  #walk(at: number): number {
    const { table } = this;
    const found = table.walk(at);
    const own = table.references;
    // Each entry of the guest's lies at a guest-physical address, which the second stage translates; so does the page.
    const second = levelsOf(this.#memory.pageBytes);
    const references = own * (second + 1) + (found < 0 ? 0 : second);
    this.misses++;
    this.references += references;
    this.walked?.(references - own);
    if (found < 0) return found;
    this.pageBytes = table.pageBytes;
    this.writable = table.writable;
    return found;
  }
}

const levelsOf = (pageBytes: PageBytes): number =>
  pageBytes === PAGE_4K ? 4 : pageBytes === PAGE_2M ? 3 : 2;
