// The kernel of a host as far as networks are concerned: sockets on top, TCP and IP below them, the driver and its card at
// the bottom, and softirqs on cores in between. As a station it is the host's Ethernet port for all that is not RDMA.

import { type InterruptWork, Signal, type Thread, type Wait } from '../cpu/index.js';
import type { FramePool, Station } from '../frame/index.js';
import {
  type AddressSpace,
  type DmaEngine,
  INTERRUPT,
  type PhysicalMemory,
} from '../memory/index.js';
import { connectX5, kernelOn } from '../profiles/kernel.js';
import { type TcpConnection, TcpStack } from '../tcp/index.js';
import {
  type Alarm,
  isDue,
  type Nanos,
  type Random,
  START,
  soonestOf,
  tellOf,
} from '../time/index.js';
import type { Arrival } from './arrival.js';
import type { Bridge } from './bridge.js';
import type { NetCard, TransmitSide } from './card.js';
import { CpuBill, ETC, LOCK, NETDEV, SCHED, SKB, TCP_IP } from './category.js';
import type { KernelOptions, KernelParts, Machinery } from './context.js';
import { Copying } from './copying.js';
import { EthernetNic, type InterruptSink } from './ethernet-nic.js';
import { FlowCores } from './flow-cores.js';
import { Loopback } from './loopback.js';
import { Napi } from './napi.js';
import { frameBlockBytes, PagePool } from './page-pool.js';
import type { Arriving } from './receive-buffer.js';
import type { SendBuffer } from './send-buffer.js';
import { type Settled, settleOptions } from './settle-options.js';
import type { Socket } from './socket.js';
import { Softirq } from './softirq.js';
import { Transmitter } from './transmitter.js';

const HEAD_BYTES = 256;
/** A page fragment of a socket (SKB_FRAG_PAGE_ORDER: order 3). */
const FRAGMENT_BYTES = 32_768;
/** The largest packet that TCP hands out at once, with its headers (GSO_MAX_SIZE). */
const LARGEST = 65_535 - 120;

export class Kernel implements Station, InterruptSink, Arriving {
  readonly ports = 1;
  readonly name: string;
  readonly parts: KernelParts;
  readonly tcp: TcpStack;
  readonly card: NetCard;
  readonly bill: CpuBill;
  now: Nanos = START;
  /** What is not for this host goes elsewhere before it goes up. */
  bridge: Bridge | null = null;
  /** What goes up now. */
  arrival: Arrival | null = null;
  /** Sockets of connections that nobody has accepted yet, by what they send from. */
  readonly children = new Map<SendBuffer, Socket>();
  readonly settled: Settled;
  /** Raised when a queue that a thread polls has something. */
  readonly polled: readonly Signal[];
  readonly copying: Copying;
  readonly #rings: readonly TransmitSide[];
  readonly #transmitter: Transmitter;
  readonly #napis: readonly Napi[];
  readonly #softirqs: readonly Softirq[];
  readonly handlers: readonly InterruptWork[];
  readonly #flowCores = new FlowCores();
  #timersAsked = false;
  #placed = 0;

  constructor(machinery: Machinery, random: Random, options: KernelOptions = {}) {
    const { name, memory, dma, pool, cores, stack } = machinery;
    this.name = name;
    const profile = options.profile ?? kernelOn(cores.profile.name);
    this.settled = settleOptions(machinery, options);
    const { bufferBytes: bytes, coreOf } = this.settled;
    this.bill = new CpuBill(cores.cores.length, cores.profile.hertz);
    this.copying = new Copying(cores, this.bill);
    this.tcp = new TcpStack(stack, {
      random: random.fork('tcp'),
      apart: (slot, connection, out) => this.#transmitter.apart(slot, connection, out),
      defaults: {
        hystart: true,
        tso: (options.tso ?? true) || (options.gso ?? true) ? LARGEST : 0,
        tsoSegments: this.settled.segments,
        ...(options.congestion && { congestion: options.congestion }),
        ...(options.ecn && { ecn: options.ecn }),
      },
    });
    stack.attach(this.tcp);
    stack.loopsItself = false;
    const heads = new PagePool(memory, HEAD_BYTES, bytes, 'packet headers');
    this.parts = {
      ...machinery,
      profile,
      options,
      bill: this.bill,
      tcp: this.tcp,
      loopback: new Loopback(cores.cores.length, heads),
      heads,
      pages: new PagePool(memory, FRAGMENT_BYTES, bytes, 'socket buffer'),
      buffers: new PagePool(memory, frameBlockBytes(stack.mtu), bytes, 'receive buffer'),
    };
    this.card = options.card ? options.card(this) : this.#ethernet(dma, pool, options);
    this.#rings = this.card.transmitSides;
    this.#transmitter = new Transmitter(this.parts, this.card, this.settled.entriesWanted);
    this.#napis = this.card.receiveSides.map(
      (side, i) => new Napi(this.parts, side, i, coreOf(i), this.#rings[i]!),
    );
    this.#softirqs = cores.cores.map((_, i) => new Softirq(this, i));
    this.handlers = this.#napis.map((_, i) => this.#handler(i));
    this.polled = this.#napis.map(() => new Signal());
    for (const napi of this.#napis) {
      napi.onFed = () => {
        if (!napi.scheduled) this.#softirqs[napi.core]!.schedule(this.now, napi);
      };
      napi.open(START);
    }
  }

  #ethernet(dma: DmaEngine, pool: FramePool, options: KernelOptions): EthernetNic {
    const { memory, cores, name } = this.parts;
    const card = options.nic ?? connectX5;
    const { coalesce } = options;
    return new EthernetNic({
      name: `${name} eth`,
      pool,
      memory,
      dma,
      cores,
      profile: {
        ...card,
        ...(typeof coalesce === 'number' && { coalesceUs: coalesce }),
        ...(options.coalesceFrames !== undefined && { coalesceFrames: options.coalesceFrames }),
      },
      queues: this.settled.queues,
      ringEntries: this.settled.ringEntries,
      sink: this,
      offloads: options,
      ...(options.engine && { engine: options.engine }),
    });
  }

  /** The Ethernet card. @throws RangeError where the kernel has another one */
  get nic(): EthernetNic {
    if (this.card instanceof EthernetNic) return this.card;
    throw new RangeError(`${this.name} has no such card`);
  }

  get memory(): PhysicalMemory {
    return this.parts.memory;
  }

  /** Of received frames. */
  get pool(): PagePool {
    return this.parts.buffers;
  }

  /** From now on this core works: what is charged is its. */
  // hot
  enter(now: Nanos, core: number): void {
    this.now = now;
    this.bill.core = core;
  }

  // For threads in system calls.

  /** Enters a system call, which is counted; its time is spent with what was charged before. */
  call(thread: Thread): Wait {
    this.enter(thread.now, thread.core);
    const { bill, parts } = this;
    bill.charge(ETC, parts.profile.socketCall);
    bill.charge(LOCK, parts.profile.socketLock);
    bill.note(ETC, parts.cores.profile.systemCallNs);
    return thread.systemCall(bill.take(thread.core));
  }

  /** Spends what was charged. */
  // hot
  spend(thread: Thread): Wait {
    return thread.spend(this.bill.take(thread.core));
  }

  /** Sends what TCP lets go, on the caller's core, packet by packet. */
  *flush(thread: Thread): Generator<Wait, void, void> {
    this.enter(thread.now, thread.core);
    if (this.sendNext(thread.now, thread.core)) yield* this.goOn(thread);
  }

  /** The same, once there was something to send. */
  *goOn(thread: Thread): Generator<Wait, void, void> {
    do {
      yield this.spend(thread);
      this.enter(thread.now, thread.core);
      this.tellCard(thread.now, thread.core);
    } while (this.sendNext(thread.now, thread.core));
  }

  /** A connection has a socket: its flow may get a queue of its own. */
  place(hash: number): void {
    const { steering, arfs } = this.parts.options;
    if (steering !== 'in turn' || arfs === true) return;
    this.card.steering.steer(hash, this.#placed++ % this.#napis.length);
  }

  /** The core on which a flow's program runs: its frames are steered there if that is wanted. */
  // hot
  follow(hash: number, core: number): void {
    if (!this.#flowCores.note(hash, core) || this.parts.options.arfs !== true) return;
    const napi = this.#napis.find((one) => one.core === core);
    if (napi) this.card.steering.steer(hash, napi.queue);
  }

  /** The core of a flow's interrupts is not the one that reads. */
  readsRemotely({ own, hash }: Socket, core: number): boolean {
    return !own && this.napiOf(hash).core !== core;
  }

  /** A program and the softirqs of its flow run on different cores. */
  isRemote(hash: number, core: number): boolean {
    return this.#flowCores.isElsewhere(hash, core);
  }

  napiOf(hash: number): Napi {
    return this.#napis[this.card.steering.queueOf(hash)]!;
  }

  space(_thread: Thread): AddressSpace {
    return this.parts.space;
  }

  /** How the card hashes what comes in for a connection. */
  hashOf({ local, localPort, remote, remotePort }: TcpConnection): number {
    return this.card.steering.toeplitz.flow(remote, remotePort, local, localPort);
  }

  // For softirqs.

  // hot
  sendNext(now: Nanos, core: number): boolean {
    const sent = this.#transmitter.next(now, core);
    if (sent && this.#hasDescriptors(core)) this.bill.charge(NETDEV, this.parts.profile.doorbell);
    return sent;
  }

  /** This core has sent something that neither the card nor the host itself knows of. */
  // hot
  hasNews(core: number): boolean {
    return this.#hasDescriptors(core) || this.parts.loopback.hasNews(core);
  }

  // hot
  #hasDescriptors(core: number): boolean {
    return this.#transmitter.written[core]?.hasNews ?? false;
  }

  // hot
  tellCard(now: Nanos, core: number): void {
    this.#transmitter.written[core]?.ring(now, core);
    this.parts.loopback.tell(now, core, this.#softirqs[core]!);
  }

  // hot
  chargeArrival(arrival: Arrival): void {
    const { bill } = this;
    const { profile } = this.parts;
    if (this.bridge?.isForTap(arrival)) return bill.charge(NETDEV, profile.deviceOut);
    if (arrival.length === arrival.headerLength) {
      bill.charge(LOCK, profile.skbLock);
      bill.charge(TCP_IP, profile.ackIn);
      bill.charge(SKB, profile.skbFree);
      return;
    }
    const dearer = this.isRemote(arrival.hash, bill.core) ? profile.crossCore : 1;
    bill.charge(LOCK, profile.skbLock * dearer);
    bill.charge(TCP_IP, profile.tcpIn * dearer);
  }

  // hot
  takeOwn(core: number): Arrival | undefined {
    return this.parts.loopback.takeUp(core);
  }

  chargePoll(): void {
    this.bill.charge(NETDEV, this.parts.profile.poll);
  }

  // hot
  handUp(now: Nanos, arrival: Arrival): void {
    if (this.bridge?.takes(now, arrival)) return;
    this.arrival = arrival;
    const { bytes, at, length, checked, unit } = arrival;
    const { stack } = this.parts;
    if (arrival.own) stack.acceptOwn(now, bytes, at, at + length, unit);
    else stack.accept(now, bytes, at, at + length, checked, unit);
    this.arrival = null;
    this.parts.stack.takeReady(); // whoever handed it up asks for what is to be sent
  }

  expireTimers(now: Nanos): void {
    this.#timersAsked = false;
    if (isDue(this.parts.stack, now)) this.parts.stack.expire(now);
    this.parts.stack.takeReady();
  }

  // InterruptSink

  // hot
  wakesIn(queue: number): number {
    const { cores } = this.parts;
    const { isIdle } = cores.cores[this.#napis[queue]!.core]!;
    return isIdle ? (cores.profile.idleExitNs ?? 0) : 0;
  }

  // hot
  interrupt(now: Nanos, queue: number): void {
    this.parts.interrupts.interrupt(now, this.#napis[queue]!.core, this.handlers[queue]!);
  }

  // hot
  landed(now: Nanos, queue: number): void {
    if (this.#napis[queue]!.pollers > 0) this.polled[queue]!.raise(now);
  }

  /** A thread has polled and stops: interrupts again, or softirqs for what is left. */
  endPolling(now: Nanos, napi: Napi): void {
    if (!napi.complete(now)) this.#softirqs[napi.core]!.schedule(now, napi);
  }

  /** The interrupt's handler: sees to it that the queue is polled. */
  #handler(queue: number): InterruptWork {
    return {
      run: (now) => {
        const { ledger, cores, profile } = this.parts;
        const { core } = this.#napis[queue]!;
        const ns = cores.profile.interruptNs;
        const { actor, isIdle } = cores.cores[core]!;
        ledger.record(now, actor, INTERRUPT, 0, ns, 0);
        this.enter(now, core);
        if (isIdle) this.bill.charge(SCHED, profile.leaveIdle);
        this.bill.note(ETC, ns);
        this.bill.charge(ETC, profile.softirq);
        return this.bill.take(core);
      },
      done: (now) => {
        const napi = this.#napis[queue]!;
        if (!napi.scheduled) this.#softirqs[napi.core]!.schedule(now, napi);
      },
    };
  }

  // Station

  // hot
  receive(now: Nanos, _port: number, slot: number): void {
    this.card.receive(now, 0, slot);
  }

  // hot
  takeReady(): number {
    return this.card.takeReady();
  }

  // hot
  transmit(now: Nanos, _port: number): number {
    return this.card.transmit(now, 0);
  }

  // hot
  soonest(alarm: Alarm): void {
    tellOf(this.card, alarm);
    if (!this.#timersAsked) this.parts.stack.soonest(alarm);
  }

  wakeAt(): Nanos {
    return soonestOf(this);
  }

  expire(now: Nanos): void {
    this.now = now;
    if (isDue(this.card, now)) this.card.expire(now);
    if (!this.#timersAsked && isDue(this.parts.stack, now)) {
      this.#timersAsked = true;
      this.#softirqs[0]!.wantTimers(now);
    }
  }

  /** After anything was asked of the stack from elsewhere: what it has to send is sent by a softirq. */
  // hot
  settle(now: Nanos): void {
    if (this.parts.stack.takeReady() >= 0) this.#softirqs[0]!.wantSend(now);
  }
}
