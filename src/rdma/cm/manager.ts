// Connection management (IBA 12) as a machine: MADs of QP1 and time go in, MADs and a wake-up time come out, and what
// the application must know waits in a queue. Who owns QP1 and who sets queue pairs does so outside.

import { UsageError } from '../../memory/index.js';
import {
  type Alarm,
  after,
  type Machine,
  type Nanos,
  NEVER,
  type Random,
} from '../../time/index.js';
import { addressOf, type Rejection, replyOf, requestOf, timeoutNs, usual } from './compose.js';
import {
  type AcceptParameters,
  type AnswerParameters,
  type Connection,
  type ConnectionEvent,
  type ConnectParameters,
  type Listener,
  type MadAddress,
  newConnection,
  type Path,
  type ResolveParameters,
} from './connection.js';
import { Deadlines } from './deadline.js';
import { eventOf } from './event.js';
import { bytesOfGuid } from './identifier.js';
import { type Fields, type Message, readMessage, type Unread, writeMessage } from './message.js';
import { compose, Outbox, type Saying, type Speaker, transactionOf } from './outbox.js';
import { type Drop, type Meaning, meaningOf, portOf } from './receive.js';
import { Connections } from './registry.js';
import { type Event, pendingStates, type Row, rowFor, type Timer } from './states.js';

export interface ManagerOptions {
  /** Node GUID of the channel adapter; a peer that restarts needs a new one or other queue pairs (trap 28). */
  readonly guid: bigint;
  readonly random: Random;
  /** Upper half of our transaction IDs: Linux counts its MAD agents. */
  readonly agent?: number;
  /** Gives comm IDs, for a run that must have those of another one. */
  readonly commIds?: () => number;
  readonly maxConnections?: number;
  readonly maxEvents?: number;
  /** Hears of every transition. */
  readonly trace?: (now: Nanos, connection: Connection, row: Row) => void;
}

/** What became of a MAD. */
export type Verdict = 'taken' | 'refused' | 'answered' | 'ignored' | Unread | Drop;

/** Far more than a device has use for; a peer cannot make us hold more than this. */
const MAX_CONNECTIONS = 65536;
const MAX_EVENTS = 65536;
const LINUX_AGENT = 2;
const DEFAULT_BACKLOG = 1024;

export class ConnectionManager implements Machine {
  readonly counters = new Map<Verdict | 'event-lost', number>();
  readonly #options: ManagerOptions;
  readonly #speaker: Speaker;
  readonly #connections: Connections;
  readonly #listeners = new Map<bigint, Listener>();
  readonly #deadlines = new Deadlines<Connection>();
  readonly #outbox = new Outbox();
  #events: ConnectionEvent[] = [];

  constructor(options: ManagerOptions) {
    this.#options = options;
    this.#speaker = {
      agent: options.agent ?? LINUX_AGENT,
      guidBytes: bytesOfGuid(options.guid),
    };
    this.#connections = new Connections(options.random.fork('comm id'));
  }

  /** Connections that are there, those in TIMEWAIT among them. */
  get size(): number {
    return this.#connections.size;
  }

  // What time and the owner of QP1 do.

  wakeAt(): Nanos {
    return this.#deadlines.earliest;
  }

  // hot
  soonest(alarm: Alarm): void {
    alarm.lower(this.#deadlines.earliest);
  }

  expire(now: Nanos): void {
    for (let c = this.#deadlines.take(now); c; c = this.#deadlines.take(now)) {
      if (rowFor(c.state, 'timewait over')) this.#step(now, c, 'timewait over');
      else this.#step(now, c, c.retries < c.maxRetries ? 'retry' : 'exhausted');
    }
  }

  /** A MAD arrived on QP1, from `at` to `end`. Keeps nothing of `b`. */
  receive(now: Nanos, b: Uint8Array, at: number, end: number, from: MadAddress): Verdict {
    const message = readMessage(b, at, end);
    const verdict = typeof message === 'string' ? message : this.#arrived(now, message, from);
    this.#count(verdict);
    return verdict;
  }

  /** MADs that wait to be sent. */
  get waiting(): number {
    return this.#outbox.size;
  }

  /** Writes the next MAD, 256 bytes from `at` on, and says where it goes; undefined when none waits. */
  transmit(into: Uint8Array, at = 0): MadAddress | undefined {
    const next = this.#outbox.take();
    if (next) into.set(next.bytes, at);
    return next?.to;
  }

  /** Takes the next event; undefined when none waits. */
  event(): ConnectionEvent | undefined {
    return this.#events.shift();
  }

  // What the application asks for.

  /** @throws UsageError when somebody listens there already */
  listen(serviceId: bigint, backlog = DEFAULT_BACKLOG): Listener {
    if (this.#listeners.has(serviceId))
      throw new UsageError('EBUSY', `service 0x${serviceId.toString(16)} has a listener`);
    const listener: Listener = {
      serviceId,
      backlog,
      pending: 0,
      state: rowFor('IDLE', 'listen')!.to,
    };
    this.#listeners.set(serviceId, listener);
    return listener;
  }

  /** Ends listening; connections that it gave live on. */
  unlisten(listener: Listener): void {
    listener.state = rowFor('LISTEN', 'destroy')!.to;
    this.#listeners.delete(listener.serviceId);
  }

  /** Sends a REQ. CONNECT_RESPONSE, REJECTED or UNREACHABLE follows. */
  connect(now: Nanos, p: ConnectParameters): Connection {
    const c = this.#create('active', p.serviceId, addressOf(p.path));
    c.localQpn = p.localQpn;
    c.message = writeMessage(
      'REQ',
      c.tid,
      requestOf(p, c.localCommId, this.#options.guid),
      p.privateData,
    );
    c.request = fieldsOf(c.message, 'REQ');
    const { remoteCmResponseTimeout, maxCmRetries, primaryLocalAckTimeout } = c.request;
    this.#pace(c, remoteCmResponseTimeout, maxCmRetries, p.path);
    c.timewaitNs = timeoutNs(primaryLocalAckTimeout);
    this.#connections.add(c);
    this.#step(now, c, 'connect');
    return c;
  }

  /** Asks which queue pair serves datagrams to a service (SIDR, IBA 12.11). ESTABLISHED or UNREACHABLE follows. */
  resolve(now: Nanos, p: ResolveParameters): Connection {
    const c = this.#create('active', p.serviceId, addressOf(p.path));
    const fields = {
      requestId: c.localCommId,
      partitionKey: p.pkey ?? usual.pkey,
      serviceId: p.serviceId,
    };
    c.message = writeMessage('SIDR_REQ', c.tid, fields, p.privateData);
    this.#pace(c, p.remoteCmResponseTimeout, p.maxCmRetries, p.path);
    this.#connections.add(c);
    this.#step(now, c, 'resolve');
    return c;
  }

  /** Answers a CONNECT_REQUEST with a REP; the queue pair should be ready to send before, as data may follow at once. */
  accept(now: Nanos, c: Connection, p: AcceptParameters): void {
    this.#allowed(c, 'accept');
    const message = writeMessage('REP', c.tid, replyOf(p, c, this.#options.guid), p.privateData);
    c.localQpn = p.localQpn;
    c.message = message;
    c.reply = fieldsOf(message, 'REP');
    this.#step(now, c, 'accept');
  }

  /** Answers a CONNECT_RESPONSE with an RTU. */
  establish(now: Nanos, c: Connection, privateData?: Uint8Array): void {
    this.#allowed(c, 'establish');
    c.answerData = privateData;
    this.#step(now, c, 'establish');
  }

  /** Refuses, with a reason of IBA 12.6.7.2: consumer reject unless given. */
  reject(now: Nanos, c: Connection, privateData?: Uint8Array, rejection?: Rejection): void {
    this.#call(now, c, 'reject', { privateData, ...(rejection && { rejection }) });
  }

  /** Asks the peer for more time before it asks for it. */
  sendMra(now: Nanos, c: Connection): void {
    this.#call(now, c, 'send MRA');
  }

  /** The queue pair saw the peer's data: the connection stands, whatever became of the RTU (IBA 12.9.7.2). */
  communicationEstablished(now: Nanos, c: Connection): void {
    if (rowFor(c.state, 'traffic')) this.#step(now, c, 'traffic');
  }

  /** Sends a DREQ, or answers the peer's. */
  disconnect(now: Nanos, c: Connection, privateData?: Uint8Array): void {
    this.#allowed(c, 'disconnect');
    c.answerData = privateData;
    this.#step(now, c, 'disconnect', { privateData });
  }

  /** Answers a resolution. */
  answer(now: Nanos, c: Connection, answer: AnswerParameters): void {
    this.#call(now, c, 'answer', { answer });
  }

  /** The application has done with it: says goodbye as the state demands, and tells nothing more. */
  destroy(now: Nanos, c: Connection): void {
    c.abandoned = true;
    if (rowFor(c.state, 'destroy')) this.#step(now, c, 'destroy');
  }

  // Inside.

  #create(role: Connection['role'], serviceId: bigint, address: MadAddress): Connection {
    if (this.size >= this.#max) throw new UsageError('ENOMEM', `${this.size} connections already`);
    return this.#born(role, serviceId, address);
  }

  #born(role: Connection['role'], serviceId: bigint, address: MadAddress): Connection {
    const id = this.#options.commIds?.() ?? this.#connections.nextCommId();
    const c = newConnection(id, role, serviceId, address);
    c.tid = transactionOf(this.#speaker.agent, id);
    return c;
  }

  get #max(): number {
    return this.#options.maxConnections ?? MAX_CONNECTIONS;
  }

  get #maxEvents(): number {
    return this.#options.maxEvents ?? MAX_EVENTS;
  }

  /** How long an answer may take, and how often it is asked for. */
  #pace(c: Connection, timeout: number | undefined, retries: number | undefined, path: Path): void {
    const way = timeoutNs(path.lifeTime ?? usual.packetLifeTime);
    c.responseNs = timeoutNs(timeout ?? usual.cmResponseTimeout) + 2 * way;
    c.maxRetries = retries ?? usual.maxCmRetries;
  }

  #allowed(c: Connection, event: Event): void {
    if (!rowFor(c.state, event)) throw new UsageError('EINVAL', `${event} in state ${c.state}`);
  }

  #call(now: Nanos, c: Connection, event: Event, said?: Saying): void {
    this.#allowed(c, event);
    this.#step(now, c, event, said);
  }

  #arrived(now: Nanos, m: Message, from: MadAddress): Verdict {
    const hasRoom = this.size < this.#max && this.#events.length * 2 < this.#maxEvents;
    const known = { connections: this.#connections, listeners: this.#listeners, hasRoom };
    const meaning = meaningOf(m, from, known);
    switch (meaning.is) {
      case 'dropped':
        return meaning.why;
      case 'new':
        this.#request(now, m, from, meaning.listener);
        return 'taken';
      case 'event':
        this.#learn(m, meaning.connection, meaning.event);
        return this.#step(now, meaning.connection, meaning.event, {}, m) ? 'taken' : 'ignored';
      default:
        return this.#refuse(now, m, from, meaning);
    }
  }

  /** A new connection of the passive side. */
  #request(now: Nanos, m: Message, from: MadAddress, listener: Listener): void {
    if (m.name !== 'REQ' && m.name !== 'SIDR_REQ') return;
    listener.state = rowFor(listener.state, m.name)?.to ?? listener.state;
    const c = this.#born('passive', m.fields.serviceId, from);
    c.tid = m.tid;
    c.listener = listener;
    this.#connections.add(c);
    if (m.name === 'SIDR_REQ') {
      c.sidrRequest = m.fields;
      this.#connections.know(c, portOf(from), m.fields.requestId, 0);
      this.#step(now, c, 'SIDR_REQ', {}, m);
      return;
    }
    const { localCaGuid, localCommId, localQpn, localCmResponseTimeout } = m.fields;
    c.request = m.fields;
    c.timewaitNs = timeoutNs(m.fields.primaryLocalAckTimeout);
    c.responseNs = timeoutNs(localCmResponseTimeout) + c.timewaitNs;
    c.maxRetries = m.fields.maxCmRetries;
    this.#connections.know(c, localCaGuid, localCommId, localQpn);
    this.#step(now, c, 'REQ', {}, m);
  }

  /** What a message tells beside its event, where the state has a use for it. */
  #learn(m: Message, c: Connection, event: Event): void {
    if (!rowFor(c.state, event)) return;
    if (m.name === 'REP' && event === 'REP') {
      c.reply = m.fields;
      this.#connections.know(c, m.fields.localCaGuid, m.fields.localCommId, m.fields.localQpn);
    }
    // Answered in the peer's own transaction.
    if (m.name === 'DREQ' || m.name === 'LAP') c.tid = m.tid;
  }

  #refuse(now: Nanos, m: Message, to: MadAddress, meaning: Meaning): Verdict {
    if (meaning.is === 'SIDR refused' && m.name === 'SIDR_REQ') {
      const { requestId, serviceId } = m.fields;
      const fields = { requestId, serviceId, status: meaning.status };
      this.#outbox.put(writeMessage('SIDR_REP', m.tid, fields), to);
      return 'refused';
    }
    if (meaning.is === 'gone' && m.name === 'DREQ') {
      this.#outbox.put(writeMessage('DREP', m.tid, idsBack(m.fields)), to);
      return 'answered';
    }
    if (meaning.is !== 'refused' || (m.name !== 'REQ' && m.name !== 'REP')) return 'ignored';
    const ids = m.name === 'REP' ? idsBack(m.fields) : { remoteCommId: m.fields.localCommId };
    const { message: messageRejected, reason } = meaning;
    this.#outbox.put(writeMessage('REJ', m.tid, { ...ids, messageRejected, reason }), to);
    const { stale } = meaning;
    if (stale && rowFor(stale.state, 'stale')) this.#step(now, stale, 'stale');
    return 'refused';
  }

  /** One row of the table. False when the state has none for the event. */
  #step(now: Nanos, c: Connection, event: Event, said: Saying = {}, m?: Message): boolean {
    const row = rowFor(c.state, event);
    if (!row) return false;
    if (row.send) this.#outbox.put(compose(this.#speaker, c, row.send, c.state, said), c.address);
    this.#await(c, row);
    c.state = row.to;
    if (row.timer) this.#time(now, c, row.timer, m);
    if (row.tell && !c.abandoned) this.#tell(eventOf(c, row, m));
    if (row.to === 'IDLE') this.#forget(c);
    this.#options.trace?.(now, c, row);
    return true;
  }

  /** Requests that wait for a listener's application are counted. */
  #await(c: Connection, row: Row): void {
    if (!c.listener) return;
    c.listener.pending += Number(pendingStates.has(row.to)) - Number(pendingStates.has(row.from));
  }

  #time(now: Nanos, c: Connection, timer: Timer, m: Message | undefined): void {
    c.retries = timer === 'next' ? c.retries + 1 : timer === 'response' ? 0 : c.retries;
    const service = m?.name === 'MRA' ? timeoutNs(m.fields.serviceTimeout) : 0;
    const wait: Readonly<Record<Timer, number>> = {
      response: c.responseNs,
      next: c.responseNs,
      service: service + c.responseNs,
      timewait: c.timewaitNs,
      none: NEVER,
    };
    this.#deadlines.set(c, after(now, wait[timer]));
  }

  #tell(event: ConnectionEvent): void {
    if (this.#events.length < this.#maxEvents) this.#events.push(event);
    else this.#count('event-lost');
  }

  #forget(c: Connection): void {
    this.#deadlines.set(c, NEVER);
    this.#connections.remove(c);
  }

  #count(what: Verdict | 'event-lost'): void {
    this.counters.set(what, (this.counters.get(what) ?? 0) + 1);
  }
}

/** The comm IDs of an answer. */
const idsBack = (fields: { localCommId: number; remoteCommId: number }) => ({
  localCommId: fields.remoteCommId,
  remoteCommId: fields.localCommId,
});

/** All the fields of a message that we wrote. */
function fieldsOf<N extends 'REQ' | 'REP'>(bytes: Uint8Array, _name: N): Fields<N> {
  const message = readMessage(bytes, 0, bytes.length) as Message;
  return message.fields as unknown as Fields<N>;
}
