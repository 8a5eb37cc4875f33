// A TCP socket as a program sees it: calls are system calls of its thread, made with `yield*`, and take their time on its
// core. A call that fails answers -1 (or nothing), and `errno` says why.

import { Signal, type Thread, type Wait } from '../cpu/index.js';
import { formatIp } from '../stack/index.js';
import type {
  CongestionName,
  Listener,
  TcpConnection,
  TcpError,
  TcpOptions,
  TcpTracer,
} from '../tcp/index.js';
import { after, type Nanos } from '../time/index.js';
import { SCHED } from './category.js';
import type { Kernel } from './kernel.js';
import { ReceiveBuffer, type ReceiveOwner } from './receive-buffer.js';
import { SendBuffer, type SendOwner } from './send-buffer.js';
import { settleSocket } from './settle-options.js';
import { Sleepers } from './sleepers.js';
import type { SocketError } from './socket-error.js';
import { receive } from './socket-receive.js';
import { send, sendFile } from './socket-send.js';
import type { Piece } from './user-pieces.js';
import { type CachedFile, ZeroCopies } from './zero-copy.js';

/** setsockopt(2); Linux's defaults unless given. */
export interface SocketOptions {
  /** TCP_NODELAY. */
  noDelay?: boolean;
  /** SO_LINGER of zero seconds: what the peer has not acknowledged when the socket is closed is given up, with a reset. */
  noLinger?: boolean;
  /** SO_SNDBUF and SO_RCVBUF: bytes of text; what is set grows no more. */
  sendBytes?: number;
  receiveBytes?: number;
  /** SO_BUSY_POLL, microseconds. */
  busyPoll?: number;
  /** TCP_CONGESTION. */
  congestion?: CongestionName;
  /** SO_KEEPALIVE with TCP_KEEPIDLE, nanoseconds. */
  keepAlive?: number;
}

/** A writer is woken when a third is free (sk_stream_min_wspace). */
const ENOUGH_FREE = 1 / 3;
/** The pointer points behind the urgent byte (RFC 9293 3.8.5), and places of TCP count the SYN. */
const URGENT_BEHIND = 2;

export class Socket implements SendOwner, ReceiveOwner {
  errno: SocketError | '' = '';
  nonBlocking = false;
  readonly kernel: Kernel;
  readonly options: SocketOptions;
  /** Raised when there is something to read or accept, and when there is room to write or the state has changed. */
  readonly readable = new Signal();
  readonly writable = new Signal();
  /** Threads that sleep for them. */
  readonly readers = new Sleepers();
  readonly writers = new Sleepers();
  /** Epolls that want to hear of room to write, whether somebody waits on them or not. */
  watchers = 0;
  readonly sendBuffer: SendBuffer;
  readonly receiveBuffer: ReceiveBuffer;
  readonly zeroCopies: ZeroCopies;
  connection: TcpConnection | null = null;
  listener: Listener | null = null;
  /** Of its flow, as the card hashes what it receives. */
  hash = 0;
  /** Its peer is on the same host. */
  own = false;
  closed = false;
  #bound: { readonly address?: Uint8Array; readonly port: number } | null = null;
  #sendLimit: number;
  #told: TcpError | undefined;

  constructor(kernel: Kernel, options: SocketOptions = {}) {
    this.kernel = kernel;
    this.options = settleSocket(options);
    const { pages, memory } = kernel.parts;
    const { receive: read, send: write } = kernel.settled;
    this.sendBuffer = new SendBuffer(memory, pages);
    const fixed = this.options.receiveBytes;
    this.receiveBuffer = new ReceiveBuffer(kernel, fixed ?? read.first, fixed ?? read.most);
    this.sendBuffer.owner = this;
    this.receiveBuffer.owner = this;
    this.zeroCopies = new ZeroCopies(memory);
    this.zeroCopies.onFinished = () => this.wake(this.readable, this.readers);
    this.#sendLimit = this.options.sendBytes ?? write.first;
  }

  /** -1, and why. */
  fail(errno: SocketError): -1 {
    this.errno = errno;
    return -1;
  }

  /** bind(2): for listeners, and for connections that say where they come from. */
  *bind(thread: Thread, port: number, address?: Uint8Array): Generator<Wait, number, void> {
    yield this.kernel.call(thread);
    if (this.closed) return this.fail('EBADF');
    if (this.connection || this.listener || this.#bound) return this.fail('EINVAL');
    this.#bound = { port, ...(address && { address }) };
    return 0;
  }

  *listen(thread: Thread, backlog = 128): Generator<Wait, number, void> {
    yield this.kernel.call(thread);
    if (this.closed) return this.fail('EBADF');
    const bound = this.#bound;
    if (!bound || this.connection) return this.fail('EINVAL');
    const { tcp, settled } = this.kernel;
    if (tcp.listeners.some((l) => l.port === bound.port)) return this.fail('EADDRINUSE');
    const receiveBytes = this.options.receiveBytes ?? settled.receive.most;
    const buffers = () => this.#child();
    this.listener = tcp.listen({ ...bound, backlog, buffers, receiveBytes, ...this.#tcpOptions() });
    return 0;
  }

  /** A connection is open: its buffers, and the socket that somebody will accept. */
  #child(): { readonly source: SendBuffer; readonly sink: ReceiveBuffer } {
    const child = new Socket(this.kernel, this.options);
    this.kernel.children.set(child.sendBuffer, child);
    this.wake(this.readable, this.readers);
    return { source: child.sendBuffer, sink: child.receiveBuffer };
  }

  #tcpOptions(): Partial<TcpOptions> {
    const { noDelay, congestion, keepAlive } = this.options;
    return {
      nagle: !noDelay,
      ...(congestion && { congestion }),
      ...(keepAlive !== undefined && { keepAlive }),
    };
  }

  /** accept(2). */
  *accept(thread: Thread): Generator<Wait, Socket | undefined, void> {
    yield this.kernel.call(thread);
    const { listener } = this;
    if (!listener) {
      this.fail('EINVAL');
      return undefined;
    }
    for (;;) {
      const connection = listener.accept();
      if (connection) return this.#accepted(thread, connection);
      if (this.nonBlocking || this.closed) {
        this.fail(this.closed ? 'EBADF' : 'EAGAIN');
        return undefined;
      }
      yield* this.sleep(thread, 'readers');
    }
  }

  #accepted(thread: Thread, connection: TcpConnection): Socket {
    const { children } = this.kernel;
    const source = connection.source as SendBuffer;
    const socket = children.get(source)!;
    children.delete(source);
    socket.attach(connection, thread.core);
    return socket;
  }

  *connect(thread: Thread, remote: Uint8Array, port: number): Generator<Wait, number, void> {
    const { kernel } = this;
    yield kernel.call(thread);
    if (this.closed) return this.fail('EBADF');
    if (this.connection || this.listener) return this.fail(this.connection ? 'EISCONN' : 'EINVAL');
    const { receiveBuffer, sendBuffer } = this;
    const first = receiveBuffer.capacity;
    // The scale of windows is that of the largest buffer.
    receiveBuffer.capacity = receiveBuffer.most;
    try {
      const connection = kernel.tcp.connect(thread.now, {
        remote,
        port,
        buffers: { source: sendBuffer, sink: receiveBuffer },
        ...(this.#bound && { localPort: this.#bound.port }),
        ...(this.#bound?.address && { local: this.#bound.address }),
        ...this.#tcpOptions(),
      });
      this.attach(connection, thread.core);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return this.fail(error.message.startsWith('EADDR') ? 'EADDRNOTAVAIL' : 'ENETUNREACH');
    } finally {
      receiveBuffer.capacity = first;
    }
    yield* kernel.flush(thread);
    if (this.nonBlocking) return this.fail('EINPROGRESS');
    while (this.connection!.state === 'SYN-SENT' || this.connection!.state === 'SYN-RECEIVED') {
      yield* this.sleep(thread, 'writers');
    }
    const error = this.takeError();
    return error ? this.fail(error) : 0;
  }

  /** The connection is this socket's from now on. */
  attach(connection: TcpConnection, core: number): void {
    this.connection = connection;
    const tracer: TcpTracer = { transition: (now) => this.#changed(now) };
    connection.tcb.tracer = tracer;
    this.hash = this.kernel.hashOf(connection);
    this.own = this.kernel.parts.stack.isOwn(connection.remote);
    this.kernel.place(this.hash);
    this.kernel.follow(this.hash, core);
  }

  send(thread: Thread, address: bigint, length: number, flags = 0): Generator<Wait, number, void> {
    return send(this, thread, [{ address, length }], flags);
  }

  /** sendmsg(2): the pieces one after the other. */
  sendmsg(thread: Thread, pieces: readonly Piece[], flags = 0): Generator<Wait, number, void> {
    return send(this, thread, pieces, flags);
  }

  sendfile(
    thread: Thread,
    file: CachedFile,
    offset: number,
    length: number,
  ): Generator<Wait, number, void> {
    return sendFile(this, thread, file, offset, length);
  }

  /** recv(2): how many bytes came; 0 when the peer has ended its side. */
  recv(thread: Thread, address: bigint, length: number, flags = 0): Generator<Wait, number, void> {
    return receive(this, thread, [{ address, length }], flags);
  }

  recvmsg(thread: Thread, pieces: readonly Piece[], flags = 0): Generator<Wait, number, void> {
    return receive(this, thread, pieces, flags);
  }

  /** recvmsg(2) with MSG_ERRQUEUE: ranges of MSG_ZEROCOPY calls whose pages are the user's again. */
  *notices(thread: Thread): Generator<Wait, readonly (readonly [number, number])[], void> {
    const { kernel } = this;
    yield kernel.call(thread);
    const ranges: [number, number][] = [];
    for (const id of this.zeroCopies.finished.splice(0).sort((a, b) => a - b)) {
      const last = ranges.at(-1);
      if (last && last[1] === id - 1) last[1] = id;
      else ranges.push([id, id]);
    }
    return ranges;
  }

  /** shutdown(2) with SHUT_WR. */
  *shutdown(thread: Thread): Generator<Wait, number, void> {
    yield this.kernel.call(thread);
    if (!this.connection) return this.fail('ENOTCONN');
    this.connection.shutdown(thread.now);
    yield* this.kernel.flush(thread);
    return 0;
  }

  *close(thread: Thread): Generator<Wait, void, void> {
    yield this.kernel.call(thread);
    if (this.closed) return;
    this.closed = true;
    const { connection, listener, kernel } = this;
    if (listener) kernel.tcp.unlisten(thread.now, listener);
    if (connection) {
      this.sendBuffer.seal();
      const { tcb } = connection;
      if (this.options.noLinger && tcb.sndUna < tcb.sourceEnd) connection.abort(thread.now);
      else connection.close(thread.now);
      this.receiveBuffer.clear();
      if (connection.state === 'CLOSED') this.sendBuffer.clear();
    }
    yield* kernel.flush(thread);
    this.wake(this.readable, this.readers);
  }

  // What calls share.

  /** Gives the core up until there is news. */
  /** What falling asleep takes; the thread must block on the signal then, and count itself out after. */
  // hot
  fallAsleep(thread: Thread, as: 'readers' | 'writers'): Wait {
    const { bill, parts } = this.kernel;
    this.kernel.enter(thread.now, thread.core);
    bill.charge(SCHED, parts.profile.blockThread);
    this[as].enter();
    return this.kernel.spend(thread);
  }

  *sleep(thread: Thread, as: 'readers' | 'writers'): Generator<Wait, void, void> {
    yield this.fallAsleep(thread, as);
    yield thread.block(as === 'readers' ? this.readable : this.writable);
    this[as].leave();
  }

  /** Bytes that may be queued now. */
  get sendRoom(): number {
    return Math.max(0, this.sendLimit - this.sendBuffer.queued);
  }

  /** Linux, tcp_sndbuf_expand: twice the congestion window; it does not shrink. */
  get sendLimit(): number {
    const { connection, options } = this;
    if (connection && options.sendBytes === undefined) {
      const { most } = this.kernel.settled.send;
      const wanted = Math.min(most, 2 * connection.tcb.cwnd);
      if (wanted > this.#sendLimit) this.#sendLimit = wanted;
    }
    return this.#sendLimit;
  }

  /** Bytes before the last one that the peer marked as urgent; far away when there is none ahead. */
  get toMark(): number {
    const up = this.connection?.tcb.rcvUp ?? -1;
    const ahead = up - URGENT_BEHIND - this.receiveBuffer.taken;
    return up >= 0 && ahead >= 0 ? ahead : Number.POSITIVE_INFINITY;
  }

  /** sockatmark(3): the next byte that is read is the urgent one. */
  *atMark(thread: Thread): Generator<Wait, boolean, void> {
    yield this.kernel.call(thread);
    return this.toMark === 0;
  }

  /** The peer has ended its side. */
  get ended(): boolean {
    const { connection } = this;
    if (!connection) return false;
    return connection.state === 'CLOSED' || this.#finIsHere(connection);
  }

  get isReadable(): boolean {
    if (this.listener) return this.listener.waiting.length > 0;
    const { connection, receiveBuffer, zeroCopies } = this;
    const text = receiveBuffer.ready > 0 || zeroCopies.finished.length > 0;
    return text || (connection !== null && (this.ended || connection.error !== undefined));
  }

  get isWritable(): boolean {
    const { connection } = this;
    if (!connection) return false;
    if (connection.state === 'CLOSED') return true;
    return connection.tcb.facts.takesData && this.sendRoom >= this.sendLimit * ENOUGH_FREE;
  }

  #finIsHere({ state }: TcpConnection): boolean {
    const closedByPeer = ['CLOSE-WAIT', 'LAST-ACK', 'CLOSING', 'TIME-WAIT'];
    return closedByPeer.includes(state);
  }

  /** The error that ended the connection, told once. */
  takeError(): TcpError | undefined {
    const error = this.connection?.error;
    if (error === undefined || this.#told === error) return undefined;
    this.#told = error;
    return error;
  }

  get name(): string {
    const { connection } = this;
    return connection ? `${formatIp(connection.remote)}:${connection.remotePort}` : 'socket';
  }

  // hot
  delivered(_now: Nanos): void {
    this.wake(this.readable, this.readers);
  }

  // hot
  released(): void {
    if (this.writers.count === 0 && this.watchers === 0 && this.writable.raised > 0) return;
    if (this.sendRoom >= this.sendLimit * ENOUGH_FREE) this.wake(this.writable, this.writers);
  }

  // hot
  wake(signal: Signal, sleepers: Sleepers): void {
    const { bill, parts, now } = this.kernel;
    const woken = sleepers.wake();
    if (woken > 0) bill.charge(SCHED, parts.profile.wakeThread * woken);
    // Who is woken hears of it when this core has done all that it owes, waking included.
    signal.raise(after(now, Math.ceil(bill.owedBy(bill.core))));
  }

  #changed(_now: Nanos): void {
    this.wake(this.readable, this.readers);
    this.wake(this.writable, this.writers);
    // The state changes behind this call; what is then no more gives its memory back when it is looked at next.
    if (this.closed) this.receiveBuffer.clear();
  }
}
