// What a volume is to everybody who reads and writes one: servers, devices, other volumes. A call hands over an Io; its
// `done` is called once, within the call or later. No clock, no sockets, no promises.

/** What became of an operation: 0, or an error by the number that NBD gives it ("Error values"), which is errno's. */
export type IoError = number;
export const OK = 0;
export const EPERM = 1;
export const EIO = 5;
export const ENOMEM = 12;
export const EINVAL = 22;
export const ENOSPC = 28;
export const EOVERFLOW = 75;
export const ENOTSUP = 95;
export const ESHUTDOWN = 108;
export const ECANCELED = 125;

/** One operation; its owner may use it again after `done`. */
export interface Io {
  /** First byte in the volume, and bytes. Who hands over an Io has held both to the volume's size. */
  offset: number;
  length: number;
  /**
   * What is written, or where what is read goes: `length` bytes from `at`. Bytes to write are taken before the call
   * returns; where bytes are read to stays the volume's until `done`.
   */
  bytes: Uint8Array;
  at: number;
  /** Force unit access: done means durable. */
  fua: boolean;
  /** Of `zero`: storage stays allocated. */
  noHole: boolean;
  done(error: IoError): void;
}

/** The same write for later, with bytes of its own: those of `io` are the caller's again when the call returns. */
export function heldWrite(io: Io): Io {
  const { offset, length, bytes, at, fua, noHole } = io;
  const own = bytes.slice(at, at + length);
  return { offset, length, bytes: own, at: 0, fua, noHole, done: (error) => io.done(error) };
}

/** What block status finds, from `Io.offset` on; made by who asks, which says how many extents it wants. */
export class Extents {
  readonly lengths: number[] = [];
  /** True: nothing is stored there, and zeroes are read. */
  readonly holes: boolean[] = [];

  constructor(public most = Infinity) {}

  /** Adds to the last extent where it is of the same kind; false when there is no room for more. */
  add(length: number, hole: boolean): boolean {
    const last = this.lengths.length - 1;
    if (last >= 0 && this.holes[last] === hole) {
      this.lengths[last]! += length;
      return true;
    }
    if (this.lengths.length >= this.most) return false;
    this.lengths.push(length);
    this.holes.push(hole);
    return true;
  }
}

export interface Volume {
  /** Bytes. Grows and shrinks by `resize` alone. */
  readonly size: number;
  readonly readOnly: boolean;
  /** Operations that begin and end on multiples of it are the quickest. */
  readonly preferredBlock: number;
  /** Operations must begin and end on multiples of it; 1 unless given. */
  readonly minimumBlock?: number;
  /** Reads are done within the call, so that they may go straight to their place in a reply. */
  readonly readsAtOnce: boolean;
  /** Writes are done within the call, and a write in pieces of any size is as good as one. */
  readonly writesInPieces?: boolean;
  /** Bytes from there on as they lie in memory, as many as lie in a row; a later write may change them. */
  lend?(offset: number): Uint8Array;
  /** Bytes that a write there copies first, because a snapshot has them, too; 0 where there is no such method. */
  copiesBefore?(offset: number, length: number): number;
  read(io: Io): void;
  write(io: Io): void;
  /** Done when everything is durable that was done before the call, whoever asked for it. */
  flush(io: Io): void;
  /** The bytes read as zeroes afterwards. */
  zero(io: Io): void;
  /** The bytes are of no more use: whole blocks read as zeroes afterwards, the rest may stay. */
  trim(io: Io): void;
  status(io: Io, extents: Extents): void;
  /** Stops an operation that waits: it is done, with ECANCELED, and has changed nothing. False where it goes on. */
  cancel?(io: Io): boolean;
}

/** A volume that keeps its own data. */
export interface OwnVolume extends Volume {
  /** Bytes that it holds alone or shares with others. */
  readonly allocated: number;
  /** @throws RangeError for a size that cannot be */
  resize(size: number): void;
}

/** Largest volume: offsets are exact numbers, and 48 bits on disk. */
export const MOST_BYTES = 2 ** 47;

/** An operation for which somebody waits with a promise; for tools and tests, not for data paths. */
export function operate(
  volume: Volume,
  kind: 'read' | 'write' | 'flush' | 'zero' | 'trim',
  given: Partial<Omit<Io, 'done'>> = {},
): Promise<IoError> {
  return new Promise((done) => {
    const bytes = given.bytes ?? new Uint8Array(0);
    const defaults = { offset: 0, length: bytes.length, bytes, at: 0, fua: false, noHole: false };
    volume[kind]({ ...defaults, ...given, done });
  });
}
