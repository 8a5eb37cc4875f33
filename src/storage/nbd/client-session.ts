// The client's side of one NBD connection as a machine: bytes in by `receive`, requests by `send`, bytes out through
// `output`. It holds no request back and repeats none; who owns it does.

import {
  REQUEST_MAGIC,
  SIMPLE_REPLY_MAGIC,
  STRUCTURED_REPLY_MAGIC,
} from '../../../protocols/nbd/constant.js';
import * as nbd from '../../../protocols/nbd/index.js';
import { EIO, type Extents, type Io, type IoError, OK } from '../volume.js';
import { ClientHandshake, type Exported } from './client-handshake.js';
import { type Buffers, Output } from './output.js';
import {
  CHUNK_BLOCK_STATUS,
  CHUNK_DONE,
  CHUNK_ERROR,
  CHUNK_NONE,
  CHUNK_OFFSET_DATA,
  CHUNK_OFFSET_HOLE,
  ChunkWords,
  CMD_READ,
  CMD_WRITE,
  FLAG_FUA,
  FLAG_NO_HOLE,
  MOST_PAYLOAD,
  OffsetWords,
  RequestWords,
  SimpleReplyWords,
} from './words.js';

/** A request until it is answered. */
export interface Pending {
  readonly command: number;
  readonly io: Io;
  readonly extents?: Extents;
  /** What a WRITE writes: kept, because it may have to be sent again. */
  readonly data?: Uint8Array;
  /** The first error that a chunk told. */
  error: IoError;
}

/** Chunks that carry more than headers, but no data that is read in pieces. */
const MOST_CHUNK = 1 << 20;
/** base:allocation: a hole that reads as zeroes; a hole alone may read as anything. */
const HOLE_AND_ZERO = 3;

export interface ClientEvents<P extends Pending> {
  ready(exported: Exported): void;
  answered(pending: P, error: IoError): void;
  /** The server breaks the protocol, or refuses: the connection is of no use. */
  failed(why: string): void;
}

export class NbdClientSession<P extends Pending = Pending> {
  readonly output: Output;
  #handshake: ClientHandshake | undefined;
  #contextId: number | undefined;
  readonly #open = new Map<number, P>();
  #cookie = 0;
  #failed = false;
  #part = new Uint8Array(64);
  #partSize = 0;
  /** A READ whose data is coming: where it goes, how much is missing. */
  #reading: P | undefined;
  #readingAt = 0;
  #missing = 0;
  /** The request is done when the data at hand has come. */
  #last = false;
  #lastCookie = 0;

  constructor(
    name: string,
    buffers: Buffers,
    readonly events: ClientEvents<P>,
  ) {
    this.output = new Output(buffers);
    this.#handshake = new ClientHandshake(name, this.output);
  }

  /** Requests that are not answered. */
  get open(): number {
    return this.#open.size;
  }

  /** Sends a request; it must be within what the export can do. */
  // hot
  send(pending: P): void {
    const { io, command } = pending;
    const cookie = ++this.#cookie;
    this.#open.set(cookie, pending);
    const { output } = this;
    output.reserve(RequestWords.size);
    const { bytes, at } = output;
    const { set } = RequestWords;
    set.magic(bytes, at, REQUEST_MAGIC);
    set.flags(bytes, at, (io.fua ? FLAG_FUA : 0) | (io.noHole ? FLAG_NO_HOLE : 0));
    set.type(bytes, at, command);
    set.cookieHigh(bytes, at, 0);
    set.cookieLow(bytes, at, cookie);
    set.offsetHigh(bytes, at, 0);
    set.offset(bytes, at, io.offset);
    set.length(bytes, at, io.length);
    output.commit(RequestWords.size);
    if (command !== CMD_WRITE) return;
    const data = pending.data!;
    if (output.gathers(data.length)) output.write(data);
    else output.borrow(data);
  }

  receive(b: Uint8Array, from = 0, end = b.length): void {
    let at = from;
    while (at < end && !this.#failed) {
      at = this.#missing > 0 ? this.#takeData(b, at, end) : this.#takeHead(b, at, end);
    }
  }

  #fail(why: string): void {
    this.#failed = true;
    this.events.failed(why);
  }

  /** Gathers a message up to its data. */
  #takeHead(b: Uint8Array, at: number, end: number): number {
    const size = this.#needs();
    if (size < 0) {
      this.#fail('what it sends is no NBD');
      return end;
    }
    const more = Math.min(size - this.#partSize, end - at);
    if (this.#part.length < size) {
      const larger = new Uint8Array(size);
      larger.set(this.#part.subarray(0, this.#partSize));
      this.#part = larger;
    }
    this.#part.set(b.subarray(at, at + more), this.#partSize);
    this.#partSize += more;
    if (this.#partSize < size || this.#needs() !== size) return at + more;
    const whole = this.#partSize;
    this.#partSize = 0;
    this.#message(whole);
    return at + more;
  }

  /** Bytes of the message of which `#part` is the beginning, without the data of reads; -1 when it is none. */
  #needs(): number {
    const b = this.#part;
    const have = this.#partSize;
    if (this.#handshake) return this.#handshake.needs(b, have);
    if (have < SimpleReplyWords.size) return SimpleReplyWords.size;
    const magic = SimpleReplyWords.get.magic(b, 0);
    if (magic === SIMPLE_REPLY_MAGIC) return SimpleReplyWords.size;
    if (magic !== STRUCTURED_REPLY_MAGIC) return -1;
    if (have < ChunkWords.size) return ChunkWords.size;
    const length = ChunkWords.get.length(b, 0);
    if (ChunkWords.get.type(b, 0) === CHUNK_OFFSET_DATA)
      return length < OffsetWords.size ? -1 : ChunkWords.size + OffsetWords.size;
    return length > MOST_CHUNK ? -1 : ChunkWords.size + length;
  }

  #message(size: number): void {
    if (this.#handshake) {
      const outcome = this.#handshake.take(this.#part, size);
      if (outcome === 'more') return;
      if ('refused' in outcome) return this.#fail(outcome.refused);
      this.#handshake = undefined;
      this.#contextId = outcome.contextId;
      return this.events.ready(outcome);
    }
    if (SimpleReplyWords.get.magic(this.#part, 0) === SIMPLE_REPLY_MAGIC) this.#simple();
    else this.#chunk(size);
  }

  #simple(): void {
    const { get } = SimpleReplyWords;
    const cookie = get.cookieLow(this.#part, 0);
    const pending = this.#open.get(cookie);
    if (!pending || get.cookieHigh(this.#part, 0) !== 0)
      return this.#fail('it answers what was not asked');
    const error = get.error(this.#part, 0);
    if (error === OK && pending.command === CMD_READ)
      return this.#expect(pending, cookie, pending.io.at, pending.io.length, true);
    pending.error ||= error;
    this.#finish(cookie, pending);
  }

  #expect(pending: P, cookie: number, at: number, size: number, last: boolean): void {
    this.#reading = pending;
    this.#readingAt = at;
    this.#missing = size;
    this.#last = last;
    this.#lastCookie = cookie;
    if (size === 0 && last) this.#finish(cookie, pending);
  }

  // hot
  #takeData(b: Uint8Array, at: number, end: number): number {
    const size = Math.min(this.#missing, end - at);
    this.#reading!.io.bytes.set(b.subarray(at, at + size), this.#readingAt);
    this.#readingAt += size;
    this.#missing -= size;
    if (this.#missing === 0 && this.#last) this.#finish(this.#lastCookie, this.#reading!);
    return at + size;
  }

  #finish(cookie: number, pending: P): void {
    this.#open.delete(cookie);
    this.events.answered(pending, pending.error);
  }

  #chunk(size: number): void {
    const { get } = ChunkWords;
    const b = this.#part;
    const cookie = get.cookieLow(b, 0);
    const pending = this.#open.get(cookie);
    if (!pending || get.cookieHigh(b, 0) !== 0) return this.#fail('it answers what was not asked');
    const done = (get.flags(b, 0) & CHUNK_DONE) !== 0;
    const type = get.type(b, 0);
    if (type === CHUNK_OFFSET_DATA) return this.#data(pending, cookie, done);
    const data = ChunkWords.size;
    if (type === CHUNK_OFFSET_HOLE && size === data + nbd.OffsetHole.size) this.#hole(pending);
    else if (type === CHUNK_BLOCK_STATUS && pending.extents) this.#status(pending.extents, size);
    else if (type >= CHUNK_ERROR && size >= data + nbd.Error.size)
      pending.error ||= nbd.Error.get.error(b, data) || EIO;
    else if (type !== CHUNK_NONE) return this.#fail('it sends a chunk that does not belong here');
    if (done && !this.#failed) this.#finish(cookie, pending);
  }

  /** Where in the buffer bytes of the export go; -1 when they are none of the request's. */
  #place(pending: Pending, offset: number, size: number): number {
    const { io } = pending;
    const inside = offset >= io.offset && offset + size <= io.offset + io.length;
    return inside && pending.command === CMD_READ ? io.at + offset - io.offset : -1;
  }

  #data(pending: P, cookie: number, done: boolean): void {
    const size = ChunkWords.get.length(this.#part, 0) - OffsetWords.size;
    const at = this.#place(pending, OffsetWords.get.offset(this.#part, ChunkWords.size), size);
    if (at < 0 || size > MOST_PAYLOAD) return this.#fail('it sends data that was not asked for');
    this.#expect(pending, cookie, at, size, done);
  }

  #hole(pending: Pending): void {
    const size = nbd.OffsetHole.get.size(this.#part, ChunkWords.size);
    const at = this.#place(pending, OffsetWords.get.offset(this.#part, ChunkWords.size), size);
    if (at < 0) return this.#fail('it sends a hole that was not asked for');
    pending.io.bytes.fill(0, at, at + size);
  }

  #status(extents: Extents, size: number): void {
    const b = this.#part;
    let at = ChunkWords.size;
    if (nbd.BlockStatus.get.contextId(b, at) !== this.#contextId) return;
    at += nbd.BlockStatus.size;
    for (; at + nbd.Extent.size <= size; at += nbd.Extent.size) {
      const hole = (nbd.Extent.get.status(b, at) & HOLE_AND_ZERO) === HOLE_AND_ZERO;
      if (!extents.add(nbd.Extent.get.length(b, at), hole)) break;
    }
  }
}
