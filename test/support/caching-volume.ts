// A disk with a volatile cache, behind a pool: what was flushed or written with FUA survives a crash, any part of the rest
// may. It may be full, or slow, and it may lie: for tests that must find that.

import { MemoryVolume } from '../../src/storage/index.js';
import { ENOSPC, type Io, OK } from '../../src/storage/volume.js';
import type { Random } from '../../src/time/index.js';

const SECTOR = 512;
const NOTHING = new Uint8Array(0);

export type Lie =
  /** A flush does nothing. */
  | 'flush'
  /** FUA does nothing. */
  | 'fua'
  /** A write is acknowledged and not done, now and then. */
  | 'write'
  /** A read is answered from before, now and then. */
  | 'stale';

export class CachingVolume extends MemoryVolume {
  lie: Lie | undefined;
  isFull = false;
  /** Delays an operation's end. */
  later: (go: () => void) => void = (go) => go();
  readonly #durable: MemoryVolume;
  /** Sectors that were written and not flushed. */
  readonly #unflushed = new Set<number>();
  readonly #random: Random;

  constructor(size: number, random: Random) {
    super(size);
    this.#durable = new MemoryVolume(size);
    this.#random = random;
  }

  override read(io: Io): void {
    if (this.lie === 'stale' && this.#random.below(20) === 0) {
      const old = { ...io, bytes: new Uint8Array(io.length), at: 0, done: () => {} };
      this.#durable.read(old);
      io.bytes.set(old.bytes, io.at);
      return this.later(() => io.done(OK));
    }
    super.read(this.#delayed(io));
  }

  override write(io: Io): void {
    if (this.isFull) return this.later(() => io.done(ENOSPC));
    if (this.lie === 'write' && this.#random.below(20) === 0) return this.later(() => io.done(OK));
    super.write(this.#delayed(io));
    this.#changed(io);
  }

  override zero(io: Io): void {
    super.zero(this.#delayed(io));
    this.#changed(io);
  }

  override flush(io: Io): void {
    if (this.lie !== 'flush') this.#keep([...this.#unflushed]);
    this.later(() => io.done(OK));
  }

  #delayed(io: Io): Io {
    return { ...io, done: (error) => this.later(() => io.done(error)) };
  }

  #changed({ offset, length, fua }: Io): void {
    const sectors = Array.from({ length: length / SECTOR }, (_, i) => offset / SECTOR + i);
    for (const sector of sectors) this.#unflushed.add(sector);
    if (fua && this.lie !== 'fua') this.#keep(sectors);
  }

  #keep(sectors: readonly number[]): void {
    const bytes = new Uint8Array(SECTOR);
    for (const sector of sectors) {
      const io = { ...plain(sector * SECTOR), bytes };
      super.read(io);
      this.#durable.write(io);
      this.#unflushed.delete(sector);
    }
  }

  /** What it holds, whatever it says. */
  peek(offset: number, bytes: Uint8Array): void {
    super.read({ ...plain(offset), length: bytes.length, bytes });
  }

  /** Power is lost: each sector that was not flushed survives, or not. */
  crash(): void {
    const bytes = new Uint8Array(SECTOR);
    for (const sector of [...this.#unflushed]) {
      if (this.#random.below(2) === 0) this.#keep([sector]);
      else {
        const io = { ...plain(sector * SECTOR), bytes };
        this.#durable.read(io);
        super.write(io);
      }
    }
    this.#unflushed.clear();
  }
}

const plain = (offset: number) => ({
  ...{ offset, length: SECTOR, bytes: NOTHING, at: 0, fua: false, noHole: false, done: () => {} },
});
