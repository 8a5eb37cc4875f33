// NBD on real sockets: TCP, unix, one that was inherited (socket activation), or standard input and output. Each
// connection is a session of its own over the same volumes, so that a flush on one covers what the others had done.

import { createServer, type Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ServerCounts } from './counts.js';
import type { Exports } from './export.js';
import { Buffers, type Piece } from './output.js';
import { NbdServerSession } from './server-session.js';

/** Connections at once; each holds a buffer of 256 KiB at the least. */
const MOST_CONNECTIONS = 256;
/** Read at once: a unix socket of Linux holds 208 KiB. */
const READ_BYTES = 256 * 1024;
/** A client that has not chosen an export by then is none. */
const HANDSHAKE_MS = 30_000;

/** Where to listen: an option of node:net's listen. */
export type Place =
  | { readonly port: number; readonly host?: string }
  | { readonly path: string }
  | { readonly fd: number };

/**
 * What a second socket over an accepted connection is made of, so that it reads into one buffer again and again: node makes
 * one of 64 KiB for each read otherwise, which for writes of 1 MiB takes three quarters of the time (bench/nbd.ts).
 * node:net offers `onread` to who connects, and nothing for who accepts (nodejs/node, net.Server); so this is a private
 * part of node. A node without it serves all the same, with a copy more.
 */
export function handleOf(socket: Socket): object | undefined {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readStart?: unknown } };
  return typeof handle?.readStart === 'function' ? handle : undefined;
}

export class NbdListener {
  /** Tests put another here. */
  handleOf = handleOf;
  readonly counts = new ServerCounts();
  /** Called when the last client has left. */
  onIdle: () => void = () => {};
  readonly #buffers = new Buffers();
  readonly #servers: Server[] = [];
  readonly #connections = new Set<Connection>();

  constructor(readonly exports: Exports) {}

  /** @returns where it listens in fact, as people write it */
  async listen(place: Place): Promise<string> {
    // Paused: a socket that has begun to read cannot be given a buffer any more.
    const options = { noDelay: true, allowHalfOpen: true, pauseOnConnect: true };
    const server = createServer(options, (socket) => this.#accept(socket));
    this.#servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(place, resolve);
    });
    const address = server.address();
    if (address === null) return 'an inherited socket';
    if (typeof address === 'string') return address;
    const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    return `${host}:${address.port}`;
  }

  /** Serves a client on a stream. */
  adopt(stream: Duplex): void {
    const session = this.#session(stream);
    if (!session) return;
    const connection = this.#connect(stream, session);
    stream.on('data', (bytes: Uint8Array) => connection.received(bytes, bytes.length));
  }

  #accept(socket: Socket): void {
    const handle = this.handleOf(socket);
    if (handle === undefined) {
      this.adopt(socket);
      socket.resume();
      return;
    }
    const session = this.#session(socket);
    if (!session) return;
    let connection: Connection | undefined;
    const callback = (size: number, bytes: Uint8Array) => {
      connection!.received(bytes, size);
      return !session.holds;
    };
    const onread = { buffer: new Uint8Array(READ_BYTES), callback };
    const options = { handle, onread, allowHalfOpen: true } as ConstructorParameters<
      typeof Socket
    >[0];
    const stream = new Socket(options);
    connection = this.#connect(stream, session);
    stream.resume();
  }

  #session(stream: Duplex): NbdServerSession | undefined {
    if (this.#connections.size < MOST_CONNECTIONS)
      return new NbdServerSession(this.exports, this.#buffers, this.counts);
    stream.destroy();
    return undefined;
  }

  #connect(stream: Duplex, session: NbdServerSession): Connection {
    const connection = new Connection(stream, session);
    this.counts.connections++;
    this.#connections.add(connection);
    stream.on('close', () => {
      this.#connections.delete(connection);
      if (this.#connections.size === 0) this.onIdle();
    });
    return connection;
  }

  get connected(): number {
    return this.#connections.size;
  }

  /** Takes no more clients and no more requests; what is open is answered. Returns when all have left. */
  async close(patienceMs = 2000): Promise<void> {
    for (const server of this.#servers) server.close();
    for (const connection of this.#connections) connection.end();
    const late = Date.now() + patienceMs;
    while (this.#connections.size > 0 && Date.now() < late)
      await new Promise((resolve) => setTimeout(resolve, 5));
    for (const connection of this.#connections) connection.destroy();
  }
}

class Connection {
  readonly #stream: Duplex;
  readonly #session: NbdServerSession;
  #ending = false;

  constructor(stream: Duplex, session: NbdServerSession) {
    this.#stream = stream;
    this.#session = session;
    const impatience = setTimeout(() => {
      if (session.chosen === undefined) stream.destroy();
    }, HANDSHAKE_MS);
    impatience.unref();
    session.onOutput = () => this.#send();
    stream.on('error', () => {}); // 'close' follows
    stream.on('end', () => this.end());
    stream.on('close', () => clearTimeout(impatience));
    this.#send();
  }

  received(bytes: Uint8Array, size: number): void {
    this.#session.receive(bytes, 0, size);
    if (this.#session.holds) this.#stream.pause();
    this.#send();
  }

  end(): void {
    this.#session.ended = true;
    this.#send();
  }

  destroy(): void {
    this.#stream.destroy();
  }

  #send(): void {
    const { output, ended, open } = this.#session;
    if (this.#stream.destroyed) return;
    if (!output.empty) {
      const pieces = output.take();
      if (pieces.length === 1) this.#write(pieces[0]!);
      else {
        this.#stream.cork();
        for (const piece of pieces) this.#write(piece);
        this.#stream.uncork();
      }
    }
    if (!ended || open > 0 || this.#ending) return;
    this.#ending = true;
    // What the client still sends is read and dropped: unread bytes would reset the connection and lose our replies.
    this.#stream.end(() => setTimeout(() => this.#stream.destroy(), LINGER_MS).unref());
    this.#stream.resume();
  }

  #write(piece: Piece): void {
    const { buffer, at, end } = piece;
    this.#stream.write(buffer.subarray(at, end), () => {
      this.#session.output.sent(piece);
      if (!this.#session.holds) return;
      this.#session.resume();
      if (!this.#session.holds) this.#stream.resume();
      this.#send();
    });
  }
}

/** So long a client may take to see that we have ended. */
const LINGER_MS = 500;
