// What a store may contain after a crash, in a few lines: of each block every version since the last that was
// acknowledged as durable. Drives a store with random work over a simulated disk and holds it to that.

import { BlockStore } from '../../src/storage/file/block-store.js';
import type { FileVolume } from '../../src/storage/file/file-volume.js';
import { SLOT } from '../../src/storage/file/format.js';
import { EIO, ENOSPC, type Io, type IoError, OK } from '../../src/storage/volume.js';
import type { Random } from '../../src/time/index.js';
import { type Lies, SimulatedDisk } from './simulated-disk.js';

const BLOCKS = 40;
/** The last block is not whole. */
const SIZE = BLOCKS * SLOT - 1000;

interface Model {
  /** Of each block, its versions, oldest first. */
  readonly versions: Uint8Array[][];
  /** Of each block, the oldest version that it may have after a crash. */
  readonly floor: number[];
  /** It must be there after a crash, or may be, or must not. */
  exists: 'yes' | 'maybe' | 'gone';
  readonly readOnly: boolean;
  /** Somebody has asked to remove it. */
  leaving?: boolean;
}

/** How the store under test differs from ours. */
export interface Trial {
  readonly lies?: Lies;
  /** Changes operations on their way, as a store would that breaks a promise. */
  readonly spoil?: (io: Io) => void;
  readonly steps?: number;
}

const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

/** Runs one world; @throws Error when the store broke its promise. */
export class StoreTrial {
  #disk: SimulatedDisk;
  #store: BlockStore;
  readonly #models = new Map<string, Model>();
  #named = 0;
  /** A store that was never acknowledged need not be there. */
  #begun = false;
  crashes = 0;

  constructor(
    readonly random: Random,
    readonly trial: Trial = {},
  ) {
    this.#disk = new SimulatedDisk(random, undefined, trial.lies);
    this.#store = this.#open();
    this.#create();
  }

  #open(): BlockStore {
    return new BlockStore(this.#disk, {
      random: () => 1 + this.random.below(2 ** 32) * 2 ** 15,
      journalPages: 1 + this.random.below(4),
    });
  }

  run(): void {
    const steps = this.trial.steps ?? 150;
    for (let i = 0; i < steps; i++) this.#step();
    this.#crash(false);
  }

  #step(): void {
    const { random } = this;
    const roll = random.below(100);
    if (roll < 40) this.#write();
    else if (roll < 48) this.#clear('zero');
    else if (roll < 53) this.#clear('trim');
    else if (roll < 63) this.#flush();
    else if (roll < 78) this.#disk.settle();
    else if (roll < 86) this.#check();
    else if (roll < 89) this.#clone();
    else if (roll < 90) this.#remove();
    else if (roll < 91) this.#create();
    else if (roll < 92) this.#disk.failsNext = true;
    else if (roll < 94)
      this.#disk.room = random.chance(0.5) ? this.#disk.size + 8 * SLOT : Infinity;
    else if (roll < 97) this.#crash(false);
    else if (roll < 98) this.#crash(true);
    if (this.#store.fenced) this.#crash(random.chance(0.5));
  }

  #pick(writable: boolean): [FileVolume, Model] | undefined {
    const all = this.#store.volumes.filter((v) => !(writable && v.readOnly));
    const volume = all[this.random.below(all.length)];
    const model = volume && this.#models.get(volume.name);
    return model && [volume, model];
  }

  #io(offset: number, bytes: Uint8Array, length = bytes.length, done = (_: IoError) => {}): Io {
    const io: Io = { offset, length, bytes, at: 0, fua: false, noHole: false, done };
    return io;
  }

  #range(aligned: boolean): [number, number] {
    const { random } = this;
    if (!aligned && random.chance(0.5)) {
      const offset = random.below(SIZE);
      return [offset, Math.min(SIZE - offset, 1 + random.below(3 * SLOT))];
    }
    const first = random.below(BLOCKS);
    const end = Math.min(SIZE, (first + 1 + random.below(random.chance(0.1) ? 30 : 4)) * SLOT);
    return [first * SLOT, end - first * SLOT];
  }

  #write(): void {
    const [volume, model] = this.#pick(true) ?? [];
    if (!volume || !model) return;
    const [offset, length] = this.#range(false);
    const io = this.#io(offset, new Uint8Array(length).fill(1 + this.random.below(255)));
    io.bytes[0] = this.random.below(256);
    this.#change(volume, model, 'write', io, (at) => io.bytes[at - offset]!);
  }

  #clear(kind: 'zero' | 'trim'): void {
    const [volume, model] = this.#pick(true) ?? [];
    if (!volume || !model) return;
    const [offset, length] = this.#range(kind === 'trim');
    const io = this.#io(offset, new Uint8Array(0), length);
    io.noHole = this.random.chance(0.3);
    this.#change(volume, model, kind, io, () => 0);
  }

  #change(
    volume: FileVolume,
    model: Model,
    kind: 'write' | 'zero' | 'trim',
    io: Io,
    value: (at: number) => number,
  ): void {
    const first = Math.floor(io.offset / SLOT);
    const last = Math.floor((io.offset + io.length - 1) / SLOT);
    const before = model.versions.map((versions) => versions.length);
    for (let block = first; block <= last; block++) {
      const version = model.versions[block]!.at(-1)!.slice();
      const from = Math.max(io.offset, block * SLOT);
      const to = Math.min(io.offset + io.length, block * SLOT + version.length);
      for (let at = from; at < to; at++) version[at - block * SLOT] = value(at);
      model.versions[block]!.push(version);
    }
    const fua = this.random.chance(0.15);
    io.fua = fua;
    const mark = model.versions.map((versions) => versions.length - 1);
    let answered = false;
    io.done = (error) => {
      answered = true;
      if (error === OK && fua) for (let b = first; b <= last; b++) raise(model, b, mark[b]!);
      if (error === ENOSPC) this.#adopt(volume, model, before);
    };
    this.trial.spoil?.(io);
    volume[kind](io);
    if (!answered && !io.fua) throw new Error(`a ${kind} without FUA must not wait`);
  }

  /** What a full disk refused may be there in part, and nothing else. */
  #adopt(volume: FileVolume, model: Model, before: readonly number[]): void {
    for (const [block, versions] of model.versions.entries()) {
      if (versions.length === before[block]) continue;
      const found: Uint8Array = this.#read(volume, block);
      if (same(found, versions.at(-1)!)) continue;
      if (!same(found, versions[before[block]! - 1]!))
        throw new Error(`block ${block} is neither old nor new`);
      versions.push(found);
    }
  }

  #flush(): void {
    const [volume] = this.#pick(false) ?? [];
    const marks = [...this.#models].map(
      ([name, model]) => [name, model, model.versions.map((v) => v.length - 1)] as const,
    );
    const done = (error: IoError) => {
      if (error !== OK) return;
      for (const [name, model, mark] of marks) {
        if (this.#models.get(name) !== model) continue;
        for (const [block, version] of mark.entries()) raise(model, block, version);
      }
    };
    const io = this.#io(0, new Uint8Array(0), 0, done);
    this.trial.spoil?.(io);
    volume?.flush(io);
  }

  #create(): void {
    const name = `v${this.#named++}`;
    const versions = Array.from({ length: BLOCKS }, (_, b) => [
      new Uint8Array(Math.min(SLOT, SIZE - b * SLOT)),
    ]);
    this.#appears(
      name,
      { versions, floor: versions.map(() => 0), exists: 'maybe', readOnly: false },
      (done) => this.#store.create(name, SIZE, done),
    );
  }

  #appears(name: string, model: Model, make: (done: (error: IoError) => void) => void): void {
    this.#models.set(name, model);
    make((error) => {
      if (error === OK) {
        model.exists = model.leaving ? 'maybe' : 'yes';
        this.#begun = true;
      } else if (error !== EIO) this.#models.delete(name); // after EIO nobody knows
    });
  }

  #clone(): void {
    const [volume, model] = this.#pick(false) ?? [];
    if (!volume || !model || this.#models.size > 6) return;
    const name = `v${this.#named++}`;
    const readOnly = this.random.chance(0.5);
    const versions = model.versions.map((of) => [of.at(-1)!]);
    this.#appears(
      name,
      { versions, floor: versions.map(() => 0), exists: 'maybe', readOnly },
      (done) => this.#store.clone(volume.name, name, readOnly, done),
    );
  }

  #remove(): void {
    const [volume, model] = this.#pick(false) ?? [];
    if (!volume || !model || this.#models.size < 3) return;
    model.leaving = true;
    if (model.exists === 'yes') model.exists = 'maybe';
    this.#store.remove(volume.name, (error) => {
      if (error === OK) model.exists = 'gone';
    });
  }

  #read(volume: FileVolume, block: number): Uint8Array {
    const bytes = new Uint8Array(Math.min(SLOT, SIZE - block * SLOT));
    let outcome: IoError = -1;
    volume.read(
      this.#io(block * SLOT, bytes, bytes.length, (error) => {
        outcome = error;
      }),
    );
    if (outcome !== OK)
      throw new Error(`block ${block} of ${volume.name} cannot be read: ${outcome}`);
    return bytes;
  }

  #check(): void {
    const [volume, model] = this.#pick(false) ?? [];
    if (!volume || !model || this.#store.fenced) return;
    for (const [block, versions] of model.versions.entries()) {
      if (!same(this.#read(volume, block), versions.at(-1)!))
        throw new Error(`block ${block} is not what was written`);
    }
  }

  /** The machine loses power, or the process alone is killed; and begins again. */
  #crash(killed: boolean): void {
    this.crashes++;
    this.#disk = killed
      ? this.#disk.killed()
      : new SimulatedDisk(this.random, this.#disk.crash(), this.trial.lies);
    try {
      this.#store = this.#open();
    } catch (error) {
      if (this.#begun) throw error;
      this.#disk = new SimulatedDisk(this.random, undefined, this.trial.lies);
      this.#store = this.#open();
    }
    for (const [name, model] of this.#models) this.#survived(name, model, killed);
    const unknown = this.#store.volumes.find((volume) => !this.#models.has(volume.name));
    if (unknown) throw new Error(`${unknown.name} came back`);
    if (this.#models.size === 0) this.#create();
  }

  #survived(name: string, model: Model, killed: boolean): void {
    const volume = this.#store.volume(name);
    if (!volume) {
      if (model.exists === 'yes') throw new Error(`${name} is gone`);
      // After a kill its end may be in the page cache alone.
      if (!killed) this.#models.delete(name);
      return;
    }
    if (model.exists === 'gone') throw new Error(`${name} was removed and is there`);
    // It was in what survived, so that it will be there again.
    if (!killed) model.exists = 'yes';
    model.leaving = false;
    for (const [block, versions] of model.versions.entries()) {
      const found: Uint8Array = this.#read(volume, block);
      const allowed: Uint8Array[] = versions.slice(model.floor[block]);
      if (!allowed.some((version) => same(version, found)))
        throw new Error(`block ${block} of ${name} is none of ${allowed.length} allowed versions`);
      if (killed) versions.push(found);
      else {
        versions.splice(0, versions.length, found);
        model.floor[block] = 0;
      }
    }
  }
}

function raise(model: Model, block: number, version: number): void {
  model.floor[block] = Math.max(model.floor[block]!, version);
}
