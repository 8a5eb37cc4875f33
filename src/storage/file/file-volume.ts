// One volume of a store, as the rest of the program sees it: bytes to blocks, and every block's CRC.

import {
  EIO,
  ENOSPC,
  EPERM,
  type Extents,
  type Io,
  type IoError,
  OK,
  type Volume,
} from '../volume.js';
import type { BlockStore } from './block-store.js';
import { isFull } from './disk.js';
import { blockCrc, JOURNAL_ROWS, LEAF_ROWS, SLOT } from './format.js';
import type { VolumeMap } from './volume-map.js';

/** Blocks that are mapped in one go: as many as a page of the journal has room for. */
const MOST_BLOCKS = JOURNAL_ROWS;

export class FileVolume implements Volume {
  readonly preferredBlock = SLOT;
  readonly readsAtOnce = true;
  /** A block that is changed in part. */
  readonly #block = new Uint8Array(SLOT);

  constructor(
    readonly store: BlockStore,
    readonly map: VolumeMap,
  ) {}

  get name(): string {
    return this.map.name;
  }

  get size(): number {
    return this.map.size;
  }

  get readOnly(): boolean {
    return this.map.readOnly;
  }

  get allocated(): number {
    return this.map.mapped * SLOT;
  }

  read(io: Io): void {
    if (this.store.fenced) return io.done(EIO);
    io.done(attempt(() => this.#read(io)));
  }

  #read({ offset, length, bytes, at }: Io): IoError {
    const end = offset + length;
    let error: IoError = OK;
    for (let from = offset; from < end; ) {
      const block = Math.floor(from / SLOT);
      const skip = from - block * SLOT;
      const to = at + from - offset;
      if (skip > 0 || end - from < SLOT) {
        const size = Math.min(SLOT - skip, end - from);
        error ||= this.#readBlocks(block, 1, this.#block, 0);
        bytes.set(this.#block.subarray(skip, skip + size), to);
        from += size;
        continue;
      }
      const run = this.#run(block, Math.floor((end - from) / SLOT));
      error ||= this.#readBlocks(block, run, bytes, to);
      from += run * SLOT;
    }
    return error;
  }

  /** How many of the next `most` blocks lie in a row on disk, or are all holes. */
  #run(block: number, most: number): number {
    const first = this.#slotOf(block);
    let count = 1;
    while (count < most && this.#slotOf(block + count) === (first === 0 ? 0 : first + count))
      count++;
    return count;
  }

  // hot
  #slotOf(block: number): number {
    return this.map.leafOf(block)?.slots[block % LEAF_ROWS] ?? 0;
  }

  /** Whole blocks that lie in a row, each held to its CRC. @throws Error of the disk */
  #readBlocks(block: number, count: number, bytes: Uint8Array, at: number): IoError {
    const slot = this.#slotOf(block);
    const end = at + count * SLOT;
    if (slot === 0) {
      bytes.fill(0, at, end);
      return OK;
    }
    this.store.disk.read(slot * SLOT, bytes, at, end);
    for (let i = 0; i < count; i++) {
      const leaf = this.map.leafOf(block + i)!;
      const row = (block + i) % LEAF_ROWS;
      const generation = leaf.generations[row]!;
      const writer = this.map.writerOf(generation);
      const crc = blockCrc(writer, block + i, generation, bytes, at + i * SLOT);
      if (crc === leaf.crcs[row]) continue;
      this.store.counts.damaged++;
      return EIO;
    }
    return OK;
  }

  write(io: Io): void {
    this.#change(io, () => this.#write(io));
  }

  #change(io: Io, change: () => IoError): void {
    if (this.readOnly) return io.done(EPERM);
    const error = this.store.fenced ? EIO : attempt(change);
    if (error === OK && io.fua) this.store.flush((outcome) => io.done(outcome));
    else io.done(error);
  }

  #write({ offset, length, bytes, at }: Io): IoError {
    const end = offset + length;
    for (let from = offset; from < end; ) {
      const block = Math.floor(from / SLOT);
      const skip = from - block * SLOT;
      const source = at + from - offset;
      if (skip > 0 || end - from < SLOT) {
        const size = Math.min(SLOT - skip, end - from);
        const error = this.#readBlocks(block, 1, this.#block, 0);
        if (error !== OK) return error;
        this.#block.set(bytes.subarray(source, source + size), skip);
        this.#store(block, 1, this.#block, 0);
        from += size;
      } else {
        const count = Math.min(MOST_BLOCKS, Math.floor((end - from) / SLOT));
        from += this.#store(block, count, bytes, source) * SLOT;
      }
    }
    return OK;
  }

  /** Writes up to `count` whole blocks to new slots in a row; says how many. @throws Error of the disk */
  #store(block: number, count: number, bytes: Uint8Array, at: number): number {
    const { store } = this;
    store.prepare(count);
    const slot = this.#put(count, bytes, at);
    const { taken } = store.slots;
    for (let i = 0; i < taken; i++) {
      const generation = ++store.generation;
      const crc = blockCrc(this.map.id, block + i, generation, bytes, at + i * SLOT);
      store.map(this.map, block + i, slot + i, crc, generation);
    }
    return taken;
  }

  /** A disk that cannot grow may have free slots yet. */
  #put(count: number, bytes: Uint8Array, at: number): number {
    const { disk, slots } = this.store;
    for (const tight of [false, true]) {
      const slot = slots.take(count, tight);
      const { taken } = slots;
      try {
        disk.write(slot * SLOT, bytes, at, at + taken * SLOT);
        return slot;
      } catch (error) {
        for (let i = 0; i < taken; i++) slots.giveBack(slot + i);
        if (tight || !isFull(error)) throw error;
      }
    }
    throw new Error('not reached');
  }

  flush(io: Io): void {
    this.store.flush((error) => io.done(error));
  }

  zero(io: Io): void {
    if (!io.noHole) return this.clear(io);
    const bytes = new Uint8Array(io.length);
    this.#change(io, () =>
      this.#write({ ...io, bytes, at: 0, length: io.length, offset: io.offset }),
    );
  }

  /** Unmaps whole blocks, and writes zeroes to what is left at both ends. */
  clear(io: Io): void {
    this.#change(io, () => {
      const { offset, length } = io;
      const end = offset + length;
      const first = Math.ceil(offset / SLOT);
      // The last block may end with the volume instead of with a slot.
      const last = end === this.size ? Math.ceil(end / SLOT) : Math.floor(end / SLOT);
      if (last <= first) return this.#wipe(offset, end);
      const head = this.#wipe(offset, Math.min(end, first * SLOT));
      if (head !== OK) return head;
      this.#unmap(first, last - first);
      return this.#wipe(Math.max(offset, Math.min(end, last * SLOT)), end);
    });
  }

  #unmap(first: number, count: number): void {
    if (!this.map.hasAny(first, count)) return;
    this.store.prepare(1);
    this.store.unmap(this.map, first, count);
  }

  /** Zeroes in at most two blocks; holes are zero already. */
  #wipe(offset: number, end: number): IoError {
    for (let from = offset; from < end; ) {
      const to = Math.min(end, (Math.floor(from / SLOT) + 1) * SLOT);
      if (this.#slotOf(Math.floor(from / SLOT)) !== 0) {
        const bytes = new Uint8Array(to - from);
        const error = this.#write({ offset: from, length: to - from, bytes, at: 0 } as Io);
        if (error !== OK) return error;
      }
      from = to;
    }
    return OK;
  }

  /** Whole blocks only: the rest may keep what is in it. */
  trim(io: Io): void {
    this.#change(io, () => {
      const end = io.offset + io.length;
      const first = Math.ceil(io.offset / SLOT);
      const last = end === this.size ? Math.ceil(end / SLOT) : Math.floor(end / SLOT);
      if (last > first) this.#unmap(first, last - first);
      return OK;
    });
  }

  status(io: Io, extents: Extents): void {
    const { offset, length } = io;
    const end = offset + length;
    for (let from = offset; from < end; ) {
      const block = Math.floor(from / SLOT);
      const leaf = this.map.leafOf(block);
      // Where there is no leaf, all of it is a hole.
      const blocks = leaf ? 1 : LEAF_ROWS - (block % LEAF_ROWS);
      const to = Math.min(end, (block + blocks) * SLOT);
      if (!extents.add(to - from, !leaf || leaf.slots[block % LEAF_ROWS] === 0)) break;
      from = to;
    }
    io.done(OK);
  }
}

/** What the disk throws, as an error by number. */
function attempt(change: () => IoError): IoError {
  try {
    return change();
  } catch (error) {
    return isFull(error) ? ENOSPC : EIO;
  }
}
