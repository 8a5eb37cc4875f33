// The server's side of one NBD connection as a machine: bytes come in by `receive`, replies go out through `output`.
// Requests go to the volume as they come and are answered as they finish, in any order.

import { EINVAL, ENOSPC, EOVERFLOW, EPERM, type IoError, OK, type Volume } from '../volume.js';
import { ServerCounts } from './counts.js';
import type { Exports } from './export.js';
import { type Buffers, Output } from './output.js';
import { type Agreed, ServerHandshake } from './server-handshake.js';
import {
  chunkReply,
  isChunked,
  MOST_EXTENTS,
  Piece,
  REQUEST_MAGIC,
  readHead,
  ServerRequest,
  type Transmission,
  writeReadHead,
  writeSimple,
} from './server-request.js';
import {
  CMD_BLOCK_STATUS,
  CMD_CACHE,
  CMD_DISC,
  CMD_FLUSH,
  CMD_READ,
  CMD_TRIM,
  CMD_WRITE,
  CMD_WRITE_ZEROES,
  FLAG_DF,
  FLAG_FAST_ZERO,
  FLAG_FUA,
  FLAG_NO_HOLE,
  FLAG_REQ_ONE,
  MOST_PAYLOAD,
  RequestWords,
  SimpleReplyWords,
} from './words.js';

/** Requests with the volume, and bytes that wait to be sent: beyond either, no request is read. */
const MOST_OPEN = 1024;
const MOST_WAITING = 16 * 1024 * 1024;
/** Buffers of open requests count as waiting bytes, too. */
const HEAD = RequestWords.size;

/** Flags that each command may have (NBD: Command flags). */
const FLAGS: readonly number[] = [
  FLAG_FUA | FLAG_DF,
  FLAG_FUA,
  FLAG_FUA,
  FLAG_FUA,
  FLAG_FUA,
  FLAG_FUA,
  FLAG_FUA | FLAG_NO_HOLE | FLAG_FAST_ZERO,
  FLAG_FUA | FLAG_REQ_ONE,
];

export class NbdServerSession implements Transmission {
  readonly output: Output;
  /** Nothing more is wanted from the client; when the output is out, the connection ends. */
  ended = false;
  /** Something was put out by a volume that answered later. */
  onOutput: () => void = () => {};

  #handshake: ServerHandshake | undefined;
  #agreed: Agreed | undefined;
  #volume: Volume | undefined;
  #structured = false;
  /** A message of which a part has come. */
  #part = new Uint8Array(64);
  #partSize = 0;
  /** Bytes behind the last request that was taken: read while `stalled`. */
  #held: Uint8Array | undefined;
  /** The WRITE whose data is coming, and how many bytes of it are missing. */
  #writing: ServerRequest | undefined;
  #missing = 0;
  /** Bytes of a WRITE that was refused: they come all the same. */
  #unwanted = 0;
  #free: ServerRequest[] = [];
  #open = 0;
  #openBytes = 0;
  #receiving = false;
  readonly #piece = new Piece();

  constructor(
    exports: Exports,
    readonly buffers: Buffers,
    readonly counts = new ServerCounts(),
  ) {
    this.output = new Output(buffers);
    this.#handshake = new ServerHandshake(exports, this.output);
  }

  /** Too much is open or waits to be sent: what comes now is kept, and nobody should send more. */
  get stalled(): boolean {
    return this.#open >= MOST_OPEN || this.output.waiting + this.#openBytes > MOST_WAITING;
  }

  /** Requests that are with the volume. */
  get open(): number {
    return this.#open;
  }

  /** The export in use. */
  get chosen(): string | undefined {
    return this.#agreed?.chosen.name;
  }

  /** Takes bytes of the client; they are the caller's again afterwards. */
  receive(b: Uint8Array, from = 0, end = b.length): void {
    if (this.#held) return this.#hold(b, from, end);
    this.#receiving = true;
    let at = from;
    while (at < end && !this.ended) {
      if (this.#handshake) at = this.#haggle(this.#handshake, b, at, end);
      else if (this.#unwanted > 0 || this.#writing) at = this.#takeData(b, at, end);
      else if (this.stalled) {
        this.#hold(b, at, end);
        break;
      } else at = this.#takeRequest(b, at, end);
    }
    this.#receiving = false;
  }

  /** To be called when output was sent: goes on with what was kept. */
  resume(): void {
    if (!this.#held || this.stalled) return;
    const held = this.#held;
    this.#held = undefined;
    this.receive(held);
  }

  get holds(): boolean {
    return this.#held !== undefined;
  }

  #hold(b: Uint8Array, at: number, end: number): void {
    const before = this.#held ?? b.subarray(0, 0);
    const held = new Uint8Array(before.length + end - at);
    held.set(before);
    held.set(b.subarray(at, end), before.length);
    this.#held = held;
  }

  /** Gathers the next message of the handshake, and takes it when it is whole. */
  #haggle(handshake: ServerHandshake, b: Uint8Array, at: number, end: number): number {
    const size = handshake.needs(this.#part, 0, this.#partSize);
    const more = Math.min(size - this.#partSize, end - at);
    this.#gather(b, at, at + more, size);
    if (this.#partSize < size) return at + more;
    // A head may say that there is more.
    const whole = handshake.needs(this.#part, 0, this.#partSize);
    if (whole < 0) this.ended = true;
    if (whole !== size) return at + more;
    const outcome = handshake.take(this.#part, 0, size);
    this.#partSize = 0;
    if (outcome === 'gone') this.ended = true;
    else if (outcome !== 'more') this.#begin(outcome);
    return at + more;
  }

  #begin(agreed: Agreed): void {
    this.#handshake = undefined;
    this.#agreed = agreed;
    this.#volume = agreed.chosen.volume;
    this.#structured = agreed.structured;
  }

  #gather(b: Uint8Array, at: number, end: number, whole: number): void {
    if (this.#part.length < whole) {
      const larger = new Uint8Array(whole);
      larger.set(this.#part.subarray(0, this.#partSize));
      this.#part = larger;
    }
    this.#part.set(b.subarray(at, end), this.#partSize);
    this.#partSize += end - at;
  }

  // hot
  #takeRequest(b: Uint8Array, at: number, end: number): number {
    if (this.#partSize === 0 && end - at >= HEAD) return this.#request(b, at, b, at + HEAD, end);
    const to = Math.min(end, at + HEAD - this.#partSize);
    this.#gather(b, at, to, HEAD);
    if (this.#partSize < HEAD) return to;
    this.#partSize = 0;
    return this.#request(this.#part, 0, b, to, end);
  }

  /** A request whose head is in `h`; what follows it is in `b`. Returns where the next one begins. */
  // hot
  #request(h: Uint8Array, head: number, b: Uint8Array, at: number, end: number): number {
    const { get } = RequestWords;
    if (get.magic(h, head) !== REQUEST_MAGIC) {
      this.ended = true;
      return end;
    }
    const request = this.#free.pop() ?? new ServerRequest(this);
    const command = get.type(h, head);
    const flags = get.flags(h, head);
    request.command = command;
    request.cookieHigh = get.cookieHigh(h, head);
    request.cookieLow = get.cookieLow(h, head);
    request.offset = get.offset(h, head);
    request.length = get.length(h, head);
    request.fua = (flags & FLAG_FUA) !== 0;
    request.noHole = (flags & FLAG_NO_HOLE) !== 0;
    this.#open++;
    const error = this.#refusal(request, flags, get.offsetHigh(h, head));
    if (command === CMD_WRITE) return this.#write(request, error, b, at, end);
    if (error !== OK) this.finished(request, error);
    else this.#submit(request, flags);
    return at;
  }

  /** Why the request cannot be carried out. */
  // hot
  #refusal(request: ServerRequest, flags: number, offsetHigh: number): IoError {
    const { command, offset, length } = request;
    const volume = this.#volume!;
    const allowed = FLAGS[command];
    if (allowed === undefined || (flags & ~allowed) !== 0) return EINVAL;
    if (command === CMD_FLUSH || command === CMD_DISC) return OK;
    const changes = command === CMD_WRITE || command === CMD_TRIM || command === CMD_WRITE_ZEROES;
    if (changes && volume.readOnly) return EPERM;
    if (offsetHigh !== 0 || offset + length > volume.size) return changes ? ENOSPC : EINVAL;
    if (length > MOST_PAYLOAD && (command === CMD_READ || command === CMD_WRITE)) return EOVERFLOW;
    if (command === CMD_BLOCK_STATUS && (!this.#agreed!.allocation || length === 0)) return EINVAL;
    return OK;
  }

  // hot
  #write(r: ServerRequest, error: IoError, b: Uint8Array, at: number, end: number): number {
    if (error !== OK) {
      this.#unwanted = r.length;
      this.finished(r, error);
      return at;
    }
    if (end - at >= r.length) {
      r.bytes = b;
      r.at = at;
      const next = at + r.length;
      this.#volume!.write(r);
      return next;
    }
    this.#writing = r;
    this.#missing = r.length;
    if (this.#volume!.writesInPieces) return at;
    r.own = this.buffers.take(r.length);
    this.#openBytes += r.own.length;
    r.bytes = r.own;
    r.at = 0;
    return at;
  }

  // hot
  #takeData(b: Uint8Array, at: number, end: number): number {
    if (this.#unwanted > 0) {
      const skipped = Math.min(this.#unwanted, end - at);
      this.#unwanted -= skipped;
      return at + skipped;
    }
    const request = this.#writing!;
    const size = Math.min(this.#missing, end - at);
    const have = request.length - this.#missing;
    if (request.own) request.bytes.set(b.subarray(at, at + size), have);
    else this.#piece.write(this.#volume!, request.offset + have, b, at, size);
    this.#missing -= size;
    if (this.#missing > 0) return at + size;
    this.#writing = undefined;
    if (request.own) this.#volume!.write(request);
    else this.finished(request, this.#piece.outcome());
    return at + size;
  }

  // hot
  #submit(request: ServerRequest, flags: number): void {
    const volume = this.#volume!;
    switch (request.command) {
      case CMD_READ:
        return this.#read(request);
      case CMD_FLUSH:
        return volume.flush(request);
      case CMD_TRIM:
        return volume.trim(request);
      case CMD_WRITE_ZEROES:
        return volume.zero(request);
      case CMD_BLOCK_STATUS:
        request.extents.lengths.length = 0;
        request.extents.holes.length = 0;
        request.extents.most = (flags & FLAG_REQ_ONE) === 0 ? MOST_EXTENTS : 1;
        return volume.status(request, request.extents);
      case CMD_CACHE:
        return this.finished(request, OK);
      default:
        // DISC has no reply; what is open still happens.
        this.ended = true;
        this.#release(request);
    }
  }

  // hot
  #read(request: ServerRequest): void {
    const head = readHead(this.#structured);
    const size = head + request.length;
    if (request.length === 0) return this.finished(request, OK);
    if (this.#volume!.readsAtOnce && this.output.gathers(size)) {
      this.output.reserve(size);
      request.inPlace = true;
      request.bytes = this.output.bytes;
      request.at = this.output.at + head;
    } else if (this.#volume!.lend) return this.#lend(request);
    else {
      request.own = this.buffers.take(size);
      this.#openBytes += request.own.length;
      request.bytes = request.own;
      request.at = head;
    }
    this.#volume!.read(request);
  }

  /**
   * A long READ without a copy. Until the client has the reply its request is open, so that a write which changes the
   * bytes meanwhile is one that it sent at the same time.
   */
  #lend(request: ServerRequest): void {
    const { output } = this;
    const head = readHead(this.#structured);
    output.reserve(head);
    writeReadHead(output.bytes, output.at, request, this.#structured);
    output.commit(head);
    for (let sent = 0; sent < request.length; ) {
      const lent = this.#volume!.lend!(request.offset + sent);
      const size = Math.min(lent.length, request.length - sent);
      output.borrow(size === lent.length ? lent : lent.subarray(0, size));
      sent += size;
    }
    this.#count(request, OK);
    this.#release(request);
  }

  // hot
  finished(request: ServerRequest, error: IoError): void {
    this.#count(request, error);
    if (request.command === CMD_READ && error === OK && request.length > 0)
      this.#answerRead(request);
    else {
      if (isChunked(request, this.#structured)) this.output.write(chunkReply(request, error));
      else {
        this.output.reserve(SimpleReplyWords.size);
        writeSimple(this.output.bytes, this.output.at, request, error);
        this.output.commit(SimpleReplyWords.size);
      }
      if (request.own) this.#giveBack(request, true);
    }
    this.#release(request);
    if (!this.#receiving) this.onOutput();
  }

  // hot
  #answerRead(request: ServerRequest): void {
    const head = readHead(this.#structured);
    const at = request.at - head;
    writeReadHead(request.bytes, at, request, this.#structured);
    if (request.inPlace) this.output.commit(head + request.length);
    else {
      this.output.attach(request.bytes, head + request.length);
      this.#giveBack(request, false);
    }
  }

  /** The buffer is no longer the request's; `free`: nor anybody's. */
  #giveBack(request: ServerRequest, free: boolean): void {
    this.#openBytes -= request.own!.length;
    if (free) this.buffers.give(request.own!);
    request.own = undefined;
  }

  // hot
  #release(request: ServerRequest): void {
    request.inPlace = false;
    this.#open--;
    this.#free.push(request);
  }

  // hot
  #count({ command, length }: ServerRequest, error: IoError): void {
    const { counts } = this;
    if (error !== OK) counts.errors++;
    else if (command === CMD_READ) {
      counts.reads++;
      counts.bytesRead += length;
    } else if (command === CMD_WRITE) {
      counts.writes++;
      counts.bytesWritten += length;
    } else if (command === CMD_FLUSH) counts.flushes++;
    else counts.others++;
  }
}
