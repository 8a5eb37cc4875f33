// A volume in memory: thin, made of chunks that snapshots and clones share until one of them writes. Nothing is
// durable, so a flush has nothing to do.

import { EPERM, type Extents, type Io, MOST_BYTES, OK, type OwnVolume } from './volume.js';

/** Bytes that are allocated, shared and copied as one. */
const CHUNK = 65536;

/** What is read where there is no chunk; nobody writes to it. */
const ZEROES = new Uint8Array(CHUNK);

/** A chunk, and the writer that alone may change it in place. */
interface Chunk {
  readonly bytes: Uint8Array;
  readonly writer: Writer;
}

/** Stands for one volume between two snapshots. */
interface Writer {
  readonly of: string;
}

export class MemoryVolume implements OwnVolume {
  readonly preferredBlock = 4096;
  readonly readsAtOnce = true;
  readonly writesInPieces = true;
  #size = 0;
  #chunks: (Chunk | undefined)[] = [];
  #writer: Writer;
  #count = 0;

  /** @throws RangeError for a size that cannot be */
  constructor(
    size: number,
    readonly name = 'memory',
    readonly readOnly = false,
  ) {
    this.#writer = { of: name };
    this.resize(size);
  }

  get size(): number {
    return this.#size;
  }

  get allocated(): number {
    return this.#count * CHUNK;
  }

  resize(size: number): void {
    if (!(Number.isInteger(size) && size >= 0 && size <= MOST_BYTES))
      throw new RangeError(`a volume of ${size} bytes cannot be`);
    // What is cut off must read as zeroes when the volume grows again.
    if (size < this.#size) this.#clear(size, this.#size);
    this.#chunks.length = Math.ceil(size / CHUNK);
    this.#size = size;
  }

  /** The volume as it is now, sharing every chunk: a snapshot, or a clone that may be written. */
  clone(name: string, readOnly = false): MemoryVolume {
    const made = new MemoryVolume(this.#size, name, readOnly);
    made.#chunks = this.#chunks.slice();
    made.#count = this.#count;
    // From now on neither may change a chunk that both have.
    this.#writer = { of: this.name };
    return made;
  }

  // hot
  lend(offset: number): Uint8Array {
    const index = Math.floor(offset / CHUNK);
    return (this.#chunks[index]?.bytes ?? ZEROES).subarray(offset - index * CHUNK);
  }

  // hot
  read(io: Io): void {
    let { offset, at } = io;
    const end = offset + io.length;
    while (offset < end) {
      const index = Math.floor(offset / CHUNK);
      const from = offset - index * CHUNK;
      const size = Math.min(CHUNK - from, end - offset);
      const chunk = this.#chunks[index];
      if (chunk === undefined) io.bytes.fill(0, at, at + size);
      else io.bytes.set(chunk.bytes.subarray(from, from + size), at);
      offset += size;
      at += size;
    }
    io.done(OK);
  }

  // hot
  write(io: Io): void {
    if (this.readOnly) return io.done(EPERM);
    let { offset, at } = io;
    const end = offset + io.length;
    while (offset < end) {
      const index = Math.floor(offset / CHUNK);
      const from = offset - index * CHUNK;
      const size = Math.min(CHUNK - from, end - offset);
      this.#writable(index, size < CHUNK).set(io.bytes.subarray(at, at + size), from);
      offset += size;
      at += size;
    }
    io.done(OK);
  }

  copiesBefore(offset: number, length: number): number {
    let bytes = 0;
    for (let index = Math.floor(offset / CHUNK); index * CHUNK < offset + length; index++) {
      const chunk = this.#chunks[index];
      const isWhole = offset <= index * CHUNK && (index + 1) * CHUNK <= offset + length;
      if (chunk !== undefined && chunk.writer !== this.#writer && !isWhole) bytes += CHUNK;
    }
    return bytes;
  }

  flush(io: Io): void {
    io.done(OK);
  }

  zero(io: Io): void {
    if (this.readOnly) return io.done(EPERM);
    this.#clear(io.offset, io.offset + io.length, io.noHole);
    io.done(OK);
  }

  trim(io: Io): void {
    this.zero(io);
  }

  status(io: Io, extents: Extents): void {
    let { offset } = io;
    const end = offset + io.length;
    while (offset < end) {
      const index = Math.floor(offset / CHUNK);
      const to = Math.min(end, (index + 1) * CHUNK);
      if (!extents.add(to - offset, this.#chunks[index] === undefined)) break;
      offset = to;
    }
    io.done(OK);
  }

  #clear(offset: number, end: number, noHole = false): void {
    while (offset < end) {
      const index = Math.floor(offset / CHUNK);
      const to = Math.min(end, (index + 1) * CHUNK);
      const whole = to - offset === CHUNK;
      if (noHole || (!whole && this.#chunks[index] !== undefined)) {
        const from = offset - index * CHUNK;
        this.#writable(index, !whole).fill(0, from, from + to - offset);
      } else if (whole) this.#drop(index);
      offset = to;
    }
  }

  #drop(index: number): void {
    if (this.#chunks[index] === undefined) return;
    this.#chunks[index] = undefined;
    this.#count--;
  }

  /** The bytes of a chunk that may be changed; `keep`: what is in it now counts. */
  #writable(index: number, keep: boolean): Uint8Array {
    const chunk = this.#chunks[index];
    if (chunk?.writer === this.#writer) return chunk.bytes;
    const bytes = chunk && keep ? chunk.bytes.slice() : new Uint8Array(CHUNK);
    if (chunk === undefined) this.#count++;
    this.#chunks[index] = { bytes, writer: this.#writer };
    return bytes;
  }
}
