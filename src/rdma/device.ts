// One RDMA device: a station with one port. What its queue pairs have to say goes out as the wire is free, one after the
// other; what comes in goes to reception.ts. With a timing profile its parts take time (clockwork.ts).

import { Signal } from '../cpu/index.js';
import type { FramePool, Station } from '../frame/index.js';
import { type Alarm, type Nanos, NEVER, type Random, START, soonestOf } from '../time/index.js';
import type { Neighbours, Path, PortAddress } from './address.js';
import { Clockwork, type Prepared, type Works } from './clockwork.js';
import type { CompletionQueue } from './completion-queue.js';
import { Completions } from './completions.js';
import { CongestionControl } from './congestion.js';
import type { AsyncEventType } from './constant.js';
import { Deadlines } from './deadline.js';
import type { AsyncEvent, DeviceOptions, InterruptLine } from './device-options.js';
import { type Engine, emptyArrival, type Tracer } from './engine.js';
import type { Actor } from './memory-parts.js';
import type { MemoryPort } from './memory-port.js';
import { hasMore, nextPacket } from './next-packet.js';
import type { DeviceProfile } from './profile.js';
import type { QueuePair } from './queue-pair.js';
import type { ReceiveQueue } from './receive-queue.js';
import { MULTICAST_QPN, Reception } from './reception.js';
import { left, timedOut } from './requester.js';
import type { Transport } from './transport.js';
import { Turns } from './turns.js';
import { Counters } from './verdict.js';
import type { RecvJob, SendJob } from './work-request.js';

const LAST_QPN = MULTICAST_QPN - 1;
/** Asynchronous events that may wait. */
const MAX_WAITING = 1024;
/** The next try when there was no frame slot. */
const SLOT_RETRY_NS = 1000;
const DEFAULT_RATE = 100e9;

export class RdmaDevice implements Station, Engine, Works {
  readonly ports = 1;
  readonly name: string;
  readonly pool: FramePool;
  readonly memory: MemoryPort;
  readonly profile: DeviceProfile;
  readonly address: PortAddress;
  readonly neighbours: Neighbours;
  readonly random: Random;
  readonly tracer: Tracer | null;
  readonly counters = new Counters();
  readonly arrival = emptyArrival();
  readonly mtu: number;
  #nextQpn = 0x11; // as rxe begins: RXE_MIN_QP_INDEX is 16, its first is the GSI's
  #nextHandle = 1;
  /** The last instant that the device was told of. */
  now: Nanos = START;
  readonly qps = new Map<number, QueuePair>();
  readonly srqs = new Map<number, ReceiveQueue>();
  readonly ahs = new Map<number, Path>();
  readonly cqs = new Set<CompletionQueue>();
  /** Members of multicast groups, by GID in hex. */
  readonly groups = new Map<string, Set<QueuePair>>();
  readonly events: AsyncEvent[] = [];
  portIsUp = true;
  failed = false;
  /** Raised with each asynchronous event. */
  readonly signal = new Signal();
  /** Without one, channels hear of their events at once. */
  interrupts: InterruptLine | null = null;
  readonly congestion: CongestionControl;
  readonly #pkeys: readonly number[];
  readonly #reception: Reception;
  readonly #completions: Completions;
  readonly #deadlines = new Deadlines();
  /** Queue pairs that may have something to send. */
  readonly #turns = new Turns();
  /** Of a device that takes time. */
  readonly clock: Clockwork | null;
  readonly transport: Transport | null;
  readonly goBackNs: number;
  readonly prepared: Prepared = { qp: null, what: 'packet', readyAt: 0 };
  #placed: Signal | null = null;
  #ready = false;
  #slotRetryAt: Nanos = NEVER;

  constructor(options: DeviceOptions) {
    this.name = options.name;
    this.pool = options.pool;
    this.memory = options.memory;
    this.profile = options.profile;
    this.address = options.address;
    this.neighbours = options.neighbours;
    this.random = options.random;
    this.tracer = options.tracer ?? null;
    this.mtu = options.mtu ?? 4096;
    this.#pkeys = options.pkeys ?? [0xffff];
    this.#reception = new Reception(this);
    this.#completions = new Completions(this);
    this.congestion = new CongestionControl(this, options.rate ?? DEFAULT_RATE, options.port);
    const { timing, random } = options;
    this.goBackNs = timing?.goBackNs ?? 0;
    this.clock = timing
      ? new Clockwork(this, timing, random.fork('nic'), options.sharedClock ?? null)
      : null;
    this.transport = options.transport?.(this) ?? null;
  }

  // Station

  // hot
  receive(now: Nanos, _port: number, slot: number): void {
    this.now = now;
    if (this.clock === null) this.judge(now, slot);
    else if (!this.clock.receive.put(now, slot)) {
      this.counters.add('rx_discards_phy');
      this.pool.drop(slot, 'receive queue full');
    }
  }

  // hot
  judge(now: Nanos, slot: number): void {
    const { transport } = this;
    if (transport === null) this.#reception.judge(now, slot);
    else if (!transport.receive(now, slot)) this.#reception.keepOther(slot);
  }

  /** A packet of `qp` was judged: when its answer may leave, and when what it brought is seen. */
  // hot
  judged(now: Nanos, qp: QueuePair, isGap: boolean): void {
    const { memory, clock } = this;
    if (clock !== null) clock.judged(now, qp, isGap);
    if (this.#placed === null || memory.visible <= now) return;
    if (clock === null) this.#placed.raise(now);
    else clock.willPlace(memory.visible);
  }

  takeReady(): number {
    if (this.clock !== null) return this.clock.transmit.takeReady(this.now) ? 0 : -1;
    if (!this.#ready) return -1;
    this.#ready = false;
    return 0;
  }

  // hot
  waits(): boolean {
    return this.clock !== null || this.hasTurns;
  }

  // hot
  transmit(now: Nanos, _port: number): number {
    this.now = now;
    return this.clock === null ? this.prepare(now) : this.clock.transmit.take(now);
  }

  get makesAhead(): boolean {
    return this.clock !== null;
  }

  get hasTurns(): boolean {
    if (this.#slotRetryAt !== NEVER) return false;
    return !this.#turns.isEmpty || this.transport?.hasWork === true;
  }

  // hot
  prepare(now: Nanos): number {
    if (this.transport !== null) return this.#carried(now, this.transport);
    while (!this.#turns.isEmpty) {
      const qp = this.#turns.first;
      const slot = nextPacket(this, qp, now);
      if (slot >= 0) {
        if (this.clock === null && this.#turns.isOne && !hasMore(qp)) this.#rest(qp);
        else this.#turns.rotate();
        if (this.clock !== null) this.prepared.qp = qp;
        return slot;
      }
      if (this.#slotRetryAt !== NEVER) return -1;
      this.#rest(qp);
    }
    return -1;
  }

  /** It has nothing to say for now. */
  // hot
  #rest(qp: QueuePair): void {
    this.#turns.drop();
    qp.active = false;
  }

  /** Queue pairs feed the transport, which says what goes out. */
  // hot
  #carried(now: Nanos, transport: Transport): number {
    while (!this.#turns.isEmpty) {
      const qp = this.#turns.first;
      this.#turns.drop();
      qp.active = false;
      if (!qp.destroyed) transport.feed(now, qp);
    }
    this.memory.begin(now);
    return transport.transmit(now);
  }

  /** There may be something to send that is no queue pair's. */
  // hot
  wake(): void {
    this.#ready = true;
  }

  // hot
  soonest(alarm: Alarm): void {
    alarm.lower(this.#deadlines.next);
    alarm.lower(this.#slotRetryAt);
    alarm.lower(this.#completions.wakeAt);
    if (this.clock !== null) this.clock.soonest(alarm);
    if (this.transport !== null) this.transport.soonest(alarm);
  }

  wakeAt(): Nanos {
    return soonestOf(this);
  }

  expire(now: Nanos): void {
    this.now = now;
    if (this.#slotRetryAt <= now) {
      this.#slotRetryAt = NEVER;
      this.#ready = true;
    }
    this.clock?.expire(now);
    this.transport?.expire(now);
    this.#completions.expire(now);
    for (let qp = this.#deadlines.take(now); qp; qp = this.#deadlines.take(now)) {
      if (qp.destroyed) continue;
      if (qp.timeoutAt <= now) timedOut(this, qp, now);
      else if (qp.timeoutAt !== NEVER) this.#deadlines.want(qp, qp.timeoutAt);
      if (qp.rnrUntil > now) this.#deadlines.want(qp, qp.rnrUntil);
      this.activate(qp);
    }
  }

  /** A frame that is not RDMA's, for the host's stack; -1 when none waits. Who takes it owns it. */
  takeOther(): number {
    return this.#reception.takeOther();
  }

  /** The port's peer pauses a priority until then. */
  pause(now: Nanos, priority: number, until: Nanos): void {
    this.congestion.pause(now, priority, until);
  }

  // Engine

  // hot
  takeSlot(): number {
    const slot = this.pool.take();
    if (slot < 0) {
      this.counters.add('no_frame_slot');
      this.#slotRetryAt = (this.now + SLOT_RETRY_NS) as Nanos;
    }
    return slot;
  }

  pkey(index: number): number {
    return this.#pkeys[index] ?? 0xffff;
  }

  /** A queue pair number that is not in use. */
  nextQpn(): number {
    while (this.qps.has(this.#nextQpn))
      this.#nextQpn = this.#nextQpn >= LAST_QPN ? 2 : this.#nextQpn + 1;
    return this.#nextQpn++;
  }

  nextHandle(): number {
    return this.#nextHandle++;
  }

  /** IPv4 identification that a path begins with. */
  firstIdentification(): number {
    return 1 + this.random.below(0xffff);
  }

  get pkeyCount(): number {
    return this.#pkeys.length;
  }

  pathOfAh(handle: number): Path | undefined {
    return this.ahs.get(handle);
  }

  srqOf(handle: number): ReceiveQueue | undefined {
    return this.srqs.get(handle);
  }

  // hot
  activate(qp: QueuePair): void {
    if (qp.active || qp.destroyed) return;
    qp.active = true;
    this.#turns.put(qp);
    this.#ready = true;
  }

  // hot
  schedule(qp: QueuePair, at: Nanos): void {
    this.#deadlines.want(qp, at);
  }

  // hot
  completeSend(now: Nanos, qp: QueuePair, job: SendJob, status: number): void {
    this.#completions.send(now, qp, job, status);
  }

  // hot
  completeRecv(now: Nanos, qp: QueuePair, job: RecvJob, status: number): void {
    this.#completions.receive(now, qp, job, status);
  }

  sendFailed(now: Nanos, qp: QueuePair): void {
    this.#completions.sendFailed(now, qp);
  }

  toError(now: Nanos, qp: QueuePair): void {
    if (qp.state === 'ERR') return;
    this.#completions.toError(now, qp);
    this.transport?.failed(now, qp);
  }

  /** The doorbell of a queue pair in an error state: what was posted is flushed. */
  flush(now: Nanos, qp: QueuePair): void {
    this.#completions.flush(now, qp);
  }

  // Works

  // hot
  left(now: Nanos, qp: QueuePair, end: number): void {
    left(this, qp, end, now);
  }

  entryReady(qp: QueuePair, now: Nanos): boolean {
    return this.clock === null || this.clock.entries.ready(now, qp);
  }

  /** The CPU has posted to a send queue. */
  ringSend(qp: QueuePair, core: Actor): void {
    if (this.clock !== null) return this.clock.ringSend(this.now, qp, core);
    this.memory.doorbell(this.now, core);
    qp.rung = qp.posted;
    qp.bells = qp.posted;
    this.rang(this.now, qp, null);
  }

  /** The CPU has posted to a receive queue, of `qp` or shared. */
  ringReceive(rq: ReceiveQueue, qp: QueuePair | null, core: Actor): void {
    if (this.clock !== null) return this.clock.ringReceive(this.now, rq, qp, core);
    this.memory.doorbell(this.now, core);
    rq.rung = rq.posted;
    this.rang(this.now, qp, rq);
  }

  rang(now: Nanos, qp: QueuePair | null, rq: ReceiveQueue | null): void {
    if (qp === null) return;
    const { flushesSend, flushesRecv } = qp.allows;
    if (rq === null ? flushesSend : flushesRecv) this.flush(now, qp);
    else if (rq === null) this.activate(qp);
  }

  completed(now: Nanos, sent: number, cq: CompletionQueue, solicited: boolean): void {
    this.#completions.written(now, sent, cq, solicited);
  }

  /** Raised when bytes that peers wrote are in memory: for programs that poll there. */
  get placements(): Signal {
    this.#placed ??= new Signal();
    return this.#placed;
  }

  placed(now: Nanos): void {
    this.#placed?.raise(now);
  }

  /** What is still to be completed of a queue pair or to a queue that is gone. */
  forget(qpn: number, cq: CompletionQueue | null = null): void {
    this.clock?.forget(qpn, cq);
  }

  event(type: AsyncEventType, qp: QueuePair): void {
    this.report({ type, qp });
  }

  report(event: AsyncEvent): void {
    if (this.events.length >= MAX_WAITING) return this.counters.add('async_events_lost');
    this.events.push(event);
    this.signal.raise(this.now);
  }

  srqTaken(srq: ReceiveQueue): void {
    if (srq.limit === 0 || srq.waiting >= srq.limit) return;
    srq.limit = 0; // it fires once (IBA 10.2.9.2)
    this.report({ type: 'IBV_EVENT_SRQ_LIMIT_REACHED', srq });
  }
}
