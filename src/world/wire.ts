// Real wires, as QEMU's network back ends speak them: a unix stream socket on which each frame follows its length,
// or UDP with one frame a datagram. Frames have no FCS. This and live.ts are the only places with sockets.

import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { linkSync, rmSync, statSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { header, uint } from '../../protocols/index.js';

/** What stands before each frame on a stream (QEMU's `-netdev stream` and `socket`). */
const FramePrefix = header('FramePrefix', [uint(32, 'length', 'of the frame that follows')]);
/** Longest frame that anybody sends; a longer one says that the two sides have lost each other. */
const MOST_FRAME = 65_535 + 14;
/** Bytes that wait in a socket before we stop sending. */
const MOST_BUFFERED = 1 << 20;

export interface WireEvents {
  /** A frame came: `b` from `at` to `end`, for the length of the call. */
  frame(b: Uint8Array, at: number, end: number): void;
  /** There is room again. */
  drained(): void;
  /** The other side came, or went. */
  peer(there: boolean): void;
  /** The wire is of no more use. */
  failed(why: string): void;
}

export interface Wire {
  /** How people call it. */
  readonly name: string;
  /** False: wait for `drained`. */
  readonly writable: boolean;
  /** Sends the frame; what nobody can hear is lost, as on a cable without a peer. */
  send(b: Uint8Array, at: number, end: number): void;
  close(): Promise<void>;
}

/**
 * Opens `qemu:PATH` (a unix socket: connects to it, or listens where nobody does) or `udp:HERE,THERE` (two addresses
 * such as 127.0.0.1:5000).
 * @throws RangeError when the text names no wire
 */
export async function openWire(text: string, events: WireEvents): Promise<Wire> {
  const path = /^qemu:(.+)$/.exec(text)?.[1];
  if (path !== undefined) return openStream(path, events);
  const udp = /^udp:([^,:]+):(\d+),([^,:]+):(\d+)$/.exec(text);
  if (udp) {
    const here = { host: udp[1]!, port: Number(udp[2]) };
    return openDatagrams(here, { host: udp[3]!, port: Number(udp[4]) }, events);
  }
  throw new RangeError(`'${text}' is no wire: expected qemu:PATH or udp:HERE:PORT,THERE:PORT`);
}

/** Two that start at once may each find nobody; the second to listen then finds the first. */
const ATTEMPTS = 6;
/** Refused so often, so many milliseconds apart, by one and the same socket: nobody is about to listen on it. */
const REFUSALS = 3;
const PAUSE_MS = 100;

async function openStream(path: string, events: WireEvents): Promise<Wire> {
  const wire = new StreamWire(path, events);
  let refusals = 0;
  for (let attempt = 1; ; attempt++) {
    const found = identityOf(path);
    const failure = await wire.dial();
    if (!failure) return wire;
    if (failure.code !== 'ENOENT' && failure.code !== 'ECONNREFUSED') throw failure;
    if (failure.code === 'ECONNREFUSED') {
      // Left over from a run before, or of somebody who has bound it and does not listen yet.
      if (++refusals < REFUSALS) {
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        continue;
      }
      refusals = 0;
      if (identityOf(path) === found) rmSync(path, { force: true });
    }
    try {
      await wire.listen();
      return wire;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt >= ATTEMPTS) throw error;
    }
  }
}

/** Which socket lies there: another one has another number. */
const identityOf = (path: string): number | undefined =>
  statSync(path, { throwIfNoEntry: false })?.ino;

let listeners = 0;

class StreamWire implements Wire {
  readonly name: string;
  #socket: Socket | undefined;
  #server: Server | undefined;
  #identity: number | undefined;
  /** Bytes of a frame that is not whole yet. */
  #rest = new Uint8Array(0);

  constructor(
    readonly path: string,
    readonly events: WireEvents,
  ) {
    this.name = `qemu:${path}`;
  }

  /** Connects; gives what went wrong, or nothing. */
  dial(): Promise<NodeJS.ErrnoException | undefined> {
    const socket = createConnection(this.path);
    return new Promise((resolve) => {
      socket.once('error', resolve);
      socket.once('connect', () => {
        this.adopt(socket);
        resolve(undefined);
      });
    });
  }

  /**
   * Listens under a name of its own first: a socket has its place as soon as it is bound, and who came before it listens would
   * be refused, take it for one left over, and remove it; then both would wait for ever.
   */
  async listen(): Promise<void> {
    const server = createServer((socket) => this.adopt(socket));
    const own = join(dirname(this.path), `.${process.pid}-${listeners++}`);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(own, resolve);
    });
    try {
      linkSync(own, this.path);
      this.#server = server;
      this.#identity = identityOf(this.path);
    } catch (error) {
      server.close();
      throw error;
    } finally {
      rmSync(own, { force: true });
    }
  }

  /** One peer at a time: a cable has two ends. */
  adopt(socket: Socket): void {
    if (this.#socket) {
      socket.destroy();
      return;
    }
    this.#socket = socket;
    this.#rest = new Uint8Array(0);
    socket.on('data', (bytes) => this.#take(bytes));
    socket.on('drain', () => this.events.drained());
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => {
      this.#socket = undefined;
      this.events.peer(false);
    });
    this.events.peer(true);
  }

  get writable(): boolean {
    return !this.#socket || this.#socket.writableLength < MOST_BUFFERED;
  }

  send(b: Uint8Array, at: number, end: number): void {
    const socket = this.#socket;
    if (!socket) return;
    const framed = new Uint8Array(FramePrefix.size + end - at);
    FramePrefix.set.length(framed, 0, end - at);
    framed.set(b.subarray(at, end), FramePrefix.size);
    socket.write(framed);
  }

  #take(bytes: Uint8Array): void {
    const b = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    while (b.length - at >= FramePrefix.size) {
      const length = FramePrefix.get.length(b, at);
      if (length > MOST_FRAME) {
        this.events.failed(`a frame of ${length} bytes is announced: this is no frame's length`);
        this.#socket?.destroy();
        return;
      }
      const end = at + FramePrefix.size + length;
      if (end > b.length) break;
      if (length > 0) this.events.frame(b, at + FramePrefix.size, end);
      at = end;
    }
    this.#rest = b.slice(at);
  }

  async close(): Promise<void> {
    this.#socket?.destroySoon();
    const server = this.#server;
    if (!server) return;
    if (identityOf(this.path) === this.#identity) rmSync(this.path, { force: true });
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

interface Place {
  readonly host: string;
  readonly port: number;
}

async function openDatagrams(here: Place, there: Place, events: WireEvents): Promise<Wire> {
  const socket: DatagramSocket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(here.port, here.host, resolve);
  });
  let waiting = 0;
  socket.on('error', (error) => events.failed(error.message));
  socket.on('message', (bytes, from) => {
    if (from.port === there.port) events.frame(bytes, 0, bytes.length);
  });
  queueMicrotask(() => events.peer(true));
  return {
    name: `udp:${there.host}:${there.port}`,
    get writable() {
      return waiting < MOST_BUFFERED;
    },
    send(b, at, end) {
      const bytes = b.slice(at, end);
      waiting += bytes.length;
      // A refused datagram is a frame on a cable without a peer.
      socket.send(bytes, there.port, there.host, () => {
        waiting -= bytes.length;
        if (waiting === 0) events.drained();
      });
    },
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}
