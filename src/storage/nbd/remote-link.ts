// Connections to one export, one after the other: a lost one is made again, with pauses. Who waits, waits for so long as we
// are patient, whether nobody is there, or somebody is who does not answer.

import { createConnection, type Socket } from 'node:net';
import type { IoError } from '../volume.js';
import type { Exported } from './client-handshake.js';
import { NbdClientSession, type Pending } from './client-session.js';
import { Buffers } from './output.js';
import { type NbdUri, placeOf } from './uri.js';

/** Pauses between attempts to connect: doubled up to the longest. */
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1000;
/** A server that has not come to terms by then is none. */
const LONGEST_ATTEMPT_MS = 10_000;
/**
 * Patience is counted in looks at what has happened, so that time in which this process did not run is not held against
 * the server.
 */
const LOOKS = 8;
/** A server's machine that is gone without a word is noticed while nothing is asked of it. */
const KEEP_ALIVE_MS = 30_000;

export interface LinkEvents<P extends Pending> {
  /** Requests may be sent. False: this is not the export that was there before. */
  up(exported: Exported): boolean;
  answered(pending: P, error: IoError): void;
  /** What was sent and not answered may have been done or not. */
  down(why: string): void;
  /** Patience is at its end; told once, until the server is heard again. */
  spent(): void;
}

export class RemoteLink<P extends Pending> {
  readonly #buffers = new Buffers();
  #socket: Socket | undefined;
  #session: NbdClientSession<P> | undefined;
  #isUp = false;
  #isClosed = false;
  #isSending = false;
  #pauseMs = FIRST_PAUSE_MS;
  #retry: NodeJS.Timeout | undefined;
  readonly #looking: NodeJS.Timeout;
  /** Looks since the server was last heard, or first had something to answer. */
  #looks = 0;
  #isSpent = false;

  constructor(
    readonly uri: NbdUri,
    readonly patienceMs: number,
    readonly events: LinkEvents<P>,
  ) {
    this.#looking = setInterval(() => this.#look(), Math.max(1, patienceMs / LOOKS));
    this.#looking.unref();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Nobody was there for too long: who asks now is refused until somebody is. */
  get isSpent(): boolean {
    return this.#isSpent;
  }

  send(pending: P): void {
    const session = this.#session!;
    if (session.open === 0) this.#looks = 0;
    session.send(pending);
    if (this.#isSending) return;
    // What is asked for in one turn of the loop leaves by one write.
    this.#isSending = true;
    setImmediate(() => {
      this.#isSending = false;
      this.#write();
    });
  }

  #write(): void {
    const session = this.#session;
    const socket = this.#socket;
    if (!session || !socket || session.output.empty) return;
    socket.cork();
    for (const piece of session.output.take())
      socket.write(piece.buffer.subarray(piece.at, piece.end), () => session.output.sent(piece));
    socket.uncork();
  }

  connect(): void {
    const { place } = this.uri;
    const socket = 'path' in place ? createConnection(place.path) : createConnection(place);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.#socket = socket;
    let why = '';
    const give = (reason: string) => {
      why ||= reason;
      socket.destroy();
    };
    const limitMs = Math.min(LONGEST_ATTEMPT_MS, this.patienceMs);
    const attempt = setTimeout(() => give(`no NBD server answers within ${limitMs} ms`), limitMs);
    const session = new NbdClientSession<P>(this.uri.name, this.#buffers, {
      ready: (exported) => {
        clearTimeout(attempt);
        if (this.events.up(exported)) this.#begin();
        else give('the export is another one');
      },
      // Answers behind one that made us give up the connection count for nothing: what they are to is sent again.
      answered: (pending, error) => {
        if (session === this.#session) this.events.answered(pending, error);
      },
      failed: give,
    });
    this.#session = session;
    socket.on('data', (bytes: Uint8Array) => {
      if (this.#isUp) this.#looks = 0;
      session.receive(bytes);
      this.#write();
    });
    socket.on('error', (error) => {
      why ||= error.message;
    });
    socket.on('close', () => {
      clearTimeout(attempt);
      if (socket === this.#socket) this.#lost(why || 'the server has closed the connection');
    });
  }

  #begin(): void {
    this.#isUp = true;
    this.#isSpent = false;
    this.#looks = 0;
    this.#pauseMs = FIRST_PAUSE_MS;
  }

  /** Gives the connection up, and makes another. */
  drop(why: string): void {
    const socket = this.#socket!;
    // What the server has not read yet, it must not do later. Only TCP can say so.
    if ('path' in this.uri.place) socket.destroy();
    else socket.resetAndDestroy();
    this.#lost(why);
  }

  #lost(why: string): void {
    this.#isUp = false;
    this.#socket = undefined;
    this.#session = undefined;
    this.events.down(`${placeOf(this.uri)}: ${why}`);
    if (this.#isClosed) return;
    this.#retry = setTimeout(() => this.connect(), this.#pauseMs);
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
  }

  #look(): void {
    const isIdle = this.#isUp && this.#session!.open === 0;
    if (isIdle || ++this.#looks <= LOOKS) return;
    if (this.#isUp) this.drop(`no answer for ${this.patienceMs} ms`);
    if (this.#isSpent) return;
    this.#isSpent = true;
    this.events.spent();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    clearInterval(this.#looking);
    this.#socket?.destroy();
  }
}
