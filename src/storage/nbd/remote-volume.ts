// A volume that is an export of another NBD server. When the connection breaks, it connects again and sends once more
// what was not answered; who waits sees nothing but time. What the server had acknowledged without a flush is the
// server's to keep.

import { createConnection, type Socket } from 'node:net';
import {
  EINVAL,
  EIO,
  EOVERFLOW,
  EPERM,
  ESHUTDOWN,
  type Extents,
  type Io,
  type IoError,
  OK,
  type Volume,
} from '../volume.js';
import type { Exported } from './client-handshake.js';
import { NbdClientSession, type Pending } from './client-session.js';
import { Buffers } from './output.js';
import type { NbdUri } from './uri.js';
import {
  CMD_BLOCK_STATUS,
  CMD_FLUSH,
  CMD_READ,
  CMD_TRIM,
  CMD_WRITE,
  CMD_WRITE_ZEROES,
} from './words.js';

/** Requests that are with the server at once; further ones wait here. */
const MOST_SENT = 128;
/** Pauses between attempts to connect: doubled up to the longest. */
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1000;
/** So long requests wait for a server that is gone. */
const PATIENCE_MS = 30_000;

export interface RemoteOptions {
  readonly patienceMs?: number;
  /** Told of lost connections and of new ones. */
  readonly onChange?: (what: string) => void;
}

export class RemoteVolume implements Volume {
  readonly readsAtOnce = false;
  /** Connections that were made after the first. */
  reconnects = 0;
  #exported: Exported | undefined;
  #socket: Socket | undefined;
  #session: NbdClientSession | undefined;
  #ready = false;
  #closed = false;
  #pauseMs = FIRST_PAUSE_MS;
  #goneSince = Date.now();
  #timer: NodeJS.Timeout | undefined;
  /** With the server, and waiting, each in the order in which they came. */
  readonly #sent = new Set<Pending>();
  #waiting: Pending[] = [];
  readonly #buffers = new Buffers();
  #sending = false;

  /** Connects for the first time. @throws Error that says why it cannot be */
  static async open(uri: NbdUri, options: RemoteOptions = {}): Promise<RemoteVolume> {
    const volume = new RemoteVolume(uri, options);
    await new Promise<void>((resolve, reject) => {
      volume.#opened = (why) => (why === undefined ? resolve() : reject(new RangeError(why)));
      volume.#connect();
    });
    return volume;
  }

  #opened: ((why?: string) => void) | undefined;

  private constructor(
    readonly uri: NbdUri,
    readonly options: RemoteOptions,
  ) {}

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

  read(io: Io): void {
    this.#request({ command: CMD_READ, io, error: OK });
  }

  write(io: Io): void {
    // The caller's bytes are his again when this returns.
    const data = io.bytes.slice(io.at, io.at + io.length);
    this.#request({ command: CMD_WRITE, io, data, error: OK });
  }

  flush(io: Io): void {
    const { length, offset } = io;
    if (!this.#exported!.canFlush) return io.done(OK);
    const done = (error: IoError) => io.done(error);
    // NBD: a flush has neither offset nor length.
    const own = { ...io, offset: 0, length: 0, fua: false, done };
    this.#request({
      command: CMD_FLUSH,
      io: length + offset === 0 && !io.fua ? io : own,
      error: OK,
    });
  }

  zero(io: Io): void {
    if (this.#exported!.canZero) return this.#request({ command: CMD_WRITE_ZEROES, io, error: OK });
    this.#request({ command: CMD_WRITE, io, data: new Uint8Array(io.length), error: OK });
  }

  trim(io: Io): void {
    // Whole blocks must read as zeroes afterwards, which NBD does not promise of TRIM.
    this.zero(io);
  }

  status(io: Io, extents: Extents): void {
    if (this.#exported!.contextId !== undefined)
      return this.#request({ command: CMD_BLOCK_STATUS, io, extents, error: OK });
    extents.add(io.length, false);
    io.done(OK);
  }

  #request(pending: Pending): void {
    const { io, command } = pending;
    const exported = this.#exported!;
    if (this.#closed) return io.done(ESHUTDOWN);
    const changes = command === CMD_WRITE || command === CMD_WRITE_ZEROES || command === CMD_TRIM;
    if (changes && exported.readOnly) return io.done(EPERM);
    const data = command === CMD_READ || command === CMD_WRITE;
    if (data && io.length > exported.mostPayload) return io.done(EOVERFLOW);
    if (io.offset % exported.minimumBlock !== 0 || io.length % exported.minimumBlock !== 0)
      return io.done(EINVAL);
    if (changes && io.fua && !exported.canFua) return this.#writeThrough(pending);
    this.#waiting.push(pending);
    this.#submit();
  }

  /** FUA for a server that has none: a flush behind the write. */
  #writeThrough(pending: Pending): void {
    const { io } = pending;
    const done = (error: IoError) => {
      if (error !== OK) io.done(error);
      else this.flush({ ...io, fua: false, done: (outcome) => io.done(outcome) });
    };
    this.#waiting.push({ ...pending, io: { ...io, fua: false, done } });
    this.#submit();
  }

  #submit(): void {
    if (!this.#ready) return;
    while (this.#waiting.length > 0 && this.#sent.size < MOST_SENT) {
      const pending = this.#waiting.shift()!;
      this.#sent.add(pending);
      this.#session!.send(pending);
    }
    if (this.#sending) return;
    // What is asked for in one turn of the loop leaves by one write.
    this.#sending = true;
    setImmediate(() => {
      this.#sending = false;
      this.#flushOutput();
    });
  }

  #flushOutput(): void {
    const session = this.#session;
    const socket = this.#socket;
    if (!session || !socket || session.output.empty) return;
    socket.cork();
    for (const piece of session.output.take())
      socket.write(piece.buffer.subarray(piece.at, piece.end), () => session.output.sent(piece));
    socket.uncork();
  }

  #connect(): void {
    const { place } = this.uri;
    const socket = 'path' in place ? createConnection(place.path) : createConnection(place);
    socket.setNoDelay(true);
    this.#socket = socket;
    let why = '';
    const session = new NbdClientSession(this.uri.name, this.#buffers, {
      ready: (exported) => this.#begin(exported),
      answered: (pending, error) => this.#answered(pending, error),
      failed: (reason) => {
        why = reason;
        socket.destroy();
      },
    });
    this.#session = session;
    socket.on('data', (bytes: Uint8Array) => {
      session.receive(bytes);
      this.#flushOutput();
    });
    socket.on('error', (error) => {
      why ||= error.message;
    });
    socket.on('close', () => this.#lost(why || 'the server has closed the connection'));
  }

  #begin(exported: Exported): void {
    const before = this.#exported;
    if (before && (before.size !== exported.size || before.readOnly !== exported.readOnly)) {
      this.options.onChange?.(`the export is another one: ${exported.size} bytes`);
      this.#socket!.destroy();
      return;
    }
    this.#exported = exported;
    this.#ready = true;
    this.#pauseMs = FIRST_PAUSE_MS;
    if (this.#opened) {
      this.#opened();
      this.#opened = undefined;
    } else {
      this.reconnects++;
      this.options.onChange?.(
        `connected again, ${this.#waiting.length} requests are sent once more`,
      );
    }
    this.#submit();
  }

  #answered(pending: Pending, error: IoError): void {
    this.#sent.delete(pending);
    // A server that ends answers so; another one may take its place.
    if (error === ESHUTDOWN && !this.#closed) {
      pending.error = OK;
      this.#waiting.unshift(pending);
      this.#socket!.destroy();
      return;
    }
    pending.io.done(error);
    this.#submit();
  }

  #lost(why: string): void {
    if (this.#ready) this.#goneSince = Date.now();
    this.#ready = false;
    this.#session = undefined;
    if (this.#opened) return this.#opened(`${where(this.uri)}: ${why}`);
    for (const pending of this.#sent) {
      pending.error = OK;
      if (pending.extents) {
        pending.extents.lengths.length = 0;
        pending.extents.holes.length = 0;
      }
    }
    this.#waiting = [...this.#sent, ...this.#waiting];
    this.#sent.clear();
    if (this.#closed) return this.#giveUp(ESHUTDOWN);
    this.options.onChange?.(`${where(this.uri)}: ${why}`);
    if (Date.now() - this.#goneSince > (this.options.patienceMs ?? PATIENCE_MS)) this.#giveUp(EIO);
    this.#timer = setTimeout(() => this.#connect(), this.#pauseMs);
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
  }

  #giveUp(error: IoError): void {
    for (const { io } of this.#waiting.splice(0)) io.done(error);
  }

  /** What is open is answered with ESHUTDOWN; who wants it to be done flushes before. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
    this.#giveUp(ESHUTDOWN);
  }
}

const where = ({ place }: NbdUri) => ('path' in place ? place.path : `${place.host}:${place.port}`);
