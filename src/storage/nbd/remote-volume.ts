// A volume that is an export of another NBD server, for us alone. When the connection breaks, it connects again, and sends
// once more what was not answered, and before it what was acknowledged but not flushed; who waits sees nothing but time.

import { type HeldRange, RangeLock } from '../range-lock.js';
import {
  EINVAL,
  EIO,
  EPERM,
  ESHUTDOWN,
  type Extents,
  type Io,
  type IoError,
  OK,
  type Volume,
} from '../volume.js';
import type { Exported } from './client-handshake.js';
import type { Pending } from './client-session.js';
import { RemoteLink } from './remote-link.js';
import type { NbdUri } from './uri.js';
import { CMD_BLOCK_STATUS, CMD_FLUSH, CMD_READ, CMD_WRITE, CMD_WRITE_ZEROES } from './words.js';
import { Replay, WriteLog } from './write-log.js';

/** Requests that are with the server at once; further ones wait here. */
const MOST_SENT = 128;
/** So long requests wait for a server that is gone, or that is silent. */
export const PATIENCE_MS = 30_000;
/** Longest command without data: its length is 32 bits, and a multiple of any block. */
const MOST_LENGTH = 2 ** 30;
/** What is written where a server cannot write zeroes by itself. */
const ZEROES = new Uint8Array(1024 * 1024);

export interface RemoteOptions {
  readonly patienceMs?: number;
  /** Told of lost connections and of new ones. */
  readonly onChange?: (what: string) => void;
}

interface Request extends Pending {
  /** What a change holds, so that none that overlaps with it is sent before it is answered. */
  held?: HeldRange;
  /** Of a flush: up to where it makes the log needless. */
  covers?: number;
}

export class RemoteVolume implements Volume {
  readonly readsAtOnce = false;
  /** Connections that were made after the first, and writes that were sent again although they had been acknowledged. */
  readonly counts = { reconnects: 0, repeated: 0 };
  readonly #link: RemoteLink<Request>;
  #exported: Exported | undefined;
  /** Connected, and all that was logged is there again. */
  #isReady = false;
  #isClosed = false;
  #isFenced = false;
  /** Changes that overlap are done one after the other. */
  readonly #lock = new RangeLock();
  /** With the server, and waiting, each in the order in which they came. */
  readonly #sent = new Set<Request>();
  #waiting: Request[] = [];
  readonly #log = new WriteLog();
  #isFlushingLog = false;
  #opened: ((why?: string) => void) | undefined;

  /** Connects for the first time. @throws Error that says why it cannot be */
  static async open(uri: NbdUri, options: RemoteOptions = {}): Promise<RemoteVolume> {
    const volume = new RemoteVolume(uri, options);
    await new Promise<void>((resolve, reject) => {
      volume.#opened = (why) => {
        if (why === undefined) return resolve();
        volume.close();
        reject(new RangeError(why));
      };
      volume.#link.connect();
    });
    return volume;
  }

  private constructor(
    readonly uri: NbdUri,
    readonly options: RemoteOptions,
  ) {
    this.#link = new RemoteLink(uri, options.patienceMs ?? PATIENCE_MS, {
      up: (exported) => this.#up(exported),
      answered: (request, error) => this.#answered(request, error),
      down: (why) => this.#down(why),
      spent: () => this.#giveUp(EIO),
    });
  }

  get size(): number {
    return this.#exported!.size;
  }

  get readOnly(): boolean {
    return this.#exported!.readOnly;
  }

  get preferredBlock(): number {
    return this.#exported!.preferredBlock;
  }

  get minimumBlock(): number {
    return this.#exported!.minimumBlock;
  }

  /** Without it nobody knows when what was written is durable. */
  get canFlush(): boolean {
    return this.#exported!.canFlush;
  }

  /** Requests go to the server, instead of waiting for it. */
  get isConnected(): boolean {
    return this.#isReady;
  }

  /** Something that was acknowledged could not be written again: all is refused, for what is read may be old. */
  get isFenced(): boolean {
    return this.#isFenced;
  }

  read(io: Io): void {
    this.#inPieces(io, this.#mostData, (piece) =>
      this.#request({ command: CMD_READ, io: withoutFlags(piece), error: OK }),
    );
  }

  write(io: Io): void {
    this.#inPieces(io, this.#mostData, (piece) => {
      // The caller's bytes are his again when this returns.
      const data = piece.bytes.slice(piece.at, piece.at + piece.length);
      this.#change({ command: CMD_WRITE, io: piece, data, error: OK });
    });
  }

  zero(io: Io): void {
    if (this.#exported!.canZero)
      return this.#inPieces(io, MOST_LENGTH, (piece) =>
        this.#change({ command: CMD_WRITE_ZEROES, io: piece, error: OK }),
      );
    const most = Math.min(this.#mostData, ZEROES.length);
    const written = { ...io, noHole: false, done: (error: IoError) => io.done(error) };
    this.#inPieces(written, most, (piece) => {
      const data = ZEROES.subarray(0, piece.length);
      this.#change({ command: CMD_WRITE, io: piece, data, error: OK });
    });
  }

  trim(io: Io): void {
    // Whole blocks must read as zeroes afterwards, which NBD does not promise of TRIM.
    this.zero(io);
  }

  flush(io: Io): void {
    if (!this.#exported!.canFlush) return io.done(OK);
    // NBD: a flush has neither offset nor length.
    const own = { ...withoutFlags(io), offset: 0, length: 0 };
    this.#request({ command: CMD_FLUSH, io: own, error: OK, covers: 0 });
  }

  status(io: Io, extents: Extents): void {
    if (this.#exported!.contextId === undefined) {
      extents.add(io.length, false);
      return io.done(OK);
    }
    // A server may always answer for less than it was asked.
    const length = Math.min(io.length, MOST_LENGTH);
    const asked = { ...withoutFlags(io), length };
    this.#request({ command: CMD_BLOCK_STATUS, io: asked, extents, error: OK });
  }

  /** Longest READ or WRITE of whole blocks. */
  get #mostData(): number {
    const { mostPayload, minimumBlock } = this.#exported!;
    return Math.max(minimumBlock, mostPayload - (mostPayload % minimumBlock));
  }

  /** Does a request that is longer than the server takes in several. */
  #inPieces(io: Io, most: number, act: (piece: Io) => void): void {
    if (io.length <= most) return act(io);
    let left = Math.ceil(io.length / most);
    let outcome: IoError = OK;
    const done = (error: IoError) => {
      outcome ||= error;
      if (--left === 0) io.done(outcome);
    };
    for (let from = 0; from < io.length; from += most) {
      const length = Math.min(most, io.length - from);
      act({ ...io, offset: io.offset + from, length, at: io.at + from, done });
    }
  }

  #change(request: Request): void {
    const { io } = request;
    const exported = this.#exported!;
    if (exported.readOnly) return io.done(EPERM);
    // FUA for a server that has none: a flush behind the write.
    const through = io.fua && !exported.canFua;
    const own = through ? { ...io, fua: false, done: this.#flushThen(io) } : io;
    this.#lock.take(io.offset, io.length, (held) => this.#request({ ...request, io: own, held }));
  }

  #flushThen(io: Io): (error: IoError) => void {
    return (error) => {
      if (error !== OK) io.done(error);
      else this.flush({ ...io, done: (outcome) => io.done(outcome) });
    };
  }

  #request(request: Request): void {
    const { io } = request;
    const { minimumBlock } = this.#exported!;
    if (this.#isClosed) return this.#refuse(request, ESHUTDOWN);
    if (this.#isFenced || this.#link.isSpent) return this.#refuse(request, EIO);
    if (io.offset % minimumBlock !== 0 || io.length % minimumBlock !== 0)
      return this.#refuse(request, EINVAL);
    this.#waiting.push(request);
    this.#submit();
  }

  /** Not within the call: who asks again and again must not keep the server's answer from being heard. */
  #refuse(request: Request, error: IoError): void {
    setImmediate(() => this.#end(request, error));
  }

  // hot
  #submit(): void {
    while (this.#isReady && this.#sent.size < MOST_SENT) {
      const [next] = this.#waiting;
      if (next === undefined) return;
      if (next.held && this.#log.isFull) return this.#flushLog();
      this.#waiting.shift();
      if (next.covers !== undefined) next.covers = this.#log.time;
      this.#sent.add(next);
      this.#link.send(next);
    }
  }

  #answered(request: Request, error: IoError): void {
    const isReplay = !this.#sent.delete(request);
    // A server that ends answers so; another one may take its place.
    if (error === ESHUTDOWN && !this.#isClosed) {
      if (!isReplay) this.#sent.add(request);
      return this.#link.drop('the server shuts down');
    }
    this.#end(request, error);
    this.#submit();
  }

  /** Tells whoever has asked. */
  #end({ command, io, data, held, covers }: Request, error: IoError): void {
    if (held) {
      if (error === OK && this.canFlush) this.#log.add(command, io, data);
      if (this.#log.isLong) this.#flushLog();
      this.#lock.give(held);
    }
    if (covers !== undefined && error === OK) this.#log.forget(covers);
    io.done(error);
  }

  #flushLog(): void {
    if (this.#isFlushingLog || !this.#isReady) return;
    this.#isFlushingLog = true;
    const done = (error: IoError) => {
      this.#isFlushingLog = false;
      // Without a flush there is no room for what waits.
      if (error !== OK) this.#giveUp(error);
    };
    const io = { offset: 0, length: 0, bytes: ZEROES, at: 0, fua: false, noHole: false, done };
    this.#waiting.unshift({ command: CMD_FLUSH, io, error: OK, covers: 0 });
    this.#submit();
  }

  #up(exported: Exported): boolean {
    const before = this.#exported;
    if (before && !isSame(before, exported)) return false;
    this.#exported = exported;
    if (before === undefined) {
      this.#isReady = true;
      this.#opened?.();
      this.#opened = undefined;
      return true;
    }
    const repeated = this.#log.entries.length;
    this.counts.reconnects++;
    this.counts.repeated += repeated;
    const open = `${this.#waiting.length} open and ${repeated} unflushed requests are sent again`;
    this.options.onChange?.(`connected again; ${open}`);
    const replay = new Replay(
      this.#log,
      MOST_SENT,
      ({ command, data }, io) => this.#link.send({ command, io, ...(data && { data }), error: OK }),
      () => {
        this.#isReady = true;
        this.#submit();
      },
      (error) => this.#fence(error),
    );
    // The link is up when this returns.
    queueMicrotask(() => replay.go());
    return true;
  }

  #fence(error: IoError): void {
    this.#isFenced = true;
    this.options.onChange?.(
      `what was acknowledged cannot be written again (error ${error}): all else is refused`,
    );
    this.#giveUp(EIO);
  }

  #down(why: string): void {
    this.#isReady = false;
    if (this.#opened) return this.#opened(why);
    for (const request of this.#sent) {
      request.error = OK;
      if (!request.extents) continue;
      request.extents.lengths.length = 0;
      request.extents.holes.length = 0;
    }
    this.#waiting = [...this.#sent, ...this.#waiting];
    this.#sent.clear();
    if (!this.#isClosed) this.options.onChange?.(why);
  }

  #giveUp(error: IoError): void {
    for (const request of this.#waiting.splice(0)) this.#end(request, error);
  }

  /** What is open is answered with ESHUTDOWN; who wants it to be done flushes before. */
  close(): void {
    this.#isClosed = true;
    this.#isReady = false;
    this.#link.close();
    this.#waiting = [...this.#sent, ...this.#waiting];
    this.#sent.clear();
    this.#giveUp(ESHUTDOWN);
  }
}

const isSame = (a: Exported, b: Exported): boolean =>
  a.size === b.size &&
  a.readOnly === b.readOnly &&
  a.canFlush === b.canFlush &&
  a.minimumBlock === b.minimumBlock;

/** Flags are for changes: a server may refuse them elsewhere. */
const withoutFlags = (io: Io): Io => ({
  ...io,
  fua: false,
  noHole: false,
  done: (error) => io.done(error),
});
