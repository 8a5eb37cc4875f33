// What librdmacm's programs know, over the connection manager: identifiers that are bound, resolved, listened on and
// connected by IP address and port. Queue pairs stay with the application: events say what they must be set to.

import { Signal } from '../../cpu/index.js';
import { UsageError } from '../../memory/index.js';
import {
  type Alarm,
  type Alarmed,
  after,
  isDue,
  ms,
  type Nanos,
  NEVER,
  type Random,
  tellOf,
} from '../../time/index.js';
import type { AddressLookup } from './address-lookup.js';
import { settingsToAccept } from './compose.js';
import type { Connection, ConnectionEvent, Listener, Path } from './connection.js';
import type { Connector } from './connector.js';
import { type PortSpace, serviceIdOf } from './identifier.js';
import { addressesIn, IP_HEADER_SIZE, withAddresses } from './ip-private-data.js';
import type { Told } from './states.js';

export type CmIdState =
  | 'IDLE'
  | 'BOUND'
  | 'ADDR_QUERY'
  | 'ADDR_RESOLVED'
  | 'ROUTE_QUERY'
  | 'ROUTE_RESOLVED'
  | 'CONNECT'
  | 'DISCONNECTED'
  | 'LISTEN'
  | 'DESTROYED';

/** struct rdma_event_channel: where the events of identifiers wait, and a signal that is raised with each. */
export class EventChannel {
  readonly signal = new Signal();
  readonly events: CmEvent[] = [];
}

/** struct rdma_cm_id. */
export interface CmId {
  readonly space: PortSpace;
  /** Where its events go; may be set to another (rdma_migrate_id). */
  channel: EventChannel;
  state: CmIdState;
  localAddress: Uint8Array | undefined;
  localPort: number;
  remoteAddress: Uint8Array | undefined;
  remotePort: number;
  path: Path | undefined;
  connection: Connection | undefined;
  listener: Listener | undefined;
  /** The PSN that our queue pair expects first, unless the parameters name another. */
  readonly startingPsn: number;
}

export type CmEventType =
  | Told
  | 'RDMA_CM_EVENT_ADDR_RESOLVED'
  | 'RDMA_CM_EVENT_ADDR_ERROR'
  | 'RDMA_CM_EVENT_ROUTE_RESOLVED'
  | 'RDMA_CM_EVENT_ROUTE_ERROR';

/** struct rdma_cm_event. */
export interface CmEvent extends Omit<ConnectionEvent, 'type' | 'connection' | 'listener'> {
  readonly type: CmEventType;
  readonly id: CmId;
  /** Of CONNECT_REQUEST. */
  readonly listenId?: CmId;
}

/** struct rdma_conn_param, and the queue pair. */
export interface ConnParam {
  readonly qpn: number;
  /** The identifier's own unless given. */
  readonly startingPsn?: number;
  readonly privateData?: Uint8Array;
  readonly responderResources?: number;
  readonly initiatorDepth?: number;
  readonly flowControl?: boolean;
  readonly retryCount?: number;
  readonly rnrRetryCount?: number;
  readonly srq?: boolean;
  readonly transportServiceType?: number;
}

/** RDMA_UDP_QKEY: of datagram services (rdma_cm_ib.h). */
export const RDMA_UDP_QKEY = 0x01234567;

const PSN_COUNT = 2 ** 24;
/** Linux's ip_local_port_range. */
const FIRST_PORT = 32768;
const PORT_COUNT = 28232;
/** How often an address that is being asked for is looked up again. */
const LOOKUP_INTERVAL = ms(1);
const ETIMEDOUT = 110;
const EHOSTUNREACH = 113;
const NOTHING = new Uint8Array(0);

/** In which states each call is allowed. */
const allowed = {
  bindAddr: ['IDLE'],
  resolveAddr: ['IDLE', 'BOUND'],
  resolveRoute: ['ADDR_RESOLVED'],
  listen: ['BOUND'],
  connect: ['ROUTE_RESOLVED'],
  answer: ['CONNECT'],
  disconnect: ['CONNECT', 'DISCONNECTED'],
} as const satisfies Record<string, readonly CmIdState[]>;

interface Query {
  readonly id: CmId;
  readonly until: Nanos;
}

export class RdmaCm implements Alarmed {
  /** The channel of identifiers that name no other. */
  readonly channel = new EventChannel();
  readonly #manager: Connector;
  readonly #lookup: AddressLookup;
  readonly #random: Random;
  readonly #ids = new Map<Connection, CmId>();
  readonly #listening = new Map<Listener, CmId>();
  readonly #ports = new Set<bigint>();
  #queries: Query[] = [];
  #lookAt: Nanos = NEVER;

  constructor(manager: Connector, lookup: AddressLookup, random: Random) {
    this.#manager = manager;
    this.#lookup = lookup;
    this.#random = random.fork('rdma_cm');
  }

  // hot
  soonest(alarm: Alarm): void {
    tellOf(this.#manager, alarm);
    alarm.lower(this.#lookAt);
  }

  expire(now: Nanos): void {
    if (isDue(this.#manager, now)) this.#manager.expire(now);
    if (this.#lookAt <= now) this.look(now);
  }

  /** rdma_get_cm_event: the next one, undefined when none waits. `now`, because some requests are refused by it. */
  event(now: Nanos, channel = this.channel): CmEvent | undefined {
    this.#translate(now);
    return channel.events.shift();
  }

  /** Raised when events wait in the default channel. */
  get signal(): Signal {
    return this.channel.signal;
  }

  createId(space: PortSpace = 'RDMA_PS_TCP', channel = this.channel): CmId {
    return {
      space,
      channel,
      state: 'IDLE',
      localAddress: undefined,
      localPort: 0,
      remoteAddress: undefined,
      remotePort: 0,
      path: undefined,
      connection: undefined,
      listener: undefined,
      startingPsn: this.#random.below(PSN_COUNT),
    };
  }

  /** Chooses a free port for 0. @throws UsageError EBUSY */
  bindAddr(id: CmId, address: Uint8Array | undefined, port = 0): void {
    demand(id, 'bindAddr');
    const service = (candidate: number) => serviceIdOf(id.space, candidate);
    let chosen = port;
    for (let tries = 0; chosen === 0 && tries < PORT_COUNT; tries++) {
      const candidate = FIRST_PORT + this.#random.below(PORT_COUNT);
      if (!this.#ports.has(service(candidate))) chosen = candidate;
    }
    if (chosen === 0 || this.#ports.has(service(chosen))) {
      throw new UsageError('EBUSY', `port ${port} of ${id.space} is taken`);
    }
    this.#ports.add(service(chosen));
    id.localAddress = address;
    id.localPort = chosen;
    id.state = 'BOUND';
  }

  /** ADDR_RESOLVED or ADDR_ERROR follows. */
  resolveAddr(now: Nanos, id: CmId, target: Uint8Array, port: number, timeout = ms(2000)): void {
    demand(id, 'resolveAddr');
    if (id.state === 'IDLE') this.bindAddr(id, undefined);
    id.remoteAddress = target;
    id.remotePort = port;
    id.state = 'ADDR_QUERY';
    this.#queries.push({ id, until: after(now, timeout) });
    this.look(now);
  }

  /**
   * ROUTE_RESOLVED or ROUTE_ERROR follows: at once on Ethernet, where the path is made locally
   * (cma_resolve_iboe_route), and when subnet administration has answered on InfiniBand (cma_query_ib_route).
   */
  resolveRoute(now: Nanos, id: CmId, timeout = ms(2000)): void {
    demand(id, 'resolveRoute');
    id.state = 'ROUTE_QUERY';
    this.#queries.push({ id, until: after(now, timeout) });
    this.look(now);
  }

  listen(id: CmId, backlog?: number): void {
    demand(id, 'listen');
    id.listener = this.#manager.listen(serviceIdOf(id.space, id.localPort), backlog);
    this.#listening.set(id.listener, id);
    id.state = 'LISTEN';
  }

  /** CONNECT_RESPONSE, then ESTABLISHED after `establish`; or REJECTED, or UNREACHABLE. Datagrams: ESTABLISHED at once. */
  connect(now: Nanos, id: CmId, p: ConnParam): void {
    demand(id, 'connect');
    const path = id.path!;
    const addresses = {
      sourcePort: id.localPort,
      source: id.localAddress!,
      target: id.remoteAddress!,
    };
    const serviceId = serviceIdOf(id.space, id.remotePort);
    const own = this.#manager.addressesOf !== undefined;
    const privateData = own ? (p.privateData ?? NOTHING) : withAddresses(addresses, p.privateData);
    const { sourcePort } = addresses;
    const c =
      id.space === 'RDMA_PS_UDP' || id.space === 'RDMA_PS_IPOIB'
        ? this.#manager.resolve(now, { serviceId, path, privateData })
        : this.#manager.connect(now, { ...ours(id, p), serviceId, path, privateData, sourcePort });
    this.#tie(id, c);
  }

  /** Answers a CONNECT_REQUEST. */
  accept(now: Nanos, id: CmId, p: ConnParam): void {
    demand(id, 'answer');
    const { privateData } = p;
    if (!id.connection!.sidrRequest) return this.#manager.accept(now, id.connection!, ours(id, p));
    const answer = { status: 0, qpn: p.qpn, qkey: RDMA_UDP_QKEY };
    this.#manager.answer(now, id.connection!, privateData ? { ...answer, privateData } : answer);
  }

  /** Answers a CONNECT_RESPONSE, when the queue pair is set. */
  establish(now: Nanos, id: CmId): void {
    demand(id, 'answer');
    this.#manager.establish(now, id.connection!);
  }

  reject(now: Nanos, id: CmId, privateData?: Uint8Array): void {
    demand(id, 'answer');
    if (id.connection!.sidrRequest) this.#manager.destroy(now, id.connection!);
    else this.#manager.reject(now, id.connection!, privateData);
    id.state = 'DISCONNECTED';
  }

  disconnect(now: Nanos, id: CmId, privateData?: Uint8Array): void {
    demand(id, 'disconnect');
    this.#manager.disconnect(now, id.connection!, privateData);
  }

  destroyId(now: Nanos, id: CmId): void {
    if (id.listener) {
      this.#manager.unlisten(id.listener);
      this.#listening.delete(id.listener);
    }
    if (id.connection) {
      this.#manager.destroy(now, id.connection);
      this.#ids.delete(id.connection);
    }
    // A connection that a listener gave has the listener's port, which is not its own.
    if (id.listener || id.connection?.role !== 'passive') {
      this.#ports.delete(serviceIdOf(id.space, id.localPort));
    }
    this.#queries = this.#queries.filter((query) => query.id !== id);
    id.state = 'DESTROYED';
  }

  #tie(id: CmId, c: Connection): void {
    id.connection = c;
    id.state = 'CONNECT';
    this.#ids.set(c, id);
  }

  /** Looks up all that is being asked for: in a while by itself, and when somebody knows that there is news. */
  look(now: Nanos): void {
    this.#queries = this.#queries.filter((query) =>
      query.id.state === 'ROUTE_QUERY' ? this.#route(now, query) : this.#address(now, query),
    );
    this.#lookAt = this.#queries.length > 0 ? after(now, LOOKUP_INTERVAL) : NEVER;
  }

  /** True while the answer is not there. */
  #route(now: Nanos, { id, until }: Query): boolean {
    const known = id.path!;
    const path = this.#lookup.route ? this.#lookup.route(now, known) : known;
    if (path === 'pending' && now < until) return true;
    if (path === undefined || path === 'pending') {
      id.state = 'ADDR_RESOLVED';
      this.#push(now, 'RDMA_CM_EVENT_ROUTE_ERROR', id, path ? -ETIMEDOUT : -EHOSTUNREACH);
      return false;
    }
    id.path = path;
    id.state = 'ROUTE_RESOLVED';
    this.#push(now, 'RDMA_CM_EVENT_ROUTE_RESOLVED', id, 0);
    return false;
  }

  #address(now: Nanos, { id, until }: Query): boolean {
    const path = this.#lookup.path(now, id.remoteAddress!, id.localAddress);
    if (path === 'pending' && now < until) return true;
    if (path === undefined || path === 'pending') {
      id.state = 'BOUND';
      this.#push(now, 'RDMA_CM_EVENT_ADDR_ERROR', id, path ? -ETIMEDOUT : -EHOSTUNREACH);
      return false;
    }
    id.path = path;
    id.localAddress = path.localIp ?? path.localGid;
    id.state = 'ADDR_RESOLVED';
    this.#push(now, 'RDMA_CM_EVENT_ADDR_RESOLVED', id, 0);
    return false;
  }

  #push(now: Nanos, type: CmEventType, id: CmId, status: number): void {
    this.#translate(now);
    this.#tell(now, { type, id, status, privateData: NOTHING });
  }

  #tell(now: Nanos, event: CmEvent): void {
    const { channel } = event.id;
    channel.events.push(event);
    channel.signal.raise(now);
  }

  /** Must be called after the manager did anything: raises the signal when it has told something. */
  settle(now: Nanos): void {
    this.#translate(now);
  }

  /** The manager's events, in their order. */
  #translate(now: Nanos): void {
    for (let e = this.#manager.event(); e; e = this.#manager.event()) {
      const event = e.listener ? this.#requested(now, e) : this.#changed(e);
      if (event) this.#tell(now, event);
    }
  }

  /** A request must say its addresses: Linux rejects what does not with reason 28. */
  #requested(now: Nanos, e: ConnectionEvent): CmEvent | undefined {
    const { connection: c, listener, type: _type, ...rest } = e;
    const listenId = this.#listening.get(listener!);
    const known = this.#manager.addressesOf?.(c);
    const addresses = known ?? addressesIn(e.privateData);
    if (!listenId || !addresses) {
      // The peer may have taken it back since: then there is nothing left to reject.
      this.#manager.destroy(now, c);
      return undefined;
    }
    const id = this.createId(listenId.space, listenId.channel);
    id.localAddress = addresses.target;
    id.localPort = listenId.localPort;
    id.remoteAddress = addresses.source;
    id.remotePort = addresses.sourcePort;
    this.#tie(id, c);
    const privateData = known ? e.privateData : e.privateData.slice(IP_HEADER_SIZE);
    const settings = settingsToAccept(c, id);
    const event = { ...rest, id, listenId, privateData, ...(settings && { settings }) };
    return { ...event, type: 'RDMA_CM_EVENT_CONNECT_REQUEST' };
  }

  #changed(e: ConnectionEvent): CmEvent | undefined {
    const { connection, listener: _listener, ...rest } = e;
    const id = this.#ids.get(connection);
    if (!id) return undefined;
    if (e.type === 'RDMA_CM_EVENT_DISCONNECTED') id.state = 'DISCONNECTED';
    if (e.type === 'RDMA_CM_EVENT_REJECTED' || e.type === 'RDMA_CM_EVENT_UNREACHABLE') {
      id.state = connection.role === 'active' ? 'ROUTE_RESOLVED' : 'DISCONNECTED';
    }
    if (connection.state === 'IDLE') this.#ids.delete(connection);
    return { ...rest, id };
  }
}

function ours(id: CmId, p: ConnParam) {
  const { qpn, startingPsn, ...rest } = p;
  return { ...rest, localQpn: qpn, startingPsn: startingPsn ?? id.startingPsn };
}

function demand(id: CmId, call: keyof typeof allowed): void {
  const states: readonly CmIdState[] = allowed[call];
  if (!states.includes(id.state)) throw new UsageError('EINVAL', `${call} in state ${id.state}`);
}
