// All volumes as pages on disk: leaves that changed, directories of volumes that changed, and the catalogue, which a
// superblock makes valid at once; and the way back. Pages of the checkpoint before stay until then.

import type { Disk } from './disk.js';
import {
  CATALOGUE_ROWS,
  CatalogueRow,
  DIRECTORY_ROWS,
  DirectoryRow,
  decodeSuperblock,
  isPage,
  KIND_CATALOGUE,
  KIND_DIRECTORY,
  KIND_LEAF,
  LEAF_ROWS,
  LeafRow,
  NAME_BYTES,
  PageHead,
  SLOT,
  type SuperblockFields,
  sealPage,
} from './format.js';
import type { SlotMap } from './slot-map.js';
import { Leaf, VolumeMap } from './volume-map.js';

interface Place {
  readonly disk: Disk;
  readonly slots: SlotMap;
  readonly store: number;
  readonly epoch: number;
}

/** A checkpoint on its way: `adopt` when it is written, `abandon` when it could not be. */
export class CheckpointWriter {
  catalogue: number[] = [];
  readonly #taken: number[] = [];
  readonly #leaves = new Map<Leaf, number>();
  readonly #directories: { readonly map: VolumeMap; readonly pages: number[] }[] = [];
  readonly #page = new Uint8Array(SLOT);

  constructor(
    readonly place: Place,
    readonly tight: boolean,
  ) {}

  /** @throws Error of the disk */
  write(maps: readonly VolumeMap[]): void {
    for (const map of maps) if (map.dirty) this.#volume(map);
    const encoder = new TextEncoder();
    const pages = chunks(maps, CATALOGUE_ROWS);
    this.catalogue = this.#chain(KIND_CATALOGUE, pages, CatalogueRow.size, (map, at) => {
      const { id, size, bornAt, parent } = map;
      const name = encoder.encode(map.name);
      const padded = new Uint8Array(NAME_BYTES);
      padded.set(name);
      const directory = this.#directories.find((d) => d.map === map)?.pages ?? map.directory;
      const fields = {
        ...{ volume: id, parent: parent?.id ?? 0, bornAt, size, directory: directory[0] ?? 0 },
        ...{ removed: map.removed ? 1 : 0, readOnly: map.readOnly ? 1 : 0 },
        ...{ nameLength: name.length, name: padded },
      };
      CatalogueRow.encode(fields, this.#page, at);
    });
  }

  #volume(map: VolumeMap): void {
    const rows: { index: number; slot: number }[] = [];
    for (const [index, leaf] of map.leaves) {
      const known = leaf.page || this.#leaves.get(leaf);
      rows.push({ index, slot: known || this.#leaf(index, leaf) });
    }
    rows.sort((a, b) => a.index - b.index);
    const pages = this.#chain(
      KIND_DIRECTORY,
      chunks(rows, DIRECTORY_ROWS).filter((page) => page.length > 0),
      DirectoryRow.size,
      (row, at) => DirectoryRow.encode(row, this.#page, at),
    );
    this.#directories.push({ map, pages });
  }

  #leaf(index: number, leaf: Leaf): number {
    const [slot] = this.#take(1);
    this.#page.fill(0);
    const { set } = LeafRow;
    for (let row = 0; row < LEAF_ROWS; row++) {
      const at = PageHead.size + row * LeafRow.size;
      set.slot(this.#page, at, leaf.slots[row]!);
      set.crc(this.#page, at, leaf.crcs[row]!);
      set.generation(this.#page, at, leaf.generations[row]!);
    }
    this.#put(KIND_LEAF, slot!, index, LEAF_ROWS, 0);
    this.#leaves.set(leaf, slot!);
    return slot!;
  }

  /** Pages that lead from one to the next; their slots are known before any is written. */
  #chain<T>(
    kind: number,
    pages: readonly (readonly T[])[],
    rowSize: number,
    encode: (row: T, at: number) => void,
  ): number[] {
    const slots = this.#take(pages.length);
    for (const [i, rows] of pages.entries()) {
      this.#page.fill(0);
      for (const [row, value] of rows.entries()) encode(value, PageHead.size + row * rowSize);
      this.#put(kind, slots[i]!, i, rows.length, slots[i + 1] ?? 0);
    }
    return slots;
  }

  #take(count: number): number[] {
    const found = Array.from({ length: count }, () => this.place.slots.take(1, this.tight));
    this.#taken.push(...found);
    return found;
  }

  #put(kind: number, slot: number, sequence: number, count: number, next: number): void {
    const { disk, store, epoch } = this.place;
    sealPage(this.#page, { kind, store, epoch, slot, sequence, count, next });
    disk.write(slot * SLOT, this.#page, 0, SLOT);
  }

  /** The maps know their new pages; the old ones are given up. */
  adopt(): void {
    for (const [leaf, page] of this.#leaves) leaf.page = page;
    for (const { map, pages } of this.#directories) {
      for (const slot of map.directory) this.place.slots.releasePage(slot);
      map.directory = pages;
      map.dirty = false;
    }
  }

  abandon(): void {
    for (const slot of this.#taken) this.place.slots.giveBack(slot);
  }
}

function chunks<T>(rows: readonly T[], size: number): T[][] {
  const made: T[][] = [];
  for (let at = 0; at < rows.length || at === 0; at += size) made.push(rows.slice(at, at + size));
  return made;
}

/** The store is not what it was: says which page. */
export class DamagedStore extends Error {
  override readonly name = 'DamagedStore';
}

/** @throws DamagedStore where there is no superblock that is whole */
export function readSuperblock(disk: Disk): SuperblockFields {
  const page = new Uint8Array(SLOT);
  const found = [0, 1].flatMap((slot) => {
    disk.read(slot * SLOT, page, 0, SLOT);
    return decodeSuperblock(page) ?? [];
  });
  // The first is written, synced, and only then the second: the newest that is whole counts.
  const newest = found.sort((a, b) => b.epoch - a.epoch)[0];
  if (!newest) throw new DamagedStore('this is no store of ours, or both superblocks are damaged');
  return newest;
}

/** The checkpoint that a superblock names. @throws DamagedStore */
export function readCheckpoint(disk: Disk, slots: SlotMap, superblock: SuperblockFields) {
  const { store, epoch } = superblock;
  const page = new Uint8Array(SLOT);
  const load = (kind: number, slot: number, sequence: number) => {
    disk.read(slot * SLOT, page, 0, SLOT);
    if (!isPage(page, { kind, store, epoch, slot, sequence }))
      throw new DamagedStore(`page ${slot} of the checkpoint is not what was written there`);
  };
  function* chain(kind: number, first: number, rowSize: number): Generator<[number, number[]]> {
    let sequence = 0;
    for (let slot = first; slot !== 0; sequence++) {
      load(kind, slot, sequence);
      const count = PageHead.get.count(page, 0);
      const next = PageHead.get.next(page, 0);
      yield [slot, Array.from({ length: count }, (_, i) => PageHead.size + i * rowSize)];
      slot = next;
    }
  }
  const catalogue: number[] = [];
  const maps = new Map<number, VolumeMap>();
  const directories = new Map<VolumeMap, number>();
  const decoder = new TextDecoder();
  for (const [slot, rows] of chain(KIND_CATALOGUE, superblock.catalogue, CatalogueRow.size)) {
    catalogue.push(slot);
    for (const at of rows) {
      const row = CatalogueRow.decode(page, at);
      const name = decoder.decode(row.name.subarray(0, row.nameLength));
      const { volume, size, bornAt, readOnly, removed } = row;
      const parent = maps.get(row.parent);
      const flags = [readOnly === 1, removed === 1] as const;
      const map = new VolumeMap(slots, volume, name, size, parent, bornAt, ...flags);
      map.dirty = false;
      maps.set(map.id, map);
      directories.set(map, row.directory);
    }
  }
  const leaves = new Map<number, Leaf>();
  for (const [map, first] of directories) {
    const rows: { index: number; slot: number }[] = [];
    for (const [slot, places] of chain(KIND_DIRECTORY, first, DirectoryRow.size)) {
      map.directory.push(slot);
      slots.claim(slot);
      for (const at of places) rows.push(DirectoryRow.decode(page, at));
    }
    for (const { index, slot } of rows) {
      let leaf = leaves.get(slot);
      if (leaf) leaf.users++;
      else {
        load(KIND_LEAF, slot, index);
        leaf = readLeaf(page, slot, slots);
        leaves.set(slot, leaf);
      }
      map.leaves.set(index, leaf);
      map.mapped += leaf.mapped;
    }
  }
  for (const slot of catalogue) slots.claim(slot);
  return { maps, catalogue };
}

function readLeaf(page: Uint8Array, slot: number, slots: SlotMap): Leaf {
  const leaf = new Leaf();
  leaf.page = slot;
  slots.claim(slot);
  const { get } = LeafRow;
  for (let row = 0; row < LEAF_ROWS; row++) {
    const at = PageHead.size + row * LeafRow.size;
    const found = get.slot(page, at);
    if (found === 0) continue;
    leaf.slots[row] = found;
    leaf.crcs[row] = get.crc(page, at);
    leaf.generations[row] = get.generation(page, at);
    leaf.mapped++;
    slots.claim(found);
  }
  return leaf;
}
