// NVMe/TCP on real sockets: each connection is a session; keep-alive runs by the clock of this machine.

import { createServer, type Server, type Socket } from 'node:net';
import { type Nanos, NEVER } from '../../../time/index.js';
import { type Port, TRANSPORTS } from '../port.js';
import type { NvmeTarget } from '../target.js';
import { TcpSession } from './session.js';

/** Connections at once: hosts have one for each queue. */
const MOST_CONNECTIONS = 1024;
/** Bytes that wait in a socket before no more are made for it. */
const HIGH_WATER = 8 << 20;
/** Longest wait of a timer. */
const LONGEST_MS = 3_600_000;
const NS_A_MS = 1e6;

export class NvmeTcpListener {
  connections = 0;
  /** Called when the last host has left. */
  onIdle: () => void = () => {};
  readonly #target: NvmeTarget;
  readonly #portid: number;
  readonly #start = process.hrtime.bigint();
  readonly #open = new Map<Socket, TcpSession>();
  #server: Server | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(target: NvmeTarget, portid = 1) {
    this.#target = target;
    this.#portid = portid;
    const before = target.onDeadline;
    target.onDeadline = (now) => {
      before(now);
      this.#schedule();
    };
  }

  get now(): Nanos {
    return Number(process.hrtime.bigint() - this.#start) as Nanos;
  }

  get connected(): number {
    return this.#open.size;
  }

  /** @returns the port that it is in fact, for 0 */
  async listen(port: number, host?: string): Promise<number> {
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (s) => this.#accept(s));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    const address = server.address();
    return typeof address === 'object' && address ? address.port : port;
  }

  #accept(socket: Socket): void {
    if (this.#open.size === MOST_CONNECTIONS) {
      socket.destroy();
      return;
    }
    this.connections++;
    const port: Port = {
      portid: this.#portid,
      transport: TRANSPORTS.tcp,
      // As the host reached us: that it can dial.
      address: (socket.localAddress ?? '').replace(/^::ffff:/, ''),
      service: String(socket.localPort),
    };
    const session = new TcpSession({
      target: this.#target,
      port,
      wake: () => queueMicrotask(() => this.#send(socket, session)),
    });
    this.#open.set(socket, session);
    socket.on('data', (bytes: Uint8Array) => {
      session.receive(this.now, bytes);
      this.#send(socket, session);
    });
    socket.on('drain', () => this.#send(socket, session));
    socket.on('error', () => {}); // 'close' follows
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      session.lost(this.now, 'the host hung up');
      this.#open.delete(socket);
      if (this.#open.size === 0) this.onIdle();
    });
  }

  #send(socket: Socket, session: TcpSession): void {
    while (socket.writableLength < HIGH_WATER) {
      const bytes = session.take();
      if (!bytes) break;
      socket.write(bytes);
    }
    // A host that does not read what it asked for gets no more to do.
    if (session.hasOutput) socket.pause();
    else socket.resume();
    if (session.ended && !session.hasOutput && !socket.writableEnded) socket.end();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const at = this.#target.wakeAt();
    if (at === NEVER) return;
    const wait = Math.min(LONGEST_MS, Math.max(0, Math.ceil((at - this.now) / NS_A_MS)));
    this.#timer = setTimeout(() => {
      this.#target.expire(this.now);
      this.#schedule();
    }, wait);
    this.#timer.unref();
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    for (const socket of this.#open.keys()) socket.destroy();
    const server = this.#server;
    if (server) await new Promise((resolve) => server.close(resolve));
  }
}
