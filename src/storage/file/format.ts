// The store's format on disk, declared once: docs/storage-format.md explains it. A disk is a row of slots of 4 KiB, and
// a slot holds a block of data, or a page with a head that says what it is, where it belongs and to which epoch.

import { crc32c } from '../../../protocols/core/checksum/index.js';
import { flag, reserved, text, uint, word } from '../../../protocols/core/field.js';
import { header } from '../../../protocols/core/header.js';

/** Bytes of a slot, of a block, of a page. */
export const SLOT = 4096;

const section = 'docs/storage-format.md';
const slot = <N extends string>(name: N, doc: string) => uint(32, name, doc, { unit: 'slots' });
const crc = uint(32, 'crc', 'CRC-32C', { format: 'hex' });
const store = uint(
  48,
  'store',
  'random number of this store: nobody can make its pages by accident',
);
const epoch = uint(48, 'epoch', 'counts checkpoints');

export const MAGIC = 'WVSTORE1';

/** In slot 0, and a second time in slot 1. Shorter than a sector, so that it is there or not. */
export const Superblock = header(
  'Superblock',
  [
    text(8, 'magic', 'WVSTORE1'),
    store,
    epoch,
    uint(48, 'generation', 'of the last write that the checkpoint has'),
    slot('slots', 'in use up to here'),
    slot('catalogue', 'first page of the catalogue'),
    slot('journal', 'where the first page of the journal goes'),
    uint(48, 'journalKey', 'random number that every page of the journal has'),
    uint(32, 'nextVolume', 'number that the next volume gets'),
    crc,
  ],
  { section },
);

export const PAGE_MAGIC = 0x57_56_50_47;
export const KIND_CATALOGUE = 1;
export const KIND_DIRECTORY = 2;
export const KIND_LEAF = 3;
export const KIND_JOURNAL = 4;

export const PageHead = header(
  'PageHead',
  [
    uint(32, 'magic', '57565047', { format: 'hex' }),
    uint(16, 'kind', 'what the page is'),
    uint(16, 'count', 'rows behind'),
    store,
    epoch,
    uint(48, 'sequence', "of a journal's page: its place; of a leaf: which part of the volume"),
    slot('slot', 'where the page belongs'),
    slot('next', 'next page of the chain, 0 at its end'),
    uint(
      48,
      'durable',
      "of a journal's page: the last page of which the disk had said that it is durable",
    ),
    uint(
      48,
      'key',
      "of a journal's page: that of the journal, so that pages of none before are taken for its",
    ),
    reserved(80),
    crc,
    reserved(32),
  ],
  { section },
);

/** A block of a volume: where its data is. Slot 0: nowhere, zeroes are read. */
export const LeafRow = header(
  'LeafRow',
  [slot('slot', 'of the data'), crc, uint(48, 'generation', 'of the write'), reserved(16)],
  { section },
);

export const DirectoryRow = header(
  'DirectoryRow',
  [uint(32, 'index', 'which part of the volume'), slot('slot', 'of the leaf')],
  { section },
);

export const NAME_BYTES = 92;

export const CatalogueRow = header(
  'CatalogueRow',
  [
    uint(32, 'volume', 'number'),
    uint(32, 'parent', 'volume that it was cloned from, 0 for none'),
    uint(48, 'bornAt', 'blocks of generations up to this were written by the parent'),
    uint(48, 'size', 'of the volume', { unit: 'bytes' }),
    slot('directory', 'first page of the directory, 0 for none'),
    word(
      reserved(14),
      flag('removed', 'kept because others descend from it'),
      flag('readOnly', 'a snapshot'),
    ),
    uint(16, 'nameLength', 'of the name', { unit: 'bytes' }),
    text(NAME_BYTES, 'name', 'UTF-8, zeroes behind'),
    reserved(32),
  ],
  { section },
);

export const ENTRY_MAP = 1;
export const ENTRY_UNMAP = 2;

export const JournalEntry = header(
  'JournalEntry',
  [
    uint(16, 'kind', '1 maps a block, 2 unmaps some'),
    reserved(16),
    uint(32, 'volume', 'number'),
    uint(48, 'block', 'first block'),
    uint(48, 'generation', 'of the write'),
    uint(32, 'target', 'slot of the data; of an unmap: blocks'),
    crc,
    reserved(32),
  ],
  { section },
);

/** What a block's CRC covers in front of its data. */
export const BlockSeal = header(
  'BlockSeal',
  [
    uint(32, 'volume', 'that wrote the block'),
    uint(48, 'block', 'in the volume'),
    uint(48, 'generation', 'of the write'),
  ],
  { section },
);

const rows = (row: { readonly size: number }) => Math.floor((SLOT - PageHead.size) / row.size);
export const LEAF_ROWS = rows(LeafRow);
export const DIRECTORY_ROWS = rows(DirectoryRow);
export const CATALOGUE_ROWS = rows(CatalogueRow);
export const JOURNAL_ROWS = rows(JournalEntry);

const seal = new Uint8Array(BlockSeal.size);

/** The CRC of a block's data, with where it belongs and when it was written. */
// hot
export function blockCrc(
  volume: number,
  block: number,
  generation: number,
  data: Uint8Array,
  at: number,
): number {
  BlockSeal.set.volume(seal, 0, volume);
  BlockSeal.set.block(seal, 0, block);
  BlockSeal.set.generation(seal, 0, generation);
  return crc32c(data, at, at + SLOT, crc32c(seal, 0, BlockSeal.size));
}

/** The CRC of a page as it is, its own field taken for zero. */
function pageCrc(page: Uint8Array): number {
  const kept = PageHead.get.crc(page, 0);
  PageHead.set.crc(page, 0, 0);
  const found = crc32c(page, 0, SLOT);
  PageHead.set.crc(page, 0, kept);
  return found;
}

export interface PageIs {
  readonly kind: number;
  readonly store: number;
  readonly epoch: number;
  readonly slot: number;
  readonly sequence: number;
  /** Of a journal's page. */
  readonly key?: number;
}

/** Fills in a page's head; rows are there already. */
export function sealPage(
  page: Uint8Array,
  is: PageIs & { readonly count: number; readonly next: number; readonly durable?: number },
): void {
  const { set } = PageHead;
  set.magic(page, 0, PAGE_MAGIC);
  set.kind(page, 0, is.kind);
  set.count(page, 0, is.count);
  set.store(page, 0, is.store);
  set.epoch(page, 0, is.epoch);
  set.sequence(page, 0, is.sequence);
  set.slot(page, 0, is.slot);
  set.next(page, 0, is.next);
  set.durable(page, 0, is.durable ?? 0);
  set.key(page, 0, is.key ?? 0);
  set.crc(page, 0, pageCrc(page));
}

/** Is it that page, and whole? Leaves and directories outlive epochs, so that any up to `is.epoch` will do. */
export function isPage(page: Uint8Array, is: PageIs): boolean {
  const { get } = PageHead;
  if (get.magic(page, 0) !== PAGE_MAGIC || get.kind(page, 0) !== is.kind) return false;
  if (get.store(page, 0) !== is.store || get.slot(page, 0) !== is.slot) return false;
  if (get.sequence(page, 0) !== is.sequence) return false;
  if (get.epoch(page, 0) > is.epoch || get.key(page, 0) !== (is.key ?? 0)) return false;
  return get.crc(page, 0) === pageCrc(page);
}

export interface SuperblockFields {
  readonly store: number;
  readonly epoch: number;
  readonly generation: number;
  readonly slots: number;
  readonly catalogue: number;
  readonly journal: number;
  readonly journalKey: number;
  readonly nextVolume: number;
}

export function encodeSuperblock(fields: SuperblockFields): Uint8Array {
  const page = new Uint8Array(SLOT);
  Superblock.encode({ ...fields, magic: new TextEncoder().encode(MAGIC) }, page);
  Superblock.set.crc(page, 0, crc32c(page, 0, Superblock.at.crc));
  return page;
}

/** Undefined when it is none, or damaged. */
export function decodeSuperblock(page: Uint8Array): SuperblockFields | undefined {
  const { magic, crc: found, ...fields } = Superblock.decode(page);
  if (new TextDecoder().decode(magic) !== MAGIC) return undefined;
  return found === crc32c(page, 0, Superblock.at.crc) ? fields : undefined;
}
