// One volume kept in up to three copies, on nodes that may fail. What is written is done when all copies of the set have
// it; a copy that fails leaves the set, by a note that is durable before anything is acknowledged without it, and comes
// back when all that it missed has been copied to it.

import { type HeldRange, RangeLock } from './range-lock.js';
import { RegionSet } from './region-set.js';
import { EIO, Extents, type Io, type IoError, OK, type Volume } from './volume.js';

/** As NeonSAN and Ceph have it by default. */
export const MOST_COPIES = 3;
/** What a copy misses is noted in pieces of this, */
const REGION = 65536;
/** and copied in runs of so many. */
const MOST_RUN = 16;
const NOTHING = new Uint8Array(0);

/** in: has all that was acknowledged. back: gets what is written, and is being filled. out: has failed. */
export type CopyState = 'in' | 'back' | 'out';

/** Keeps which copies are whole, on the nodes that are in the set; none but those may ever be read after a failure. */
export interface Membership {
  /** Done when it is durable where it must be. */
  note(members: readonly boolean[], done: (error: IoError) => void): void;
}

export interface ReplicationOptions {
  /** Which copies are whole, from before; all unless given. */
  readonly members?: readonly boolean[];
  /** Of a copy that is not whole: what it misses; all unless given. */
  readonly missing?: readonly (readonly Range[] | undefined)[];
  /** Fewer copies than this take no writes; 1 unless given. */
  readonly leastCopies?: number;
  readonly membership?: Membership;
}

class Copy {
  state: CopyState;
  /** Regions that it misses. */
  readonly missing = new RegionSet(REGION);
  /** Those written since it was last flushed, and since each flush under way began: what it may lose when it fails. */
  unflushed: RegionSet[] = [new RegionSet(REGION)];
  /** Ends what it was doing when it failed: answers that come later mean nothing. */
  life = 0;

  constructor(
    readonly volume: Volume,
    isWhole: boolean,
  ) {
    this.state = isWhole ? 'in' : 'out';
  }
}

/** How an operation ended on one copy. */
interface Result {
  readonly copy: Copy;
  readonly life: number;
  error: IoError;
}

export interface Range {
  readonly offset: number;
  readonly length: number;
}

type Kind = 'write' | 'zero' | 'trim';

export class ReplicatedVolume implements Volume {
  readonly readsAtOnce = false;
  readonly preferredBlock = 4096;
  /** What happened, for reports. */
  readonly counts = { failures: 0, returns: 0, copiedBytes: 0 };
  /** Told when a copy left the set or is whole again. */
  onChange: (copy: number, state: CopyState) => void = () => {};
  readonly #copies: readonly Copy[];
  readonly #least: number;
  readonly #membership: Membership;
  readonly #lock = new RangeLock();
  /** Writes that wait for the note that a copy has left. */
  #noting = false;
  #noteAgain = false;
  /** The note that was kept last is the one that holds. */
  #isNoted = true;
  readonly #afterNote: ((error: IoError) => void)[] = [];

  /** @throws RangeError for no copies, too many, or copies of different sizes */
  constructor(volumes: readonly Volume[], options: ReplicationOptions = {}) {
    const { members, missing, leastCopies = 1, membership } = options;
    const [first] = volumes;
    if (!first || volumes.length > MOST_COPIES)
      throw new RangeError(`a volume has 1 to ${MOST_COPIES} copies, not ${volumes.length}`);
    if (volumes.some(({ size }) => size !== first.size))
      throw new RangeError('the copies differ in size');
    this.#copies = volumes.map((volume, i) => new Copy(volume, members?.[i] ?? true));
    this.#least = leastCopies;
    this.#membership = membership ?? { note: (_members, done) => done(OK) };
    if (this.#copies.every(({ state }) => state === 'out'))
      throw new RangeError('no copy of the volume is whole');
    this.#copies.forEach((copy, i) => {
      if (copy.state === 'in') return;
      for (const range of missing?.[i] ?? [{ offset: 0, length: this.size }])
        note(copy.missing, range);
    });
  }

  get size(): number {
    return this.#copies[0]!.volume.size;
  }

  get readOnly(): boolean {
    return this.#copies.some(({ volume }) => volume.readOnly);
  }

  get minimumBlock(): number {
    return Math.max(...this.#copies.map(({ volume }) => volume.minimumBlock ?? 1));
  }

  get states(): readonly CopyState[] {
    return this.#copies.map(({ state }) => state);
  }

  // Volume

  read(io: Io): void {
    this.#lock.take(io.offset, io.length, (held) => this.#readFrom(io, held));
  }

  /** From the first copy that has it: a copy that cannot read has failed. */
  #readFrom(io: Io, held: HeldRange): void {
    const copy = this.#copies.find(({ state }) => state === 'in')!;
    const { life } = copy;
    copy.volume.read({
      ...plain(io),
      done: (error) => {
        const isOfUse = copy.life === life;
        if (isOfUse && (error === OK || !this.#fail(copy))) return this.#end(held, io, error);
        // What it cannot read it gets again when it comes back.
        if (isOfUse) note(copy.missing, io);
        this.#readFrom(io, held);
      },
    });
  }

  write(io: Io): void {
    this.#change('write', io);
  }

  zero(io: Io): void {
    this.#change('zero', io);
  }

  trim(io: Io): void {
    this.#change('trim', io);
  }

  #change(kind: Kind, io: Io): void {
    // Bytes to write are the caller's again when this returns.
    const bytes = kind === 'write' ? io.bytes.slice(io.at, io.at + io.length) : NOTHING;
    const operation = { ...plain(io), bytes, at: 0 };
    this.#lock.take(io.offset, io.length, (held) => {
      this.#toAll(
        (copy, done) => copy.volume[kind]({ ...operation, done }),
        (error) => this.#end(held, io, error),
        operation,
      );
    });
  }

  flush(io: Io): void {
    this.#toAll(
      (copy, done) => {
        const { life } = copy;
        const before = copy.unflushed;
        copy.unflushed = [new RegionSet(REGION), ...before];
        copy.volume.flush({
          ...plain(io),
          done: (error) => {
            if (error === OK && copy.life === life)
              copy.unflushed = copy.unflushed.filter((set) => !before.includes(set));
            done(error);
          },
        });
      },
      (error) => io.done(error),
    );
  }

  status(io: Io, extents: Extents): void {
    this.#copies.find(({ state }) => state === 'in')!.volume.status(io, extents);
  }

  #end(held: HeldRange, io: Io, error: IoError): void {
    this.#lock.give(held);
    io.done(error);
  }

  /** Does it on all copies that are in the set or on their way back; done when all that are left have it. */
  #toAll(
    act: (copy: Copy, done: (error: IoError) => void) => void,
    done: (error: IoError) => void,
    range?: Range,
  ): void {
    for (const copy of this.#copies) if (range && copy.state === 'out') note(copy.missing, range);
    const results: Result[] = this.#copies
      .filter(({ state }) => state !== 'out')
      .map((copy) => ({ copy, life: copy.life, error: OK }));
    let left = results.length;
    for (const result of results) {
      const { copy } = result;
      if (range) note(copy.unflushed[0]!, range);
      act(copy, (error) => {
        // What was done while a flush was under way is not part of it.
        if (range) note(copy.unflushed[0]!, range);
        result.error = error;
        left--;
        if (left === 0) this.#answer(results, done, range);
      });
    }
  }

  /** Where some copies have it and others do not, those have failed; where none has it, the caller hears why. */
  #answer(results: readonly Result[], done: (error: IoError) => void, range?: Range): void {
    const isGood = ({ copy, life, error }: Result) => error === OK && copy.life === life;
    const whole = results.filter((result) => result.copy.state === 'in' && isGood(result));
    for (const result of results) {
      if (isGood(result)) continue;
      if (range) note(result.copy.missing, range);
      const isToBlame = result.copy.life === result.life;
      if (isToBlame && (whole.length > 0 || result.error === EIO)) this.#fail(result.copy);
    }
    if (whole.length === 0) return done(results.find(({ error }) => error !== OK)?.error ?? EIO);
    if (whole.length < this.#least) return done(EIO);
    // Nothing is acknowledged before it is known for good which copies do not have it.
    if (!this.#noting && this.#isNoted) return done(OK);
    this.#afterNote.push(done);
    if (!this.#noting) this.#note();
  }

  // Copies that fail, and that come back

  #missAll({ missing }: Copy): void {
    note(missing, { offset: 0, length: this.size });
  }

  /** It leaves the set; false for the last one that is whole, without which there is nothing to come back to. */
  #fail(copy: Copy): boolean {
    const { state } = copy;
    if (state === 'out') return true;
    const others = this.#copies.some((other) => other !== copy && other.state === 'in');
    if (state === 'in' && !others) return false;
    copy.state = 'out';
    copy.life++;
    // What it had not flushed, it may not have when it comes back.
    for (const set of copy.unflushed) copy.missing.join(set);
    copy.unflushed = [new RegionSet(REGION)];
    this.counts.failures++;
    this.onChange(this.#copies.indexOf(copy), 'out');
    if (state === 'in') this.#note();
    return true;
  }

  #note(): void {
    if (this.#noting) {
      this.#noteAgain = true;
      return;
    }
    this.#noting = true;
    this.#noteAgain = false;
    const members = this.#copies.map(({ state }) => state === 'in');
    this.#membership.note(members, (error) => {
      this.#noting = false;
      if (this.#noteAgain) return this.#note();
      // A note that cannot be kept: nothing may be acknowledged that depends on it, now or later.
      this.#isNoted = error === OK;
      for (const go of this.#afterNote.splice(0)) go(error === OK ? OK : EIO);
    });
  }

  /** A copy has left, whether or not anybody noticed: its node lost its connection, say. */
  leave(index: number): void {
    this.#fail(this.#copies[index]!);
  }

  /** A copy answers again: it gets what it missed, and is in the set when it has it. */
  rejoin(index: number, isFresh = false): void {
    const copy = this.#copies[index]!;
    if (copy.state !== 'out') return;
    if (isFresh) this.#missAll(copy);
    copy.state = 'back';
    copy.life++;
    this.onChange(index, 'back');
    this.#fillNext(copy, copy.life);
  }

  /** Copies a few regions, then the next ones. Writes to them wait for that; others go on. */
  #fillNext(copy: Copy, life: number): void {
    if (copy.life !== life) return;
    const first = copy.missing.any;
    if (first === undefined) return this.#filled(copy, life);
    let count = 1;
    while (count < MOST_RUN && copy.missing.has(first + count)) count++;
    const offset = first * REGION;
    const range = { offset, length: Math.min(count * REGION, this.size - offset) };
    this.#lock.take(offset, range.length, (held) => {
      for (let i = 0; i < count; i++) copy.missing.delete(first + i);
      // Until it is flushed it may lose this again.
      note(copy.unflushed[0]!, range);
      const after = (error: IoError): void => {
        if (error === OK && copy.life === life) this.counts.copiedBytes += range.length;
        else note(copy.missing, range);
        this.#lock.give(held);
        if (error === OK) this.#fillNext(copy, life);
        else if (copy.life === life) this.#fail(copy);
      };
      this.#copyRange(copy, range, after);
    });
  }

  /** From the first copy that has it: its holes become holes. */
  #copyRange(copy: Copy, range: Range, done: (error: IoError) => void): void {
    const source = this.#copies.find(({ state }) => state === 'in')!;
    const { life } = source;
    const retry = (error: IoError): void => {
      if (source.life === life && !this.#fail(source)) done(error);
      else this.#copyRange(copy, range, done);
    };
    const extents = new Extents(1);
    const found = (error: IoError): void => {
      if (source.life !== life) return retry(error);
      const isHole = extents.holes[0] === true && extents.lengths[0]! >= range.length;
      if (error === OK && isHole) copy.volume.zero({ ...EMPTY, ...range, done });
      else this.#copyBytes(source, copy, range, done, retry);
    };
    source.volume.status({ ...EMPTY, ...range, done: found }, extents);
  }

  #copyBytes(
    source: Copy,
    copy: Copy,
    range: Range,
    done: (error: IoError) => void,
    retry: (error: IoError) => void,
  ): void {
    const { life } = source;
    const io = { ...EMPTY, ...range, bytes: new Uint8Array(range.length) };
    source.volume.read({
      ...io,
      done: (error) => {
        if (error === OK && source.life === life) copy.volume.write({ ...io, done });
        else retry(error);
      },
    });
  }

  /** It has everything; durable before it counts as whole. */
  #filled(copy: Copy, life: number): void {
    copy.volume.flush({
      ...EMPTY,
      done: (error) => {
        if (copy.life !== life) return;
        if (error !== OK) return this.#fail(copy);
        if (copy.missing.size > 0) return this.#fillNext(copy, life);
        copy.state = 'in';
        this.counts.returns++;
        this.onChange(this.#copies.indexOf(copy), 'in');
        this.#note();
      },
    });
  }
}

const note = (regions: RegionSet, { offset, length }: Range): void => regions.add(offset, length);

const EMPTY = { offset: 0, length: 0, bytes: NOTHING, at: 0, fua: false, noHole: false };

const plain = ({ offset, length, bytes, at, fua, noHole }: Io) => ({
  ...{ offset, length, bytes, at, fua, noHole },
});
