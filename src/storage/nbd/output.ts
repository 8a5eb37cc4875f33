// Bytes that wait to be sent. Short replies are written one after the other into a large buffer and leave it by one
// write; long ones have a buffer of their own. Buffers are used again when the stream has taken their bytes.

/** Replies are gathered up to this size. */
const GATHERED = 256 * 1024;
/** Bytes of free buffers that are kept. */
const MOST_KEPT = 64 * 1024 * 1024;
/** Smallest buffer of its own: below, gathering is cheaper. */
const LEAST = 4096;

/** Buffers by the power of two that is their size. */
export class Buffers {
  readonly #free: Uint8Array[][] = [];
  #kept = 0;

  take(size: number): Uint8Array {
    const order = Math.max(0, Math.ceil(Math.log2(size / LEAST)));
    const found = this.#free[order]?.pop();
    if (found === undefined) return new Uint8Array(LEAST * 2 ** order);
    this.#kept -= found.length;
    return found;
  }

  give(buffer: Uint8Array): void {
    if (this.#kept + buffer.length > MOST_KEPT) return;
    const order = Math.round(Math.log2(buffer.length / LEAST));
    this.#free[order] ??= [];
    this.#free[order]!.push(buffer);
    this.#kept += buffer.length;
  }
}

/** Bytes of `buffer` that are next in the stream. */
export interface Piece {
  readonly buffer: Uint8Array;
  readonly at: number;
  readonly end: number;
  /** The buffer is free once these bytes have been taken. */
  readonly last: boolean;
}

export class Output {
  /** Where the next short reply goes: `bytes` from `at`, after `reserve`. */
  bytes: Uint8Array;
  at = 0;
  #from = 0;
  #pieces: Piece[] = [];
  /** Bytes handed out or waiting, which the stream has not taken. */
  waiting = 0;

  constructor(readonly buffers: Buffers) {
    this.bytes = buffers.take(GATHERED);
  }

  get empty(): boolean {
    return this.#pieces.length === 0 && this.at === this.#from;
  }

  /** May a reply of `size` bytes be gathered with others? */
  gathers(size: number): boolean {
    return size <= GATHERED / 4;
  }

  /** Makes room for `size` bytes from `this.at` on; whoever writes them calls `commit`. */
  // hot
  reserve(size: number): void {
    if (this.at + size <= GATHERED) return;
    this.#cut(true);
    this.bytes = this.buffers.take(GATHERED);
    this.at = 0;
    this.#from = 0;
  }

  // hot
  commit(size: number): void {
    this.at += size;
    this.waiting += size;
  }

  /** A short message whole. */
  write(message: Uint8Array): void {
    this.reserve(message.length);
    this.bytes.set(message, this.at);
    this.commit(message.length);
  }

  /** The first `size` bytes of a buffer taken from `buffers` are next in the stream. */
  attach(buffer: Uint8Array, size: number): void {
    this.#cut(false);
    this.#pieces.push({ buffer, at: 0, end: size, last: true });
    this.waiting += size;
  }

  /** Bytes of somebody else, who does not change them until they are sent. */
  borrow(bytes: Uint8Array): void {
    this.#cut(false);
    this.#pieces.push({ buffer: bytes, at: 0, end: bytes.length, last: false });
    this.waiting += bytes.length;
  }

  /** What is to be sent now, in order. */
  take(): Piece[] {
    this.#cut(false);
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }

  /** The stream has taken the bytes of a piece. */
  sent(piece: Piece): void {
    this.waiting -= piece.end - piece.at;
    if (piece.last) this.buffers.give(piece.buffer);
    // With all bytes gone the buffer can be filled from its start again, which stays in the processor's cache.
    else if (this.waiting === 0 && piece.buffer === this.bytes) {
      this.at = 0;
      this.#from = 0;
    }
  }

  #cut(last: boolean): void {
    if (this.at === this.#from && !last) return;
    this.#pieces.push({ buffer: this.bytes, at: this.#from, end: this.at, last });
    this.#from = this.at;
  }
}
