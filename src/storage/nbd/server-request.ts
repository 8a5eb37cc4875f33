// One request of a client while it is with the volume, and how its reply is written. Requests are used again.

import {
  REQUEST_MAGIC,
  SIMPLE_REPLY_MAGIC,
  STRUCTURED_REPLY_MAGIC,
} from '../../../protocols/nbd/constant.js';
import * as nbd from '../../../protocols/nbd/index.js';
import { Extents, type Io, type IoError, OK, type Volume } from '../volume.js';
import { CONTEXT_ID } from './server-handshake.js';
import {
  CHUNK_BLOCK_STATUS,
  CHUNK_DONE,
  CHUNK_ERROR,
  CHUNK_NONE,
  CHUNK_OFFSET_DATA,
  ChunkWords,
  CMD_BLOCK_STATUS,
  CMD_READ,
  OffsetWords,
  SimpleReplyWords,
} from './words.js';

export { REQUEST_MAGIC };

const NO_BYTES: Uint8Array = new Uint8Array(0);
/** Extents of one reply; the description lets a server answer for less than was asked. */
export const MOST_EXTENTS = 4096;
/** An error's text and all of its headers. */
const ERROR_SIZE = ChunkWords.size + nbd.Error.size;

/** Whom a request tells that it is done. */
export interface Transmission {
  finished(request: ServerRequest, error: IoError): void;
}

export class ServerRequest implements Io {
  command = 0;
  offset = 0;
  length = 0;
  bytes: Uint8Array = NO_BYTES;
  at = 0;
  fua = false;
  noHole = false;
  cookieHigh = 0;
  cookieLow = 0;
  /** A buffer of its own, which goes back when the request ends. */
  own: Uint8Array | undefined;
  /** The data goes straight to its place in the gathered output. */
  inPlace = false;
  readonly extents = new Extents(MOST_EXTENTS);

  constructor(readonly transmission: Transmission) {}

  done(error: IoError): void {
    this.transmission.finished(this, error);
  }
}

/** A part of a WRITE, written as it comes to a volume that takes writes in pieces. */
export class Piece implements Io {
  offset = 0;
  length = 0;
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  fua = false;
  noHole = false;
  #error: IoError = OK;

  // hot
  write(volume: Volume, offset: number, bytes: Uint8Array, at: number, length: number): void {
    this.offset = offset;
    this.bytes = bytes;
    this.at = at;
    this.length = length;
    volume.write(this);
  }

  done(error: IoError): void {
    this.#error ||= error;
  }

  /** What became of all pieces since it was last asked for. */
  outcome(): IoError {
    const error = this.#error;
    this.#error = OK;
    return error;
  }
}

/** Bytes in front of a READ's data. */
export const readHead = (structured: boolean): number =>
  structured ? ChunkWords.size + OffsetWords.size : SimpleReplyWords.size;

// hot
export function writeReadHead(b: Uint8Array, at: number, r: ServerRequest, s: boolean): void {
  if (!s) return writeSimple(b, at, r, OK);
  writeChunk(b, at, r, CHUNK_OFFSET_DATA, OffsetWords.size + r.length);
  OffsetWords.set.offsetHigh(b, at + ChunkWords.size, 0);
  OffsetWords.set.offset(b, at + ChunkWords.size, r.offset);
}

// hot
export function writeSimple(b: Uint8Array, at: number, r: ServerRequest, error: IoError): void {
  const { set } = SimpleReplyWords;
  set.magic(b, at, SIMPLE_REPLY_MAGIC);
  set.error(b, at, error);
  set.cookieHigh(b, at, r.cookieHigh);
  set.cookieLow(b, at, r.cookieLow);
}

// hot
function writeChunk(b: Uint8Array, at: number, r: ServerRequest, type: number, size: number) {
  const { set } = ChunkWords;
  set.magic(b, at, STRUCTURED_REPLY_MAGIC);
  set.flags(b, at, CHUNK_DONE);
  set.type(b, at, type);
  set.cookieHigh(b, at, r.cookieHigh);
  set.cookieLow(b, at, r.cookieLow);
  set.length(b, at, size);
}

/** Only reads and status must be answered by chunks; simple replies are shorter. */
// hot
export const isChunked = (r: ServerRequest, structured: boolean): boolean =>
  structured && (r.command === CMD_READ || r.command === CMD_BLOCK_STATUS);

/** The chunk that answers a status request, a READ of nothing, or either where it failed. */
export function chunkReply(r: ServerRequest, error: IoError): Uint8Array {
  if (error !== OK) {
    const failed = new Uint8Array(ERROR_SIZE);
    writeChunk(failed, 0, r, CHUNK_ERROR, nbd.Error.size);
    nbd.Error.set.error(failed, ChunkWords.size, error);
    return failed;
  }
  return r.command === CMD_BLOCK_STATUS ? statusReply(r) : emptyReply(r);
}

/** A READ of nothing. */
function emptyReply(r: ServerRequest): Uint8Array {
  const none = new Uint8Array(ChunkWords.size);
  writeChunk(none, 0, r, CHUNK_NONE, 0);
  return none;
}

/** base:allocation: bit 0 a hole, bit 1 reads as zeroes. */
const HOLE_AND_ZERO = 3;

function statusReply(r: ServerRequest): Uint8Array {
  const { lengths, holes } = r.extents;
  const size = nbd.BlockStatus.size + lengths.length * nbd.Extent.size;
  const reply = new Uint8Array(ChunkWords.size + size);
  writeChunk(reply, 0, r, CHUNK_BLOCK_STATUS, size);
  let at = ChunkWords.size;
  nbd.BlockStatus.set.contextId(reply, at, CONTEXT_ID);
  at += nbd.BlockStatus.size;
  for (let i = 0; i < lengths.length; i++) {
    nbd.Extent.set.length(reply, at, lengths[i]!);
    nbd.Extent.set.status(reply, at, holes[i] ? HOLE_AND_ZERO : 0);
    at += nbd.Extent.size;
  }
  return reply;
}
