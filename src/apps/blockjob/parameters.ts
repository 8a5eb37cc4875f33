// What a block job is asked for, by fio's names and with its defaults where it has some.

export const blockPatterns = ['read', 'write', 'rw', 'randread', 'randwrite', 'randrw'] as const;
/** In order or anywhere; reading, writing or both. */
export type BlockPattern = (typeof blockPatterns)[number];

export interface BlockJobOptions {
  readonly rw: BlockPattern;
  /** Bytes of each request; of several sizes each is as likely. 4096 unless given. */
  readonly blockSizes?: readonly number[];
  /** Requests under way at once, of each job; 1 unless given. */
  readonly depth?: number;
  /** Threads, each with a part of the disk of its own. */
  readonly jobs?: number;
  /** Of 'rw' and 'randrw': how many of a hundred are reads; 50 unless given. */
  readonly readPercent?: number;
  /** Bytes of the disk that each job uses; 4 MiB unless given, at least four times the largest request. */
  readonly areaBytes?: number;
  /** From a request's end to the next one's beginning. */
  readonly thinkNs?: number;
  /** Requests of each job that count; or for how long they are made. One of the two; 1000 requests unless given. */
  readonly operations?: number;
  readonly durationNs?: number;
  /** Fewer operations where they would move more bytes than this (io_size), but some all the same. */
  readonly bytes?: number;
  /** Requests of each job that go before and do not count. */
  readonly warmUp?: number;
  /** A flush after every so many writes (fsync); 0: none. */
  readonly flushEvery?: number;
  /** Every write is durable when it is done. */
  readonly fua?: boolean;
  /** Every block that is read must hold what was last written there; true unless given. */
  readonly verify?: boolean;
}

/** A job with everything decided. */
export interface BlockJobParameters
  extends Required<Omit<BlockJobOptions, 'durationNs' | 'bytes'>> {
  readonly durationNs: number | undefined;
  readonly isRandom: boolean;
  readonly reads: boolean;
  readonly writes: boolean;
}

const DEFAULT_BLOCK = 4096;
const DEFAULT_OPERATIONS = 1000;
const DEFAULT_READS = 50;
const LEAST_AREA = 4 << 20;
/** An area holds so many of the largest requests, so that few meet. */
const REQUESTS_IN_AREA = 4;
/** With so many under way, as many places again are free for the next. */
const ROOM = 2;
const SECTOR = 512;
const MOST_BLOCK = 64 << 20;
const MOST_DEPTH = 4096;
const MOST_JOBS = 256;
const MOST_OPERATIONS = 100_000_000;
const ALL = 100;

/** @throws RangeError that names what cannot be */
export function blockJobParameters(given: BlockJobOptions): BlockJobParameters {
  const { rw, blockSizes = [DEFAULT_BLOCK], durationNs } = given;
  if (durationNs !== undefined && given.operations !== undefined)
    throw new RangeError('operations: there is a duration as well; leave out one of them');
  if (blockSizes.length === 0) throw new RangeError('block-size: expected at least one');
  for (const size of blockSizes) {
    whole('block-size', size, SECTOR, MOST_BLOCK);
    if (size % SECTOR !== 0)
      throw new RangeError(`block-size: expected a multiple of ${SECTOR}, found ${size}`);
  }
  const depth = whole('depth', given.depth ?? 1, 1, MOST_DEPTH);
  const largest = Math.max(...blockSizes);
  const least = largest * Math.max(REQUESTS_IN_AREA, ROOM * depth);
  const areaBytes = given.areaBytes ?? Math.max(LEAST_AREA, least);
  if (areaBytes < largest * (depth + 1))
    throw new RangeError(
      `area: ${areaBytes} bytes do not hold ${depth} requests of ${largest} bytes at once, and one more`,
    );
  const isMixed = rw === 'rw' || rw === 'randrw';
  return {
    rw,
    blockSizes,
    depth,
    jobs: whole('jobs', given.jobs ?? 1, 1, MOST_JOBS),
    readPercent: whole('read-percent', given.readPercent ?? DEFAULT_READS, 0, ALL),
    areaBytes: Math.ceil(areaBytes / largest) * largest,
    thinkNs: given.thinkNs ?? 0,
    operations: durationNs === undefined ? operationsOf(given, largest, depth) : MOST_OPERATIONS,
    durationNs,
    warmUp: whole('warm-up', given.warmUp ?? Math.max(LEAST_WARM_UP, depth), 0, MOST_OPERATIONS),
    flushEvery: whole('flush-every', given.flushEvery ?? 0, 0, MOST_OPERATIONS),
    fua: given.fua ?? false,
    verify: given.verify ?? true,
    isRandom: rw.startsWith('rand'),
    reads: isMixed || rw.endsWith('read'),
    writes: isMixed || rw.endsWith('write'),
  };
}

const LEAST_WARM_UP = 8;
/** Each place of the queue is used some times, however few bytes there are to be. */
const LEAST_ROUNDS = 8;

function operationsOf(given: BlockJobOptions, largest: number, depth: number): number {
  const asked = whole('operations', given.operations ?? DEFAULT_OPERATIONS, 1, MOST_OPERATIONS);
  if (given.bytes === undefined) return asked;
  return Math.min(asked, Math.max(LEAST_ROUNDS * depth, Math.floor(given.bytes / largest)));
}

function whole(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name}: expected a whole number from ${least} to ${most}, found ${value}`);
}
