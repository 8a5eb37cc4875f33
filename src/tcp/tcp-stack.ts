// The TCP of a host or of a NIC: finds the connection for each packet, makes connections from SYNs and calls, lets those
// that have something to say take turns, and answers what belongs to nobody. Sits on an IP layer (`TcpIp`), which
// HostStack is.

import { internetSum, sumIsGood } from '../../protocols/core/checksum/index.js';
import { TCP } from '../../protocols/index.js';
import type { FramePool } from '../frame/index.js';
import {
  type Datagram,
  formatIp,
  type IcmpError,
  type IpRoute,
  isMapped,
  routeTo,
  type Transport,
} from '../stack/index.js';
import { type Alarm, type Nanos, Random } from '../time/index.js';
import { type ReceiveSink, RingSink, RingSource } from './buffer.js';
import { TcpConnection } from './connection.js';
import { ConnectionTable } from './connection-table.js';
import { newCounters } from './counters.js';
import { FrameMaker, TCP_NUMBER } from './frame-maker.js';
import { type Buffers, Listener, type ListenOptions } from './listener.js';
import { linuxOptions, type TcpOptions } from './options.js';
import { Outgoing } from './outgoing.js';
import { PassiveOpen } from './passive-open.js';
import { icmpError } from './path-mtu.js';
import { PortChooser } from './port-chooser.js';
import { ReplyQueue } from './reply-queue.js';
import { Secrets } from './secrets.js';
import { Segment } from './segment.js';
import { Tcb, type TcpTracer } from './tcb.js';
import { TimerHeap } from './timer-heap.js';
import { TurnQueue } from './turn-queue.js';

/** What TCP needs of IP. */
export interface TcpIp {
  readonly pool: FramePool;
  readonly mtu: number;
  isOwn(ip: Uint8Array): boolean;
  sourceFor(target: Uint8Array): Uint8Array | undefined;
  /** There is something to send now. */
  wake(): void;
}

export interface ConnectOptions extends Partial<TcpOptions> {
  readonly remote: Uint8Array;
  readonly port: number;
  readonly local?: Uint8Array;
  readonly localPort?: number;
  readonly buffers?: Buffers;
  /** Sees what the connection decides. */
  readonly tracer?: TcpTracer;
}

export interface TcpStackOptions {
  readonly random?: Random;
  /** For all connections that do not say otherwise. */
  readonly defaults?: Partial<TcpOptions>;
  readonly mostConnections?: number;
  /**
   * Text stays where it lies: frames have headers alone, whose lengths and checksums count it, and this is told which
   * bytes of whose source belong behind them.
   */
  readonly apart?: (slot: number, connection: TcpConnection, out: Outgoing) => void;
}

/** Bytes of a ring, where nobody brings buffers. */
const RING_BYTES = 256 * 1024;
const MOST_CONNECTIONS = 65_536;
/** Connections in TIME-WAIT; they hold no buffers. */
const MOST_TIME_WAITS = 16_384;
const ADDRESS = 16;

export class TcpStack implements Transport {
  readonly protocol = TCP_NUMBER;
  readonly counters = newCounters();
  readonly connections = new ConnectionTable();
  readonly listeners: Listener[] = [];
  readonly secrets: Secrets;
  readonly replies: ReplyQueue;
  readonly defaults: TcpOptions;
  /** Where the packet that `transmit` gave goes to. */
  route: IpRoute;
  readonly #replyRoute = routeTo(new Uint8Array(ADDRESS));
  /** Of the packet that `transmit` gave: where the NIC is to cut it; 0 for a single segment. */
  cutMss = 0;
  readonly #ports: PortChooser;
  readonly #timers = new TimerHeap();
  readonly #segment = new Segment();
  readonly #out = new Outgoing();
  readonly #passive: PassiveOpen;
  readonly #turns = new TurnQueue();
  readonly #timeWaits: TcpConnection[] = [];

  constructor(
    readonly ip: TcpIp,
    readonly options: TcpStackOptions = {},
  ) {
    const random = options.random ?? new Random(1, 'tcp');
    this.secrets = new Secrets(random);
    this.#ports = new PortChooser(random, this.secrets);
    this.defaults = { ...linuxOptions, ...options.defaults };
    this.replies = new ReplyQueue(ip.pool);
    this.route = this.#replyRoute;
    this.#passive = new PassiveOpen(this);
  }

  /** @throws RangeError when no address of ours reaches there, or every port is taken */
  connect(now: Nanos, options: ConnectOptions): TcpConnection {
    const { remote, port } = options;
    const local = options.local ?? this.ip.sourceFor(remote);
    if (!local) throw new RangeError(`no address of ours reaches ${formatIp(remote)}`);
    const localPort =
      options.localPort ??
      this.#ports.choose(local, remote, port, (p) => this.#taken(local, p, remote, port));
    if (localPort < 0 || this.#taken(local, localPort, remote, port)) {
      throw new RangeError('EADDRNOTAVAIL: the port is taken');
    }
    const { source, sink } = options.buffers ?? rings();
    const tcb = new Tcb(
      { ...this.defaults, ...options },
      sink,
      versionOf(remote),
      this.ip.mtu,
      this.counters,
    );
    tcb.source = source;
    tcb.tracer = options.tracer;
    const connection = new TcpConnection(this, tcb, local.slice(), localPort, remote.slice(), port);
    this.adopt(connection);
    const offset = this.secrets.of(connection, 'timestamp');
    connection.open(now, this.secrets.isn(connection, now), offset);
    return connection;
  }

  /** @throws RangeError when the port is listened on already */
  listen(options: ListenOptions): Listener {
    const { port, receiveBytes = RING_BYTES } = options;
    if (this.listeners.some((l) => l.port === port && l.options.address === options.address)) {
      throw new RangeError(`EADDRINUSE: port ${port} is listened on already`);
    }
    const make = options.buffers ?? (() => rings(receiveBytes));
    const listener = new Listener(
      options,
      { ...this.defaults, ...options },
      make,
      promise(receiveBytes),
    );
    this.listeners.push(listener);
    return listener;
  }

  /** Stops listening; whoever was not accepted is reset (RFC 9293 3.10.4). */
  unlisten(now: Nanos, listener: Listener): void {
    this.listeners.splice(this.listeners.indexOf(listener), 1);
    listener.closed = true;
    for (const connection of listener.waiting.splice(0)) connection.abort(now);
  }

  #taken(local: Uint8Array, localPort: number, remote: Uint8Array, port: number): boolean {
    return this.connections.find(local, localPort, remote, port) !== undefined;
  }

  get isFull(): boolean {
    return this.connections.size >= (this.options.mostConnections ?? MOST_CONNECTIONS);
  }

  /** Takes a connection into the tables. */
  adopt(connection: TcpConnection): void {
    this.connections.add(connection);
    connection.maker = new FrameMaker(connection);
  }

  // hot
  receive(now: Nanos, datagram: Datagram): void {
    const { bytes, at, end, source, target } = datagram;
    this.counters.InSegs++;
    const segment = this.#segment;
    if (!segment.read(bytes, at, end, datagram.ecn)) {
      this.counters.InErrs++;
      return;
    }
    const { sourcePort, targetPort } = segment;
    const connection = this.connections.find(target, targetPort, source, sourcePort);
    if (connection === undefined && !this.ip.isOwn(target)) {
      this.counters.InErrs++;
      return;
    }
    // Both directions' pseudo headers have the same sum.
    const pseudo = connection?.maker?.template.pseudoSum ?? pseudoSum(source, target);
    segment.unit = datagram.unit ?? 0;
    if (datagram.checked !== true && !sumIsGood(internetSum(bytes, at, end, pseudo + end - at))) {
      this.counters.InErrs++;
      this.counters.InCsumErrors++;
      return;
    }
    if (connection === undefined || this.#passive.reopens(connection, segment)) {
      return this.#passive.receive(now, datagram, segment);
    }
    if (!this.#passive.admits(connection, segment)) return;
    connection.arrive(segment, now);
    this.touched(connection);
  }

  icmpError(now: Nanos, error: IcmpError): void {
    const { bytes, at, source, target } = error;
    const localPort = TCP.get.srcPort(bytes, at);
    const remotePort = TCP.get.dstPort(bytes, at);
    const connection = this.connections.find(source, localPort, target, remotePort);
    if (!connection) return;
    icmpError(connection.tcb, now, error.kind, TCP.get.seq(bytes, at), error.mtu);
    this.touched(connection);
  }

  /** Something about a connection has changed. */
  // hot
  touched(connection: TcpConnection): void {
    const { tcb } = connection;
    this.#passive.noticed(connection);
    if (connection.id < 0) return;
    if (tcb.state === 'TIME-WAIT' && !connection.waits) this.#waiting(connection);
    this.#timers.setTo(connection.id, tcb);
    if (!connection.queued) {
      connection.queued = true;
      this.#turns.put(connection);
    }
    this.ip.wake();
  }

  /** TIME-WAIT is bounded: the oldest goes first, as in Linux (which refuses the newest). */
  #waiting(connection: TcpConnection): void {
    connection.waits = true;
    this.counters.TW++;
    const waits = this.#timeWaits;
    while (waits.length > 0 && waits[0]!.state !== 'TIME-WAIT') waits.shift();
    waits.push(connection);
    if (waits.length <= MOST_TIME_WAITS) return;
    const oldest = waits.shift()!;
    if (oldest.state !== 'TIME-WAIT') return;
    this.counters.TCPTimeWaitOverflow++;
    this.forget(oldest);
  }

  hasWork(): boolean {
    return this.#turns.count > 0 || this.replies.count > 0;
  }

  /** One packet, by turns; those that have nothing to say lose theirs. */
  // hot
  transmit(now: Nanos): number {
    this.cutMss = 0;
    if (this.replies.count > 0) {
      this.route = this.#replyRoute;
      this.route.neighbour = undefined;
      return this.replies.take(this.route.target);
    }
    while (this.#turns.count > 0) {
      const slot = this.#serve(now, this.#turns.take());
      if (slot >= 0) return slot;
      if (slot === FULL) return -1;
    }
    return -1;
  }

  // hot
  #serve(now: Nanos, connection: TcpConnection): number {
    connection.queued = false;
    if (connection.id < 0) return NOTHING;
    const { pool } = this.ip;
    const slot = pool.take();
    if (slot < 0) {
      this.touched(connection); // later
      return FULL;
    }
    const out = this.#out;
    if (!connection.next(now, out)) {
      pool.release(slot);
      this.#settle(connection);
      return NOTHING;
    }
    this.counters.OutSegs++;
    const { apart } = this.options;
    connection.maker!.make(out, pool, slot, apart === undefined);
    apart?.(slot, connection, out);
    this.cutMss = out.cutMss;
    this.route = connection.route;
    if (!out.last) {
      connection.queued = true;
      this.#turns.put(connection);
    }
    this.#timers.setTo(connection.id, connection.tcb);
    return slot;
  }

  /** It has nothing more to send: one that is closed leaves the tables. */
  #settle(connection: TcpConnection): void {
    this.#timers.setTo(connection.id, connection.tcb);
    if (connection.state === 'CLOSED') this.forget(connection);
  }

  forget(connection: TcpConnection): void {
    if (connection.id < 0) return;
    this.#timers.set(connection.id, Number.POSITIVE_INFINITY as Nanos);
    this.connections.remove(connection);
  }

  // hot
  soonest(alarm: Alarm): void {
    this.#timers.soonest(alarm);
  }

  wakeAt(): Nanos {
    return this.#timers.wakeAt;
  }

  expire(now: Nanos): void {
    while (this.#timers.wakeAt <= now) {
      const connection = this.connections.byId(this.#timers.first);
      connection.expire(now);
      this.touched(connection);
    }
  }
}

/** Answers of #serve beside a slot. */
const NOTHING = -1;
const FULL = -2;

export const versionOf = (ip: Uint8Array): 4 | 6 => (isMapped(ip) ? 4 : 6);

const rings = (receiveBytes = RING_BYTES): Buffers => ({
  source: new RingSource(RING_BYTES),
  sink: new RingSink(receiveBytes),
});

const promise = (capacity: number): ReceiveSink => ({
  capacity,
  taken: 0,
  place() {},
  deliver() {},
});

/** Of the pseudo header but for the length; addresses are sixteen bytes, of which IPv4's first twelve do not count. */
function pseudoSum(source: Uint8Array, target: Uint8Array): number {
  const first = isMapped(target) ? 12 : 0;
  return internetSum(target, first, ADDRESS, internetSum(source, first, ADDRESS)) + TCP_NUMBER;
}
