// A disk that forgets: what was not synced survives a crash in part, torn at 512 bytes, in any combination. It may also
// lie, refuse, or be full, to show that a harness would notice.

import type { Disk } from '../../src/storage/file/disk.js';
import type { Random } from '../../src/time/index.js';

/** What a disk writes whole or not at all. */
export const SECTOR = 512;

interface Write {
  readonly sector: number;
  readonly bytes: Uint8Array;
}

export interface Lies {
  /** A sync is called done and does nothing, with this probability. */
  readonly sync?: number;
}

export class SimulatedDisk implements Disk {
  /** What reads see. */
  #cache: Uint8Array;
  /** What survives for certain. */
  readonly #stable: Uint8Array;
  #base: Uint8Array | undefined;
  #unsynced: Write[] = [];
  /** Syncs that have begun: how many writes each covers, and whom it tells. */
  readonly #syncs: { covers: number; done: (error: Error | null) => void; lies: boolean }[] = [];
  size: number;
  /** Bytes that it has room for. */
  room = Infinity;
  /** The next sync fails. */
  failsNext = false;
  dead = false;

  constructor(
    readonly random: Random,
    stable: Uint8Array = new Uint8Array(0),
    readonly lies: Lies = {},
  ) {
    this.#stable = stable;
    this.#cache = stable.slice();
    this.size = stable.length;
  }

  read(at: number, b: Uint8Array, from: number, to: number): void {
    const there = this.#cache.subarray(at, Math.min(this.size, at + to - from));
    b.set(there, from);
    b.fill(0, from + there.length, to);
  }

  write(at: number, b: Uint8Array, from: number, to: number): void {
    if (this.dead) throw new Error('the machine is off');
    const end = at + to - from;
    if (end > this.room) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    if (at % SECTOR !== 0 || end % SECTOR !== 0) throw new Error('writes are whole sectors here');
    if (end > this.#cache.length) this.#cache = grown(this.#cache, end);
    this.#cache.set(b.subarray(from, to), at);
    this.size = Math.max(this.size, end);
    for (let i = at; i < end; i += SECTOR)
      this.#unsynced.push({ sector: i, bytes: this.#cache.slice(i, i + SECTOR) });
  }

  sync(done: (error: Error | null) => void): void {
    const lies = this.random.chance(this.lies.sync ?? 0);
    this.#syncs.push({ covers: this.#unsynced.length, done, lies });
  }

  get syncing(): boolean {
    return this.#syncs.length > 0;
  }

  /** The oldest sync is done. */
  settle(): void {
    const sync = this.#syncs.shift();
    if (!sync) return;
    if (this.failsNext) {
      this.failsNext = false;
      sync.done(new Error('the disk has failed to sync'));
      return;
    }
    if (!sync.lies) {
      // Later writes of the same sectors stay behind, in their order.
      this.#base = apply(this.#base ?? this.#stable.slice(), this.#unsynced.slice(0, sync.covers));
      this.#unsynced = this.#unsynced.slice(sync.covers);
      for (const later of this.#syncs) later.covers -= sync.covers;
    }
    sync.done(null);
  }

  /** What is on the disk after a power failure now: of each sector any version since the last sync. */
  crash(): Uint8Array {
    this.dead = true;
    const keep = this.random.unit();
    const kept = this.#unsynced.filter(() => this.random.chance(keep));
    return apply((this.#base ?? this.#stable).slice(), kept);
  }

  /** The disk as a process finds it whose predecessor was killed: all is there, and may still be lost. */
  killed(): SimulatedDisk {
    this.dead = true;
    const next = new SimulatedDisk(this.random, this.#base ?? this.#stable, this.lies);
    next.#cache = this.#cache.slice();
    next.size = this.size;
    next.#unsynced = this.#unsynced.slice();
    return next;
  }

  close(): void {}
}

function grown(bytes: Uint8Array, size: number): Uint8Array {
  const larger = new Uint8Array(Math.max(size, bytes.length * 2));
  larger.set(bytes);
  return larger;
}

function apply(to: Uint8Array, writes: readonly Write[]): Uint8Array {
  const end = writes.reduce((most, { sector }) => Math.max(most, sector + SECTOR), to.length);
  const made = end > to.length ? new Uint8Array(end) : to;
  if (made !== to) made.set(to);
  for (const { sector, bytes } of writes) made.set(bytes, sector);
  return made;
}
