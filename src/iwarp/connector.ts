// Connections for rdma_cm over MPA: start-up frames of both roles, what both sides agree on, and the end of streams. Told
// what happens to TCP by its states, it answers with the events of rdma_cm.

import { isBytes } from '../../protocols/core/index.js';
import type {
  AcceptParameters,
  Connector as CmConnector,
  Connection,
  ConnectionEvent,
  ConnectParameters,
  IpAddresses,
  Listener,
} from '../rdma/cm/index.js';
import { UsageError } from '../rdma/engine-parts.js';
import type { SendSource, Listener as TcpListener } from '../tcp/index.js';
import { type Alarm, after, type Nanos, NEVER } from '../time/index.js';
import { replied, requested, writeFrame } from './handshake.js';
import { ERRNO, errnoOf, type Link, Links, NOTHING } from './links.js';
import { QUEUE, RDMAP } from './opcodes.js';
import { take } from './receive.js';
import { nextMsn } from './requester.js';
import type { Rnic } from './rnic.js';
import { readStartup, rejectionOf, replyTo, requestOf } from './startup.js';
import { Stream, type StreamOwner } from './stream.js';
import { end } from './terminate.js';
import { MAX_PRIVATE_DATA, MPAEnhanced, RDMAPReadRequest } from './wire.js';

/** The port stands in the low half of a service ID. */
const PORT_MASK = 0xffffn;
const DEFAULT_BACKLOG = 1024;
/** States of TCP in which the peer has sent its FIN. */
const peerHasEnded: readonly string[] = ['CLOSE-WAIT', 'CLOSING', 'LAST-ACK', 'TIME-WAIT'];

export class Connector implements CmConnector, StreamOwner {
  sending: Stream | null = null;
  #nextId = 1;
  readonly #links: Links;
  readonly #listeners = new Map<Listener, TcpListener>();
  /** Streams of connections that a listener has and we have not taken yet. */
  readonly #newborn = new Map<SendSource, Stream>();

  constructor(readonly rnic: Rnic) {
    this.#links = new Links(rnic.device);
  }

  get hasNews(): boolean {
    return this.#links.news.size > 0;
  }

  get hasNewborn(): boolean {
    return this.#newborn.size > 0;
  }

  get hasEvents(): boolean {
    return this.#links.events.length > 0;
  }

  streamOf(id: number): Stream | undefined {
    return this.#links.get(id)?.stream;
  }

  readonly addressesOf = (c: Connection): IpAddresses => {
    const { tcp } = (c as Link).stream;
    return { source: tcp!.remote, sourcePort: tcp!.remotePort, target: tcp!.local };
  };

  // Connector

  event(): ConnectionEvent | undefined {
    return this.#links.events.shift();
  }

  /** @throws UsageError EBUSY */
  listen(serviceId: bigint, backlog = DEFAULT_BACKLOG): Listener {
    const listener: Listener = { serviceId, backlog, pending: 0, state: 'LISTEN' };
    const port = Number(serviceId & PORT_MASK);
    const buffers = () => {
      const stream = this.#newStream();
      this.#newborn.set(stream.source, stream);
      return stream;
    };
    const { receiveBytes } = this.rnic.options;
    try {
      const tcp = this.rnic.port.tcp.listen({ port, buffers, receiveBytes });
      this.#listeners.set(listener, tcp);
    } catch (error) {
      throw new UsageError('EBUSY', (error as Error).message);
    }
    return listener;
  }

  unlisten(listener: Listener): void {
    const tcp = this.#listeners.get(listener);
    this.#listeners.delete(listener);
    listener.state = 'IDLE';
    if (tcp) this.rnic.port.tcp.unlisten(this.rnic.device.now, tcp);
  }

  connect(now: Nanos, p: ConnectParameters & { readonly sourcePort?: number }): Connection {
    const stream = this.#newStream();
    const link = this.#links.add(stream, 'active', p.serviceId);
    const most = this.rnic.options.mostReads;
    link.asks = {
      ird: Math.min(p.responderResources ?? most, most),
      ord: Math.min(p.initiatorDepth ?? most, most),
      privateData: p.privateData ?? NOTHING,
    };
    this.#demandRoom(link.asks.privateData);
    link.state = 'REQ_SENT';
    try {
      stream.tcp = this.rnic.port.tcp.connect(now, {
        remote: p.path.remoteGid,
        local: p.path.localGid,
        port: Number(p.serviceId & PORT_MASK),
        ...(p.sourcePort && { localPort: p.sourcePort }),
        buffers: stream,
        tracer: { transition: () => this.changed(stream) },
      });
      this.#links.wait(stream, after(now, this.rnic.options.replyTimeout));
    } catch {
      this.#links.fail(link, ERRNO.EADDRNOTAVAIL);
    }
    return link;
  }

  resolve(): Connection {
    throw new UsageError('EOPNOTSUPP', 'iWARP has no datagrams');
  }

  answer(): void {
    throw new UsageError('EOPNOTSUPP', 'iWARP has no datagrams');
  }

  accept(now: Nanos, c: Connection, p: AcceptParameters): void {
    const link = this.#demand(c, 'REQ_RCVD');
    const { stream } = link;
    const { peer } = link;
    const most = this.rnic.options.mostReads;
    const { ird: asked, ord: offered } = peer!.enhanced ?? { ird: most, ord: most };
    const ird = Math.min(p.responderResources ?? offered, most);
    const ord = Math.min(p.initiatorDepth ?? asked, asked, most);
    const privateData = p.privateData ?? NOTHING;
    this.#demandRoom(privateData);
    const reply = replyTo(peer!, this.rnic.options, ird, ord, privateData);
    if (stream.qp !== null) stream.qp.maxRdAtomic = Math.min(stream.qp.maxRdAtomic, ord);
    this.#links.answered(link);
    writeFrame(stream, reply, true);
    link.state = 'ESTABLISHED';
    stream.held = false;
    if (stream.rtr === 'none') this.#links.up(link);
    stream.sink.resume();
    this.settle(now);
  }

  establish(now: Nanos, c: Connection): void {
    const link = this.#demand(c, 'REP_RCVD');
    link.state = 'ESTABLISHED';
    this.#links.up(link);
    if (link.stream.phase === 'ended') this.#links.down(link); // the peer was quicker
    this.settle(now);
  }

  reject(now: Nanos, c: Connection, privateData: Uint8Array = NOTHING): void {
    const link = this.#demand(c, 'REQ_RCVD');
    this.#demandRoom(privateData);
    this.#links.answered(link);
    writeFrame(link.stream, rejectionOf(link.peer!, privateData), true);
    link.state = 'IDLE';
    end(link.stream, '');
    this.settle(now);
  }

  disconnect(now: Nanos, c: Connection): void {
    this.#hangUp(now, c as Link);
    this.settle(now);
  }

  destroy(now: Nanos, c: Connection): void {
    const link = c as Link;
    link.abandoned = true;
    if (link.state === 'REQ_RCVD') this.#links.answered(link);
    if (link.stream.phase === 'startup' || link.stream.phase === 'ready') this.#abort(now, link);
    else this.#hangUp(now, link);
    this.settle(now);
  }

  // Machine

  wakeAt(): Nanos {
    return this.#links.wakeAt;
  }

  // hot
  soonest(alarm: Alarm): void {
    alarm.lower(this.#links.wakeAt);
  }

  expire(now: Nanos): void {
    for (let s = this.#links.late(now); s; s = this.#links.late(now)) this.#late(now, s);
    this.settle(now);
  }

  // StreamOwner

  changed(s: Stream): void {
    this.#links.news.add(s);
  }

  /** A start-up frame came in whole, or never will. */
  startup(s: Stream, b: Uint8Array, at: number, to: number, place: number): number {
    const link = this.#links.get(s.id);
    if (link === undefined) return 0; // taken when the listener's connection is
    const isActive = link.role === 'active';
    const read = readStartup(b, at, to, isActive);
    if (read === 'more') return 0;
    if (read === 'bad') {
      this.rnic.device.counters.add('iw_bad_startup');
      this.#links.fail(link, ERRNO.EPROTO);
      return to - at;
    }
    s.inBase = place + read.size;
    link.peer = read.frame;
    this.#links.wait(s, NEVER);
    if (isActive) replied(this.#links, this.rnic.options, link, read.frame);
    else
      requested(
        this.#links,
        this.rnic.options,
        link,
        read.frame,
        this.#listeners.has(link.listener!),
      );
    return s.phase === 'ended' ? to - at : read.size;
  }

  // What happens to streams

  /** Connections of our listeners that are open. */
  accepted(now: Nanos): void {
    for (const [listener, tcp] of this.#listeners) {
      for (let c = tcp.accept(); c; c = tcp.accept()) {
        const stream = this.#newborn.get(c.source);
        if (!stream) continue;
        this.#newborn.delete(c.source);
        stream.tcp = c;
        c.tcb.tracer = { transition: () => this.changed(stream) };
        const link = this.#links.add(stream, 'passive', listener.serviceId);
        link.listener = listener;
        link.state = 'IDLE';
        this.#links.wait(stream, after(now, this.rnic.options.requestTimeout));
        stream.sink.resume();
        this.changed(stream);
      }
    }
    this.settle(now);
  }

  /** The stream carries a queue pair. The active side begins, with what was agreed on (RFC 6581 9.2). */
  attached(s: Stream): void {
    const { role } = this.#links.get(s.id)!;
    if (role === 'passive') {
      s.held = true;
      return;
    }
    const { startDelay } = this.rnic.options;
    if (startDelay > 0) this.#links.wait(s, after(this.rnic.device.now, startDelay));
    else this.#begin(s);
  }

  #begin(s: Stream): void {
    s.maySend = true;
    this.rnic.device.activate(s.qp!);
    if (s.rtr === 'write') s.commit(s.tagged(RDMAP.WRITE, true, 0, 0, 0), -1, 0);
    else if (s.rtr === 'send') s.commitEmpty();
    else if (s.rtr === 'read') {
      const at = s.untagged(RDMAP.READ_REQUEST, true, 0, QUEUE.request, s.readMsn, 0);
      s.readMsn = nextMsn(s.readMsn);
      s.source.bytes.fill(0, at, at + RDMAPReadRequest.size);
      s.rtrRead = true;
      s.commit(at + RDMAPReadRequest.size, -1, 0);
    }
    s.sink.resume();
  }

  /** Follows TCP, until nothing is new. */
  settle(now: Nanos): void {
    for (const stream of this.#links.news) {
      this.#links.news.delete(stream);
      const link = this.#links.get(stream.id);
      if (link) this.#follow(now, link);
    }
  }

  #follow(now: Nanos, link: Link): void {
    const { stream } = link;
    const tcp = stream.tcp!;
    const { state } = tcp;
    if (state === 'CLOSED') return this.#gone(now, link);
    if (state === 'ESTABLISHED' && link.state === 'REQ_SENT' && stream.source.end === 0) {
      const { ird, ord, privateData } = link.asks;
      writeFrame(stream, requestOf(this.rnic.options, ird, ord, privateData), false);
    }
    if (stream.rtr !== 'none' && stream.maySend && link.role === 'passive') this.#links.up(link);
    if (peerHasEnded.includes(state)) this.#peerEnded(now, link);
    if (stream.closing && !tcp.tcb.closing) {
      tcp.shutdown(now);
      this.#links.wait(stream, after(now, this.rnic.options.closeTimeout));
    }
    if (tcp.state === 'TIME-WAIT') this.#links.forget(link);
  }

  #peerEnded(now: Nanos, link: Link): void {
    const { stream } = link;
    if (stream.phase === 'startup' || stream.phase === 'ready')
      this.#links.fail(link, ERRNO.ECONNRESET);
    else this.#hangUp(now, link);
    this.#links.down(link);
  }

  /** The application, or the peer, wants no more. */
  #hangUp(now: Nanos, link: Link): void {
    const { stream } = link;
    if (stream.phase === 'ended') return;
    const { qp } = stream;
    end(stream, '');
    if (qp !== null) this.rnic.device.toError(now, qp);
  }

  /** TCP is closed: as it should be, or reset, or given up. */
  #gone(now: Nanos, link: Link): void {
    const { stream } = link;
    const error = stream.tcp!.error;
    if (stream.phase === 'startup' || stream.phase === 'ready')
      this.#links.fail(link, errnoOf(error));
    else if (stream.phase === 'rts') {
      const { qp } = stream;
      end(stream, 'stream-lost');
      if (qp !== null) {
        this.rnic.device.event('IBV_EVENT_QP_FATAL', qp);
        this.rnic.device.toError(now, qp);
      }
    }
    this.#links.down(link);
    this.#links.forget(link);
  }

  #late(now: Nanos, stream: Stream): void {
    const link = this.#links.get(stream.id);
    if (!link) return;
    if (stream.phase === 'rts') return this.#begin(stream);
    if (stream.phase === 'startup' || stream.phase === 'ready')
      this.#links.fail(link, ERRNO.ETIMEDOUT);
    this.#abort(now, link);
    this.#links.down(link);
  }

  #abort(now: Nanos, link: Link): void {
    const { stream } = link;
    stream.phase = 'ended';
    stream.tcp?.abort(now);
    this.#links.forget(link);
  }

  // Books

  #newStream(): Stream {
    const { device, options } = this.rnic;
    return new Stream(this.#nextId++, device, options, this, take);
  }

  #demand(c: Connection, state: Connection['state']): Link {
    if (c.state !== state) throw new UsageError('EINVAL', `the connection is in ${c.state}`);
    return c as Link;
  }

  #demandRoom(privateData: Uint8Array): void {
    const most = MAX_PRIVATE_DATA - MPAEnhanced.size;
    if (isBytes(privateData) && privateData.length <= most) return;
    throw new UsageError('EINVAL', `private data of more than ${most} bytes`);
  }
}
