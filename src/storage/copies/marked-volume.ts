// Writes go through here to a volume in copies: before a region is written, it is durable that the copies may differ there
// (a write-intent log, as md's bitmap). Without it a crash of ours would leave copies that differ, and nobody would know where.

import { type Range, ReplicatedVolume } from '../replicated-volume.js';
import { heldWrite, type Io, type IoError, OK, type Volume } from '../volume.js';
import { VolumeFilter } from '../volume-filter.js';
import type { CopyRecord } from './record.js';

/** A region that nobody has written to for so long is flushed, and its mark taken away. */
const QUIET_MS = 3000;

type Kind = 'write' | 'zero' | 'trim';

/** What is known for good of the copies; changed here, and kept by `keep`. */
export type Known = Pick<
  CopyRecord,
  'copies' | 'size' | 'minimumBlock' | 'region' | 'marked' | 'isMarked' | 'keep'
>;

/** The copies as the record has them; it is told of those that leave and come back. */
export const replicate = (volumes: readonly Volume[], record: Known): ReplicatedVolume =>
  new ReplicatedVolume(volumes, {
    members: record.copies.map(({ is }) => is === 'whole'),
    missing: record.copies.map(({ is }) => (is === 'behind' ? rangesOf(record) : undefined)),
    membership: {
      note(members, done) {
        record.copies = record.copies.map(({ at, is }, i) => ({
          at,
          is: members[i] ? 'whole' : is === 'whole' ? 'behind' : is,
        }));
        record.keep(done);
      },
    },
  });

function rangesOf({ marked, region, size }: Known): Range[] {
  const ranges: Range[] = [];
  marked.forEach((is, i) => {
    const offset = i * region;
    if (is === 1) ranges.push({ offset, length: Math.min(region, size - offset) });
  });
  return ranges;
}

export class MarkedVolume extends VolumeFilter<ReplicatedVolume> {
  /** Changes under way in each region, and whether there was one since it was last looked at. */
  readonly #open: Uint32Array;
  readonly #touched: Uint8Array;
  /** Marks that are not durable yet. */
  readonly #pending: Uint8Array;
  readonly #timer: NodeJS.Timeout;
  #isClearing = false;

  constructor(
    volume: ReplicatedVolume,
    readonly record: Known,
    quietMs = QUIET_MS,
  ) {
    super(volume);
    const { length } = record.marked;
    this.#open = new Uint32Array(length);
    this.#touched = new Uint8Array(length);
    this.#pending = new Uint8Array(length);
    this.#timer = setInterval(() => this.clear(), quietMs);
    this.#timer.unref();
  }

  override get minimumBlock(): number {
    return this.record.minimumBlock;
  }

  override write(io: Io): void {
    this.#change('write', io);
  }

  override zero(io: Io): void {
    this.#change('zero', io);
  }

  override trim(io: Io): void {
    this.#change('trim', io);
  }

  #change(kind: Kind, io: Io): void {
    if (io.length === 0) return this.volume[kind](io);
    const { region, marked } = this.record;
    const first = Math.floor(io.offset / region);
    const last = Math.floor((io.offset + io.length - 1) / region);
    let isMarked = true;
    for (let r = first; r <= last; r++) {
      this.#open[r]!++;
      this.#touched[r] = 1;
      if (marked[r] === 1 && this.#pending[r] === 0) continue;
      isMarked = false;
      marked[r] = 1;
      this.#pending[r] = 1;
    }
    const done = (error: IoError) => {
      for (let r = first; r <= last; r++) this.#open[r]!--;
      io.done(error);
    };
    if (isMarked) return this.volume[kind]({ ...plain(io), done });
    const held = { ...(kind === 'write' ? heldWrite(io) : plain(io)), done };
    this.record.keep((error) => {
      if (error !== OK) return done(error);
      for (let r = first; r <= last; r++) this.#pending[r] = 0;
      this.volume[kind](held);
    });
  }

  /** Takes away the marks of regions that are the same, and durable, on all copies. */
  clear(done: () => void = () => {}, evenTouched = false): void {
    const { record, volume } = this;
    const areWhole = () => volume.states.every((state) => state === 'in');
    if (this.#isClearing || !areWhole() || !record.isMarked) return done();
    const wanted = record.marked.map((marked, r) =>
      marked === 1 && this.#open[r] === 0 && (evenTouched || this.#touched[r] === 0) ? 1 : 0,
    );
    this.#touched.fill(0);
    if (!wanted.includes(1)) return done();
    this.#isClearing = true;
    const end = () => {
      this.#isClearing = false;
      done();
    };
    const flushed = (error: IoError) => {
      if (error !== OK || !areWhole()) return end();
      for (let r = 0; r < wanted.length; r++)
        if (wanted[r] === 1 && this.#open[r] === 0 && this.#touched[r] === 0) record.marked[r] = 0;
      record.keep(end);
    };
    this.volume.flush({ ...NOTHING, done: flushed });
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

const NOTHING = {
  offset: 0,
  length: 0,
  bytes: new Uint8Array(0),
  at: 0,
  fua: false,
  noHole: false,
};

const plain = ({ offset, length, bytes, at, fua, noHole }: Io) => ({
  ...{ offset, length, bytes, at, fua, noHole },
});
