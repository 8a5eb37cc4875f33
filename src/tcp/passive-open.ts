// Segments for which there is no connection: LISTEN and CLOSED (RFC 9293 3.10.7.1 and 3.10.7.2). SYNs become half-open
// connections, as many as the backlog allows, and cookies beyond; everything else is answered with RST.

import { checksumOfSum, internetSum } from '../../protocols/core/checksum/index.js';
import { seqAdd, seqDiff } from '../../protocols/core/serial.js';
import { TCP } from '../../protocols/index.js';
import { type Datagram, IpTemplate, sameBytes } from '../stack/index.js';
import type { Nanos } from '../time/index.js';
import { headerBytes } from './agree.js';
import { TcpConnection } from './connection.js';
import { TCP_NUMBER } from './frame-maker.js';
import type { Listener } from './listener.js';
import { Outgoing } from './outgoing.js';
import type { Endpoints } from './secrets.js';
import type { Segment } from './segment.js';
import {
  clockAt,
  cookieTimestamp,
  makeCookie,
  readCookie,
  readCookieTimestamp,
} from './syn-cookie.js';
import { Tcb } from './tcb.js';
import { type TcpStack, versionOf } from './tcp-stack.js';
import { ownMss, shiftFor } from './window.js';
import { writeHeader } from './write.js';

export class PassiveOpen {
  readonly #out = new Outgoing();
  /** The listener of each child that is not accepted yet. */
  readonly #parents = new Map<TcpConnection, Listener>();

  constructor(readonly stack: TcpStack) {}

  /** Whether the segment begins a new connection in place of one in TIME-WAIT (RFC 9293 3.10.7.4, RFC 6191). */
  reopens(connection: TcpConnection, segment: Segment): boolean {
    const { tcb } = connection;
    if (tcb.state !== 'TIME-WAIT' || !segment.syn || segment.rst || segment.hasAck) return false;
    const newer =
      tcb.timestamps && segment.hasTimestamps && seqDiff(segment.tsVal, tcb.tsRecent) > 0;
    if (!newer && tcb.peerPlace(segment.seq) < tcb.rcvNxt) return false;
    if (!this.#listener(connection.local, connection.localPort)) return false;
    this.stack.counters.TWRecycled++;
    this.stack.forget(connection);
    return true;
  }

  /** False for the acknowledgment that would open a connection for which there is no place to wait (Linux). */
  admits(connection: TcpConnection, segment: Segment): boolean {
    if (connection.state !== 'SYN-RECEIVED' || segment.rst) return true;
    const parent = this.#parents.get(connection);
    if (!parent?.full) return true;
    this.stack.counters.ListenOverflows++;
    this.stack.counters.ListenDrops++;
    return false;
  }

  /** A connection has changed: a child that is open now waits to be accepted. */
  // hot
  noticed(connection: TcpConnection): void {
    if (!connection.tcb.passive || this.#parents.size === 0) return;
    const parent = this.#parents.get(connection);
    if (!parent || connection.state === 'SYN-RECEIVED') return;
    this.#parents.delete(connection);
    parent.halfOpen--;
    if (connection.state === 'CLOSED') return;
    // Nobody will accept it any more (RFC 9293 3.10.4).
    if (parent.closed) connection.abort(connection.tcb.lastReceived);
    else parent.waiting.push(connection);
  }

  #listener(address: Uint8Array, port: number): Listener | undefined {
    const fits = (l: Listener, exact: boolean) =>
      l.port === port &&
      (l.options.address === undefined ? !exact : exact && sameBytes(l.options.address, address));
    const { listeners } = this.stack;
    return listeners.find((l) => fits(l, true)) ?? listeners.find((l) => fits(l, false));
  }

  receive(now: Nanos, datagram: Datagram, segment: Segment): void {
    const ends: Endpoints = {
      local: datagram.target,
      localPort: segment.targetPort,
      remote: datagram.source,
      remotePort: segment.sourcePort,
    };
    const listener = this.#listener(ends.local, ends.localPort);
    // RFC 9293 3.10.7.2: first RST, second ACK, third SYN, fourth everything else.
    if (segment.rst) return;
    if (!listener) return this.#reset(ends, segment);
    if (segment.hasAck) {
      if (segment.syn || !this.#cookie(now, listener, ends, segment)) this.#reset(ends, segment);
      return;
    }
    if (segment.syn) this.#syn(now, listener, ends, segment);
  }

  #syn(now: Nanos, listener: Listener, ends: Endpoints, segment: Segment): void {
    const { counters } = this.stack;
    if (listener.full || this.stack.isFull) {
      counters.ListenOverflows++;
      counters.ListenDrops++;
      return;
    }
    if (listener.halfOpen < listener.backlog) {
      const child = this.#child(listener, ends);
      const isn = this.stack.secrets.isn(child, now);
      child.openFrom(now, segment, isn, this.stack.secrets.of(child, 'timestamp'));
      return;
    }
    if (listener.options.synCookies === false) {
      counters.TCPReqQFullDrop++;
      counters.ListenDrops++;
      return;
    }
    counters.TCPReqQFullDoCookies++;
    this.#answerWithCookie(now, listener, ends, segment);
  }

  #child(listener: Listener, ends: Endpoints): TcpConnection {
    const { stack } = this;
    const version = versionOf(ends.remote);
    const tcb = new Tcb(listener.tcp, listener.promised, version, stack.ip.mtu, stack.counters);
    tcb.makeBuffers = listener.makeBuffers;
    tcb.tracer = listener.options.tracer;
    const { local, localPort, remote, remotePort } = ends;
    const child = new TcpConnection(
      stack,
      tcb,
      local.slice(),
      localPort,
      remote.slice(),
      remotePort,
    );
    stack.adopt(child);
    this.#parents.set(child, listener);
    listener.halfOpen++;
    return child;
  }

  #answerWithCookie(now: Nanos, listener: Listener, ends: Endpoints, segment: Segment): void {
    const { secrets, counters, ip } = this.stack;
    const version = versionOf(ends.remote);
    const { tcp, promised } = listener;
    const out = this.#out;
    out.clear();
    out.syn = true;
    out.hasAck = true;
    out.seq = makeCookie(secrets, ends, segment, version, now);
    out.ack = seqAdd(segment.seq, 1);
    out.window = Math.min(promised.capacity, 0xffff);
    out.mss = ownMss(tcp, ip.mtu, headerBytes(version));
    // Without timestamps nothing can be remembered but the MSS.
    if (tcp.timestamps && segment.hasTimestamps) {
      const ecn = tcp.ecn !== 'off' && segment.ece && segment.cwr;
      out.hasTimestamps = true;
      out.tsVal = cookieTimestamp(segment, clockAt(now), secrets.of(ends, 'timestamp'), ecn);
      out.tsEcr = segment.tsVal;
      out.sackPermitted = tcp.sack && segment.sackPermitted;
      const scales = tcp.windowScale && segment.windowShift >= 0;
      out.windowShift = scales ? shiftFor(promised.capacity) : -1;
      out.ece = ecn;
    }
    counters.SyncookiesSent++;
    this.#send(ends, out);
  }

  /** An acknowledgment that may bring a cookie back: the connection is made as if it had been kept. */
  #cookie(now: Nanos, listener: Listener, ends: Endpoints, segment: Segment): boolean {
    const { secrets, counters } = this.stack;
    if (listener.options.synCookies === false || listener.halfOpen < listener.backlog) {
      // Only a listener that was flooded a moment ago has sent any.
      if (counters.SyncookiesSent === 0) return false;
    }
    const isn = seqAdd(segment.ack, -1);
    const peerIsn = seqAdd(segment.seq, -1);
    const mss = readCookie(secrets, ends, isn, peerIsn, versionOf(ends.remote), now);
    if (mss < 0) {
      counters.SyncookiesFailed++;
      return false;
    }
    counters.SyncookiesRecv++;
    if (listener.full || this.stack.isFull) {
      counters.ListenOverflows++;
      return true;
    }
    const offset = secrets.of(ends, 'timestamp');
    const { seq, window, tsVal } = segment;
    segment.seq = peerIsn;
    segment.mss = mss;
    segment.windowShift = -1;
    segment.sackPermitted = false;
    const { ece, cwr } = segment;
    segment.ece = false;
    if (segment.hasTimestamps) readCookieTimestamp(segment, segment.tsEcr, offset);
    segment.hasAck = false;
    const child = this.#child(listener, ends);
    child.openFrom(now, segment, isn, offset);
    const { tcb } = child;
    // The SYN,ACK went out long ago.
    tcb.sndNxt = 1;
    tcb.board.push(0, 1, now);
    tcb.rcvAdv = tcb.rcvNxt + Math.min(listener.promised.capacity, 0xffff);
    tcb.lastAckSent = tcb.rcvNxt;
    segment.seq = seq;
    segment.window = window;
    segment.tsVal = tsVal;
    segment.hasAck = true;
    segment.ece = ece;
    segment.cwr = cwr;
    child.arrive(segment, now);
    this.stack.touched(child);
    return true;
  }

  /** RFC 9293 3.10.7.1. */
  #reset(ends: Endpoints, segment: Segment): void {
    const out = this.#out;
    out.clear();
    out.rst = true;
    out.window = 0;
    if (segment.hasAck) out.seq = segment.ack;
    else {
      out.seq = 0;
      out.hasAck = true;
      const size = segment.length + (segment.syn ? 1 : 0) + (segment.fin ? 1 : 0);
      out.ack = seqAdd(segment.seq, size);
    }
    this.stack.counters.OutRsts++;
    this.#send(ends, out);
  }

  /** A segment without text that belongs to no connection. */
  #send(ends: Endpoints, out: Outgoing): void {
    const { replies, ip, counters } = this.stack;
    const { pool } = ip;
    const slot = replies.begin();
    if (slot < 0) return;
    const b = pool.bytes(slot);
    const start = pool.at(slot);
    const template = new IpTemplate(ends.local, ends.remote, TCP_NUMBER);
    template.identification = 0; // DF is set: nothing needs to be told apart (RFC 6864 4)
    const at = start + template.size;
    const end = writeHeader(out, b, at, ends.localPort, ends.remotePort);
    template.write(b, start, end - at, 0);
    const sum = internetSum(b, at, end, template.pseudoSum + end - at);
    TCP.set.checksum(b, at, checksumOfSum(sum));
    pool.setLength(slot, end - start);
    replies.put(slot, ends.remote);
    counters.OutSegs++;
    ip.wake();
  }
}
