// One RDMA device: a station with one port. Packets come in and are checked in the order of rdma-interop.md 5.3, go to
// their queue pair's requester or responder, and what these have to say goes out as the wire is free, one queue pair
// after the other. Frames that are no RDMA packets wait for the host's stack.

import { Signal } from '../cpu/index.js';
import type { FramePool, Station } from '../frame/index.js';
import { type Nanos, NEVER, type Random, START } from '../time/index.js';
import type { Neighbours, Path, PortAddress } from './address.js';
import { receiveResponse } from './completer.js';
import type { CompletionQueue } from './completion-queue.js';
import { Completions } from './completions.js';
import { CongestionControl } from './congestion.js';
import type { AsyncEventType } from './constant.js';
import { receiveDatagram } from './datagram.js';
import { Deadlines } from './deadline.js';
import { addressedTo, groupKey } from './destination.js';
import type { Arrival, Engine, Tracer } from './engine.js';
import { hdrCheck } from './header-checks.js';
import type { MemoryPort } from './memory-port.js';
import { nextPacket } from './next-packet.js';
import { Packet } from './packet.js';
import type { DeviceProfile } from './profile.js';
import type { QueuePair } from './queue-pair.js';
import type { ReceiveQueue } from './receive-queue.js';
import { timedOut } from './requester.js';
import { receiveRequest, receiveUnreliable } from './responder.js';
import { Counters, counterOf, type DropReason } from './verdict.js';
import { BTH } from './wire.js';
import type { RecvJob, SendJob } from './work-request.js';

/** Queue pair number of multicast packets (IBA 3.5.10). */
export const MULTICAST_QPN = 0xffffff;
const LAST_QPN = MULTICAST_QPN - 1;
/** Frames for the host's stack, and asynchronous events, that may wait. */
const MAX_WAITING = 1024;
/** The next try when there was no frame slot. */
const SLOT_RETRY_NS = 1000;
const DEFAULT_RATE = 100e9;

export interface AsyncEvent {
  readonly type: AsyncEventType;
  readonly qp?: QueuePair;
  readonly cq?: CompletionQueue;
  readonly srq?: ReceiveQueue;
}

/** Where a device's interrupts go: to a core, which raises the channel's signal when it has served one. */
export interface InterruptLine {
  interrupt(now: Nanos, cq: CompletionQueue): void;
}

export interface DeviceOptions {
  readonly name: string;
  readonly pool: FramePool;
  readonly memory: MemoryPort;
  readonly profile: DeviceProfile;
  readonly address: PortAddress;
  readonly neighbours: Neighbours;
  readonly random: Random;
  readonly tracer?: Tracer;
  /** Largest path MTU of the port. */
  readonly mtu?: number;
  /** Bits a second of its link, at which flows begin; 100 Gb/s unless given. */
  readonly rate?: number;
  /** The port in front of it tells it of pauses (`congestion.pause`). */
  readonly heedsPauses?: boolean;
  /** Partition keys by index; the default partition alone unless given. */
  readonly pkeys?: readonly number[];
}

export class RdmaDevice implements Station, Engine {
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
  readonly arrival: Arrival = {
    opcode: 0,
    byteLen: 0,
    immediate: 0,
    withImm: false,
    withInv: false,
    solicited: false,
    grh: false,
    srcQp: 0,
    slid: 0,
    sl: 0,
  };
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
  readonly #packet = new Packet();
  readonly #completions: Completions;
  readonly #deadlines = new Deadlines();
  /** Queue pairs that may have something to send, in turn: a ring. */
  readonly #turns: QueuePair[] = [];
  #turn = 0;
  #ready = false;
  #slotRetryAt: Nanos = NEVER;
  readonly #others: number[] = [];

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
    this.#completions = new Completions(this);
    this.congestion = new CongestionControl(
      this,
      options.rate ?? DEFAULT_RATE,
      options.heedsPauses ?? false,
    );
  }

  // Station

  // hot
  receive(now: Nanos, _port: number, slot: number): void {
    this.now = now;
    const bytes = this.pool.bytes(slot);
    const at = this.pool.at(slot);
    const pkt = this.#packet;
    const found = pkt.find(bytes, at, at + this.pool.length(slot), this.address.native);
    if (found === 'other') return this.#keepOther(slot);
    const reason = found === '' ? this.#take(pkt, now) : found;
    if (reason !== '') this.#drop(reason, pkt, now);
    this.pool.release(slot);
  }

  takeReady(): number {
    if (!this.#ready) return -1;
    this.#ready = false;
    return 0;
  }

  // hot
  transmit(now: Nanos, _port: number): number {
    this.now = now;
    while (this.#turn < this.#turns.length) {
      const qp = this.#turns[this.#turn]!;
      const slot = nextPacket(this, qp, now);
      if (slot >= 0) {
        this.#takeTurn();
        this.#turns.push(qp);
        return slot;
      }
      if (this.#slotRetryAt !== NEVER) return -1;
      this.#takeTurn();
      qp.active = false;
    }
    return -1;
  }

  wakeAt(): Nanos {
    const { next } = this.#deadlines;
    const own = Math.min(this.#slotRetryAt, this.#completions.wakeAt);
    return own < next ? (own as Nanos) : next;
  }

  expire(now: Nanos): void {
    this.now = now;
    if (this.#slotRetryAt <= now) {
      this.#slotRetryAt = NEVER;
      this.#ready = true;
    }
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
    return this.#others.shift() ?? -1;
  }

  #keepOther(slot: number): void {
    if (this.#others.length < MAX_WAITING) {
      this.#others.push(slot);
      return;
    }
    this.counters.add('drop_other_queue_full');
    this.pool.release(slot);
  }

  /** The port's peer pauses a priority until then. */
  pause(now: Nanos, priority: number, until: Nanos): void {
    this.congestion.pause(now, priority, until);
  }

  // Receiving

  // hot
  #take(pkt: Packet, now: Nanos): DropReason | '' {
    const isGroup = BTH.get.destQp(pkt.bytes, pkt.bthAt) === MULTICAST_QPN;
    if (!isGroup && !this.#isMine(pkt)) return 'wrong-address';
    const unread = pkt.read();
    if (unread !== '') return unread;
    if (isGroup) return this.#takeGroup(pkt, now);
    const qp = this.qps.get(pkt.destQp);
    const refused = hdrCheck(this, qp, pkt);
    if (refused !== '') return refused;
    if (!pkt.icrcIsRight()) return 'bad-icrc';
    this.counters.add('rcvd_pkts');
    return this.#deliver(qp!, pkt, now);
  }

  // hot
  #deliver(qp: QueuePair, pkt: Packet, now: Nanos): DropReason | '' {
    if (pkt.opcode.service === 'CNP') return this.congestion.heard(qp, now);
    if (pkt.congested) this.congestion.noticed(qp, pkt, now);
    if (pkt.echoed && this.address.native) this.congestion.heard(qp, now);
    if (qp.datagram) return receiveDatagram(this, qp, pkt, now);
    if (pkt.opcode.kind === 'response') return receiveResponse(this, qp, pkt, now);
    if (qp.state === 'RTR' && !qp.established) {
      qp.established = true;
      if (this.profile.tellsEstablished) this.event('IBV_EVENT_COMM_EST', qp);
    }
    return qp.reliable ? receiveRequest(this, qp, pkt, now) : receiveUnreliable(this, qp, pkt, now);
  }

  #takeGroup(pkt: Packet, now: Nanos): DropReason | '' {
    if (pkt.networkAt < 0) return 'not-multicast-member';
    const members = this.groups.get(groupKey(pkt));
    if (!members || members.size === 0) return 'not-multicast-member';
    if (!pkt.icrcIsRight()) return 'bad-icrc';
    let reason: DropReason | '' = '';
    for (const qp of members) {
      reason = hdrCheck(this, qp, pkt);
      if (reason === '') {
        this.counters.add('rcvd_pkts');
        reason = receiveDatagram(this, qp, pkt, now);
      }
    }
    return reason;
  }

  /** Is the packet's destination one of this port's addresses (rxe_chk_dgid)? */
  // hot
  #isMine(pkt: Packet): boolean {
    if (pkt.networkAt < 0) return true; // the subnet delivers by LID
    const { gids } = this.address;
    for (let i = 0; i < gids.length; i++) {
      if (addressedTo(pkt, gids[i]!.bytes)) return true;
    }
    return false;
  }

  #drop(reason: DropReason, pkt: Packet, now: Nanos): void {
    this.counters.add(counterOf(reason));
    this.tracer?.verdict(now, pkt.destQp, pkt.psn, reason);
  }

  // Sending

  // hot
  #takeTurn(): void {
    this.#turn++;
    if (this.#turn < 64 || this.#turn * 2 < this.#turns.length) return;
    this.#turns.copyWithin(0, this.#turn);
    this.#turns.length -= this.#turn;
    this.#turn = 0;
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
    this.#turns.push(qp);
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
    this.#completions.toError(now, qp);
  }

  /** The doorbell of a queue pair in an error state: what was posted is flushed. */
  flush(now: Nanos, qp: QueuePair): void {
    this.#completions.flush(now, qp);
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
