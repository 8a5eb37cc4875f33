// The store: volumes on one disk, and when what was written becomes durable. Data always goes to slots that nothing
// durable refers to; what maps it goes to the journal; one sync serves all that wait. docs/storage-format.md says why
// this survives a crash at any instant.

import { EINVAL, EIO, ENOSPC, type IoError, MOST_BYTES, OK } from '../volume.js';
import { CheckpointWriter, readCheckpoint, readSuperblock } from './checkpoint.js';
import { type Disk, isFull } from './disk.js';
import { FileVolume } from './file-volume.js';
import {
  blockCrc,
  ENTRY_MAP,
  encodeSuperblock,
  NAME_BYTES,
  SLOT,
  type SuperblockFields,
} from './format.js';
import { Journal, type ReadEntry, readJournal } from './journal.js';
import { SlotMap } from './slot-map.js';
import { VolumeMap } from './volume-map.js';

export interface StoreOptions {
  /** Random numbers below 2^48 that nobody can guess: pages are told by them from data that looks like pages. */
  readonly random: () => number;
  /** Pages of the journal after which a checkpoint is made. */
  readonly journalPages?: number;
}

/** 4 MiB of journal are read in a moment. */
const JOURNAL_PAGES = 1024;
/** Volumes of one store, removed ones that others descend from included. */
const MOST_VOLUMES = 4096;

type Done = (error: IoError) => void;

/** What happened, for reports. */
export class StoreCounts {
  syncs = 0;
  /** Flushes and writes with FUA that the syncs served. */
  served = 0;
  checkpoints = 0;
  /** Blocks whose CRC was wrong. */
  damaged = 0;
  /** Blocks of the journal's end that a crash had torn: they were never acknowledged as durable. */
  discarded = 0;
}

export class BlockStore {
  readonly slots = new SlotMap();
  readonly counts = new StoreCounts();
  /** Why nothing can be done any more; '' when all is well. */
  fenced = '';
  generation = 0;
  #maps = new Map<number, VolumeMap>();
  #volumes = new Map<string, FileVolume>();
  #catalogue: number[] = [];
  #store: number;
  #epoch = 0;
  #nextVolume = 1;
  /** Undefined until the first checkpoint of this run, which everything durable waits for, and which has it all. */
  #journal: Journal | undefined;
  /** The superblock on disk is that of the journal. */
  #live = false;
  /** Journal pages of the run before. */
  #oldPages: readonly number[] = [];
  readonly #journalPages: number;
  readonly #random: () => number;
  #waiting: Done[] = [];
  #busy = false;
  #wantsCheckpoint = false;
  /** Changes so far, and how many of them are durable. */
  #changes = 0;
  #durable = 0;

  /** Opens the store on a disk, or begins one on an empty disk. @throws DamagedStore */
  constructor(
    readonly disk: Disk,
    options: StoreOptions,
  ) {
    this.#random = options.random;
    this.#store = options.random();
    this.#journalPages = options.journalPages ?? JOURNAL_PAGES;
    if (disk.size === 0) return;
    this.#load();
    // A run before that was killed may have left superblock and journal in the page cache alone.
    const changes = ++this.#changes;
    this.#sync([], () => {
      this.slots.thaw();
      this.#settled([], changes);
    });
  }

  get volumes(): readonly FileVolume[] {
    return [...this.#volumes.values()];
  }

  volume(name: string): FileVolume | undefined {
    return this.#volumes.get(name);
  }

  /** Bytes of the disk that are in use. */
  get usedBytes(): number {
    return this.slots.used * SLOT;
  }

  /** Makes an empty store durable. */
  begin(done: Done): void {
    this.#checkpointFor(done);
  }

  /** A new volume. What follows, `done` included, is durable. */
  create(name: string, size: number, done: Done): void {
    if (!this.#isNew(name) || !isSize(size)) return done(EINVAL);
    this.#addDurably(new VolumeMap(this.slots, this.#nextVolume++, name, size), done);
  }

  /** The volume `of` as it is now, under a new name: a snapshot, or a clone that may be written. */
  clone(of: string, name: string, readOnly: boolean, done: Done): void {
    const from = this.#volumes.get(of)?.map;
    if (!from || !this.#isNew(name)) return done(EINVAL);
    const id = this.#nextVolume++;
    const made = new VolumeMap(this.slots, id, name, from.size, from, this.generation, readOnly);
    from.shareWith(made);
    this.#addDurably(made, done);
  }

  remove(name: string, done: Done): void {
    const map = this.#volumes.get(name)?.map;
    if (!map) return done(EINVAL);
    map.drop();
    map.removed = true;
    this.#volumes.delete(name);
    this.#forgetAncestors();
    this.#checkpointFor(done);
  }

  resize(name: string, size: number, done: Done): void {
    const map = this.#volumes.get(name)?.map;
    if (!map || !isSize(size)) return done(EINVAL);
    const cut = size < map.size ? this.#cut(map, size) : OK;
    if (cut !== OK) return done(cut);
    map.size = size;
    map.dirty = true;
    this.#checkpointFor(done);
  }

  /** What lies beyond a smaller size must not come back when the volume grows again. */
  #cut(map: VolumeMap, size: number): IoError {
    let outcome = OK;
    const bytes = new Uint8Array(0);
    const done = (error: IoError) => {
      outcome = error;
    };
    const rest = { offset: size, length: map.size - size, bytes, at: 0, fua: false, noHole: false };
    this.volume(map.name)!.clear({ ...rest, done });
    return outcome;
  }

  #isNew(name: string): boolean {
    const size = new TextEncoder().encode(name).length;
    return (
      size > 0 && size <= NAME_BYTES && !this.#volumes.has(name) && this.#maps.size < MOST_VOLUMES
    );
  }

  #addDurably(map: VolumeMap, done: Done): void {
    this.#add(map);
    this.#checkpointFor((error) => {
      if (error !== OK) {
        map.drop();
        this.#maps.delete(map.id);
        this.#volumes.delete(map.name);
      }
      done(error);
    });
  }

  #add(map: VolumeMap): void {
    this.#maps.set(map.id, map);
    if (!map.removed) this.#volumes.set(map.name, new FileVolume(this, map));
  }

  /** Removed volumes stay listed while others descend from them: who wrote a block is told by descent. */
  #forgetAncestors(): void {
    const parents = new Set([...this.#maps.values()].map((map) => map.parent));
    for (const map of [...this.#maps.values()].reverse()) {
      if (!map.removed || parents.has(map)) continue;
      this.#maps.delete(map.id);
      for (const slot of map.directory) this.slots.releasePage(slot);
    }
  }

  /** Makes room for so many changes in the journal, so that none of them can fail. @throws Error of the disk */
  // hot
  prepare(entries: number): void {
    if (this.#journal && this.#journal.room < entries) this.#journal.write();
  }

  // hot
  map(map: VolumeMap, block: number, slot: number, crc: number, generation: number): void {
    this.#changes++;
    this.#journal?.map(map.id, block, generation, slot, crc);
    map.map(block, slot, crc, generation);
  }

  unmap(map: VolumeMap, block: number, count: number): void {
    this.#changes++;
    this.#journal?.unmap(map.id, block, ++this.generation, count);
    map.unmap(block, count);
  }

  /** `done` is called when everything is durable that was written before. */
  flush(done: Done): void {
    if (this.fenced) return done(EIO);
    if (this.#isDurable) return done(OK);
    this.#waiting.push(done);
    this.#commit();
  }

  get #isDurable(): boolean {
    return this.#durable === this.#changes && !this.#wantsCheckpoint;
  }

  #checkpointFor(done: Done): void {
    this.#wantsCheckpoint = true;
    this.flush(done);
  }

  /** Nothing is trusted after a failed sync: nobody knows which writes the disk has. */
  #fence(error: Error): void {
    this.fenced = error.message;
    this.#busy = false;
    this.#answer(this.#waiting.splice(0), EIO);
  }

  #answer(waiting: readonly Done[], error: IoError): void {
    if (error === OK) this.counts.served += waiting.length;
    for (const done of waiting) done(error);
  }

  #commit(): void {
    if (this.#busy || this.#waiting.length === 0) return;
    const waiting = this.#waiting.splice(0);
    if (this.#isDurable) return this.#answer(waiting, OK);
    try {
      const due = (this.#journal?.written ?? 0) >= this.#journalPages;
      if (!this.#live || due || this.#wantsCheckpoint) this.#checkpoint(waiting);
      else this.#syncJournal(waiting);
    } catch (error) {
      this.#busy = false;
      if (!isFull(error)) this.#fence(error as Error);
      this.#answer(waiting, isFull(error) ? ENOSPC : EIO);
    }
  }

  #syncJournal(waiting: readonly Done[]): void {
    const journal = this.#journal!;
    journal.write();
    const released = this.slots.collect(false);
    const { written } = journal;
    const changes = this.#changes;
    this.#sync(waiting, () => {
      journal.durable = written;
      this.slots.free(released);
      this.#settled(waiting, changes);
    });
  }

  #sync(waiting: readonly Done[], then: () => void): void {
    this.#busy = true;
    this.counts.syncs++;
    this.disk.sync((error) => {
      let failure = error;
      try {
        if (!error) return then();
      } catch (thrown) {
        failure = thrown as Error;
      }
      this.#fence(failure!);
      this.#answer(waiting, EIO);
    });
  }

  #settled(waiting: readonly Done[], changes: number): void {
    this.#busy = false;
    this.#durable = changes;
    this.#answer(waiting, OK);
    this.#commit();
  }

  /** @throws Error of the disk, when nothing has changed */
  #checkpoint(waiting: readonly Done[]): void {
    const { disk, slots } = this;
    const epoch = this.#epoch + 1;
    const maps = [...this.#maps.values()];
    const writer = this.#writeMaps({ disk, slots, store: this.#store, epoch }, maps);
    // What is in the journal so far is in the checkpoint; the journal begins anew.
    for (const slot of this.#journal?.pages ?? this.#oldPages) slots.releasePage(slot);
    for (const slot of this.#catalogue) slots.releasePage(slot);
    writer.adopt();
    this.#catalogue = writer.catalogue;
    this.#epoch = epoch;
    this.#journal = new Journal(disk, slots, this.#store, epoch, this.#random(), writer.journal);
    this.#wantsCheckpoint = false;
    const released = slots.collect(true);
    const changes = this.#changes;
    const superblock = this.#superblock(this.#journal.key);
    this.#sync(waiting, () => {
      disk.write(0, superblock, 0, SLOT);
      this.#sync(waiting, () => {
        // Only now: one of the two must be whole at any time.
        disk.write(SLOT, superblock, 0, SLOT);
        this.#live = true;
        this.counts.checkpoints++;
        slots.free(released);
        this.#settled(waiting, changes);
      });
    });
  }

  #superblock(journalKey: number): Uint8Array {
    const [catalogue, journal] = [this.#catalogue[0]!, this.#journal!.pages[0]!];
    return encodeSuperblock({
      ...{ store: this.#store, epoch: this.#epoch, generation: this.generation, journalKey },
      ...{ slots: this.slots.high, catalogue, journal, nextVolume: this.#nextVolume },
    });
  }

  /** A full disk gets a second attempt in the free slots that are left. */
  #writeMaps(
    place: ConstructorParameters<typeof CheckpointWriter>[0],
    maps: readonly VolumeMap[],
  ): CheckpointWriter & { journal: number } {
    for (const tight of [false, true]) {
      const writer = new CheckpointWriter(place, tight);
      try {
        writer.write(maps);
        return Object.assign(writer, { journal: this.slots.take(1, tight) });
      } catch (error) {
        writer.abandon();
        if (tight || !isFull(error)) throw error;
      }
    }
    throw new Error('not reached');
  }

  #load(): void {
    const superblock = readSuperblock(this.disk);
    this.#store = superblock.store;
    this.#epoch = superblock.epoch;
    this.generation = superblock.generation;
    this.#nextVolume = superblock.nextVolume;
    this.slots.begin(superblock.slots);
    const { maps, catalogue } = readCheckpoint(this.disk, this.slots, superblock);
    this.#catalogue = catalogue;
    this.#replay(maps, superblock);
    for (const map of maps.values()) this.#add(map);
  }

  #replay(maps: ReadonlyMap<number, VolumeMap>, superblock: SuperblockFields): void {
    const read = readJournal(this.disk, superblock);
    for (const slot of read.slots) this.slots.claim(slot);
    this.#oldPages = read.slots;
    // Slots of all entries are kept from new data until the next checkpoint: a second crash reads them again.
    for (const { kind, target } of read.pages.flat())
      if (kind === ENTRY_MAP) this.slots.claim(target);
    for (const [i, entries] of read.pages.entries()) {
      for (const entry of entries) this.#apply(maps.get(entry.volume), entry, i < read.durable);
    }
  }

  /** `durable`: the disk had said that page and data are there, so that a wrong CRC is damage, to be told by reads. */
  #apply(map: VolumeMap | undefined, entry: ReadEntry, durable: boolean): void {
    const { kind, block, generation, target, crc } = entry;
    this.generation = Math.max(this.generation, generation);
    if (kind !== ENTRY_MAP) return map?.unmap(block, target);
    const data = new Uint8Array(SLOT);
    this.disk.read(target * SLOT, data, 0, SLOT);
    if (map && (durable || blockCrc(map.id, block, generation, data, 0) === crc)) {
      map.map(block, target, crc, generation);
      return;
    }
    this.counts.discarded++;
    this.slots.release(target);
  }

  /** Flushes, and gives the disk up. */
  close(done: Done): void {
    this.flush((error) => {
      this.disk.close();
      done(error);
    });
  }
}

const isSize = (size: number) => Number.isInteger(size) && size >= 1 && size <= MOST_BYTES;
