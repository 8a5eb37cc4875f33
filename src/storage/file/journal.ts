// What changed since the checkpoint: entries in pages, each of which says where the next one goes. A page that was
// synced is never written again.

import type { Disk } from './disk.js';
import {
  ENTRY_MAP,
  ENTRY_UNMAP,
  isPage,
  JOURNAL_ROWS,
  JournalEntry,
  KIND_JOURNAL,
  PageHead,
  SLOT,
  type SuperblockFields,
  sealPage,
} from './format.js';
import type { SlotMap } from './slot-map.js';

export class Journal {
  /** Pages that were written in this epoch. */
  written = 0;
  /** Of those, how many the disk has called durable. */
  durable = 0;
  /** Slots of the pages, that of the page to come included. */
  readonly pages: number[];
  readonly #page = new Uint8Array(SLOT);
  #count = 0;
  #next: number;

  constructor(
    readonly disk: Disk,
    readonly slots: SlotMap,
    readonly store: number,
    readonly epoch: number,
    /** Random: no page of another journal, even one that a crash undid, has it. */
    readonly key: number,
    first: number,
  ) {
    this.#next = first;
    this.pages = [first];
  }

  get room(): number {
    return JOURNAL_ROWS - this.#count;
  }

  /** Entries that are in no page on disk. */
  get pending(): number {
    return this.#count;
  }

  // hot
  map(volume: number, block: number, generation: number, slot: number, crc: number): void {
    const at = this.#entry(ENTRY_MAP, volume, block, generation, slot);
    JournalEntry.set.crc(this.#page, at, crc);
  }

  unmap(volume: number, block: number, generation: number, count: number): void {
    this.#entry(ENTRY_UNMAP, volume, block, generation, count);
  }

  // hot
  #entry(kind: number, volume: number, block: number, generation: number, target: number): number {
    const at = PageHead.size + this.#count++ * JournalEntry.size;
    const { set } = JournalEntry;
    set.kind(this.#page, at, kind);
    set.volume(this.#page, at, volume);
    set.block(this.#page, at, block);
    set.generation(this.#page, at, generation);
    set.target(this.#page, at, target);
    set.crc(this.#page, at, 0);
    return at;
  }

  /** Writes what is pending. @throws Error of the disk; then all is as before */
  write(): void {
    if (this.#count === 0) return;
    const next = this.slots.take(1);
    const { store, epoch, key, durable } = this;
    const place = { store, epoch, key, slot: this.#next, sequence: this.written, next, durable };
    try {
      sealPage(this.#page, { kind: KIND_JOURNAL, count: this.#count, ...place });
      this.disk.write(this.#next * SLOT, this.#page, 0, SLOT);
    } catch (error) {
      this.slots.giveBack(next);
      throw error;
    }
    this.pages.push(next);
    this.#next = next;
    this.written++;
    this.#count = 0;
    this.#page.fill(0);
  }
}

export interface ReadEntry {
  readonly kind: number;
  readonly volume: number;
  readonly block: number;
  readonly generation: number;
  readonly target: number;
  readonly crc: number;
}

export interface ReadJournal {
  /** Slots of the pages, and of the one that was to come. */
  readonly slots: readonly number[];
  /** Entries of each page. */
  readonly pages: readonly (readonly ReadEntry[])[];
  /** So many pages are known to have been durable: their data must be there. */
  readonly durable: number;
}

/** Follows the chain until a page is not there, not whole, or of another journal. */
export function readJournal(disk: Disk, superblock: SuperblockFields): ReadJournal {
  const { store, epoch, journal: first, journalKey: key } = superblock;
  const page = new Uint8Array(SLOT);
  const slots = [first];
  const pages: ReadEntry[][] = [];
  let durable = 0;
  for (let slot = first; slot * SLOT < disk.size; slot = slots.at(-1)!) {
    disk.read(slot * SLOT, page, 0, SLOT);
    const is = { kind: KIND_JOURNAL, store, epoch, key, slot, sequence: pages.length };
    if (!isPage(page, is)) break;
    const { get } = PageHead;
    durable = Math.max(durable, get.durable(page, 0));
    const count = Math.min(JOURNAL_ROWS, get.count(page, 0));
    pages.push(
      Array.from({ length: count }, (_, i) =>
        JournalEntry.decode(page, PageHead.size + i * JournalEntry.size),
      ),
    );
    slots.push(get.next(page, 0));
  }
  return { slots, pages, durable };
}
