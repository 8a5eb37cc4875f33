// The Ethernet side of a network card: pairs of queues whose rings lie in the host's memory, each with an interrupt of its
// own. Frames go out as doorbells tell, come in where the hash of their flow leads, and all that takes time on PCI Express
// and inside. A station with one port.

import type { Cores } from '../cpu/index.js';
import { type FramePool, ReadyPorts, SlotQueue } from '../frame/index.js';
import {
  type Actor,
  type DmaEngine,
  type PhysicalMemory,
  physicalTranslation,
} from '../memory/index.js';
import { type Alarm, after, EventQueue, type Nanos, NEVER, ns, START } from '../time/index.js';
import type { NetCard, ReceiveSide, TransmitSide } from './card.js';
import { Lro, type LroSession } from './lro.js';
import { Moderation } from './moderation.js';
import { PacketView } from './packet-view.js';
import type { EthernetProfile } from './profile.js';
import { CompletionWriter, ReceiveQueue } from './receive-queue.js';
import { ReceiveRing } from './receive-ring.js';
import { Ring } from './ring.js';
import { Steering } from './toeplitz.js';
import { type EthernetEngine, TransmitQueue } from './transmit-queue.js';
import { TransmitRing } from './transmit-ring.js';

const BELL = 0;
const DESCRIPTORS = 1;
const SENT = 2;
const SEND_LANDED = 3;
const FRAME = 4;
const RECEIVE_LANDED = 5;
const THROTTLED = 6;
const MESSAGE = 7;
const READY = 8;
const AGAIN = 9;
const AWAKE = 10;
const LRO_LATE = 11;

/** Waits for slots of frames when there are none. */
const RETRY_NS = 1000;
const DOORBELL_BYTES = 4;

/** Who is interrupted, and who polls. */
export interface InterruptSink {
  interrupt(now: Nanos, queue: number): void;
  /** Nanoseconds until the core of the queue hears of it. */
  wakesIn(queue: number): number;
  /** A completion of the queue is in memory. */
  landed(now: Nanos, queue: number): void;
}

export interface EthernetNicOptions {
  readonly name: string;
  readonly pool: FramePool;
  readonly memory: PhysicalMemory;
  readonly dma: DmaEngine;
  readonly cores: Cores;
  readonly profile: EthernetProfile;
  readonly queues: number;
  readonly ringEntries: number;
  readonly sink: InterruptSink;
  /** What the card does for the driver: it says whether checksums are right, and merges segments of a flow. */
  readonly offloads: { readonly rxChecksum?: boolean; readonly lro?: boolean };
  /** Of a card with several functions: theirs in common. */
  readonly engine?: EthernetEngine;
}

export class EthernetNic implements NetCard {
  readonly ports = 1;
  readonly name: string;
  readonly transmitQueues: readonly TransmitQueue[];
  readonly receiveQueues: readonly ReceiveQueue[];
  /** Completions of transmit queues. */
  readonly sent: readonly CompletionWriter[];
  readonly moderation: readonly Moderation[];
  readonly transmitSides: readonly TransmitSide[];
  readonly receiveSides: readonly ReceiveSide[];
  readonly steering: Steering;
  /** By ethtool's names. */
  readonly counters = {
    rx_out_of_buffer: 0,
    rx_oversize: 0,
    interrupts: 0,
    rx_lro_packets: 0,
    rx_lro_bytes: 0,
  };
  /** Bytes that DMA has put into memory so far. */
  receivedBytes = 0;
  readonly #events = new EventQueue();
  readonly #ready = new ReadyPorts(1);
  readonly #frames = new SlotQueue();
  readonly #view = new PacketView();
  readonly #lro: Lro | null;
  #lroDue: Nanos = NEVER;
  readonly #options: EthernetNicOptions;
  readonly #side;
  readonly engine: EthernetEngine;
  #turn = 0;
  #readyAt: Nanos = START;

  constructor(options: EthernetNicOptions) {
    const { name, pool, memory, dma, profile, queues, ringEntries } = options;
    this.#options = options;
    this.#lro = options.offloads.lro ? new Lro(pool) : null;
    this.name = name;
    const physical = physicalTranslation(memory);
    this.engine = options.engine ?? { lastFrame: START, lastIn: START };
    this.#side = {
      pool,
      dma,
      memory: physical,
      frames: this.#frames,
      engine: this.engine,
      packetNs: profile.txPacketNs,
    };
    const each = <T>(make: () => T): T[] => Array.from({ length: queues }, make);
    const ring = (use: string) => new Ring(memory, ringEntries, use);
    const completions = () => new CompletionWriter(ring('completion ring'), dma, physical);
    this.transmitQueues = each(() => new TransmitQueue(ring('transmit ring'), this.#side));
    this.sent = each(completions);
    this.receiveQueues = each(
      () => new ReceiveQueue(ring('receive ring'), completions(), dma, physical),
    );
    const { throttle, coalesceUs, coalesceFrames, sendCoalesceUs, sendCoalesceFrames } = profile;
    const sending = [sendCoalesceUs, sendCoalesceFrames] as const;
    this.moderation = each(() => new Moderation(throttle, coalesceUs, coalesceFrames, ...sending));
    const { cores } = options;
    const sides = this.transmitQueues.map((_, i) => new TransmitRing(this, i, cores));
    this.transmitSides = sides;
    this.receiveSides = sides.map((sent, i) => new ReceiveRing(this, i, memory, cores, sent));
    this.steering = new Steering(queues);
  }

  /** A core tells the card how far the descriptors of a queue go. */
  // hot
  ringTransmit(now: Nanos, queue: number, tail: number, core: Actor): void {
    const { dma, profile } = this.#options;
    const arrives = dma.doorbell(now, core, DOORBELL_BYTES);
    const seen = after(arrives, profile.txLatencyNs);
    const round = profile.bellRoundNs ?? 1;
    this.#events.put(ns(Math.ceil(seen / round) * round), BELL, queue, tail);
  }

  /** The same for buffers. */
  // hot
  ringReceive(now: Nanos, queue: number, tail: number, core: Actor): void {
    const { dma, profile } = this.#options;
    dma.doorbell(now, core, DOORBELL_BYTES);
    const to = this.receiveQueues[queue]!;
    to.tail = tail;
    to.prefetch(now, profile.descriptorBatch);
  }

  /** The driver has stopped looking, and has not seen so many completions of either direction. */
  arm(now: Nanos, queue: number, received: number, sent: number): void {
    const at = this.moderation[queue]!.arm(now, received, sent);
    this.#settled(now, queue, at);
  }

  // hot
  receive(now: Nanos, _port: number, slot: number): void {
    const { profile } = this.#options;
    const { engine } = this;
    const free = after(engine.lastIn, profile.rxPacketNs);
    const done = after(now, profile.rxLatencyNs);
    engine.lastIn = free > done ? free : done;
    this.#events.put(engine.lastIn, FRAME, slot);
  }

  // hot
  takeReady(): number {
    return this.#ready.take();
  }

  // hot
  transmit(now: Nanos, _port: number): number {
    const frames = this.#frames;
    if (frames.count === 0 || frames.firstExtra > now) {
      this.#remind(now);
      return -1;
    }
    const slot = frames.take(this.#options.pool.length(frames.first));
    this.#pull(now);
    return slot;
  }

  // hot
  soonest(alarm: Alarm): void {
    this.#events.soonest(alarm);
  }

  wakeAt(): Nanos {
    return this.#events.due();
  }

  // hot
  expire(now: Nanos): void {
    const events = this.#events;
    while (events.nextBy(now)) this.#happens(events.at, events.kind, events.a, events.b);
  }

  // hot
  #happens(now: Nanos, kind: number, a: number, b: number): void {
    switch (kind) {
      case BELL:
        this.transmitQueues[a]!.tail = b;
        return this.#read(now, a);
      case DESCRIPTORS:
        this.transmitQueues[a]!.fetched();
        this.#pull(now);
        return this.#read(now, a);
      case SENT:
        return this.#events.put(this.sent[a]!.write(now, b, 0, true, 0), SEND_LANDED, a);
      case SEND_LANDED:
        this.sent[a]!.land(now);
        return this.#completed(now, a, this.moderation[a]!.sent(now));
      case FRAME:
        return this.#arrived(now, a);
      case RECEIVE_LANDED:
        this.receiveQueues[a]!.completions.land(now);
        return this.#completed(now, a, this.moderation[a]!.completed(now));
      case THROTTLED:
        this.moderation[a]!.reminder = NEVER;
        return this.#settled(now, a, false);
      case MESSAGE:
        this.counters.interrupts++;
        return this.#events.put(after(now, this.#options.sink.wakesIn(a)), AWAKE, a);
      case AWAKE:
        return this.#options.sink.interrupt(now, a);
      case AGAIN:
        return this.#pull(now);
      case LRO_LATE:
        return this.#late(now);
      default:
        this.#remind(now);
    }
  }

  // hot
  #read(now: Nanos, queue: number): void {
    const here = this.transmitQueues[queue]!.fetch(now, this.#options.profile.descriptorBatch);
    if (here >= 0) this.#events.put(here as Nanos, DESCRIPTORS, queue);
  }

  /** Makes frames while there is room for them, from each queue in turn. */
  // hot
  #pull(now: Nanos): void {
    const { transmitQueues } = this;
    const { txBufferBytes } = this.#options.profile;
    let idle = 0;
    while (idle < transmitQueues.length && this.#frames.bytes < txBufferBytes) {
      const at = this.#turn;
      this.#turn = (at + 1) % transmitQueues.length;
      const queue = transmitQueues[at]!;
      const count = queue.next;
      if (count === 0) {
        idle++;
        continue;
      }
      idle = 0;
      const last = queue.done + count - 1;
      const sent = queue.send(now, count);
      if (sent < 0) {
        this.#events.put(after(now, RETRY_NS), AGAIN);
        break;
      }
      this.#events.put(sent as Nanos, SENT, at, last % queue.ring.entries);
    }
    this.#remind(now);
  }

  /** Says that a frame may go, or sees to it that this is said in time. */
  // hot
  #remind(now: Nanos): void {
    if (this.#frames.count === 0) return;
    const ready = this.#frames.firstExtra as Nanos;
    if (ready <= now) this.#ready.mark(0);
    else if (this.#readyAt !== ready) {
      this.#readyAt = ready;
      this.#events.put(ready, READY);
    }
  }

  // hot
  #arrived(now: Nanos, slot: number): void {
    const { pool, offloads } = this.#options;
    const b = pool.bytes(slot);
    const at = pool.at(slot);
    const view = this.#view;
    view.read(b, at, at + pool.length(slot));
    const hash = this.steering.toeplitz.hash(b, view);
    const index = this.steering.queueOf(hash);
    const checked = offloads.rxChecksum !== false && view.isGood(b);
    const lro = this.#lro;
    if (lro !== null) {
      const waits = lro.take(now, slot, b, view, index, hash, checked);
      if (lro.ended !== null) this.#giveMerged(now, lro, lro.ended);
      this.#watch(lro);
      if (waits) return;
    }
    this.#give(now, slot, index, checked, hash, 0, false);
  }

  #watch(lro: Lro): void {
    const { due } = lro;
    if (due === NEVER || this.#lroDue <= due) return;
    this.#lroDue = due;
    this.#events.put(due, LRO_LATE);
  }

  #late(now: Nanos): void {
    const lro = this.#lro!;
    this.#lroDue = NEVER;
    for (let one = lro.late(now); one; one = lro.late(now)) this.#giveMerged(now, lro, one);
    this.#watch(lro);
  }

  /** A merged packet into as many buffers as it had frames; what finds none is lost from its end. */
  #giveMerged(now: Nanos, lro: Lro, session: LroSession): void {
    const { pool, profile } = this.#options;
    const { count, slots, queue, hash, headerLength } = session;
    const to = this.receiveQueues[queue]!;
    to.prefetch(now, Math.max(count, profile.descriptorBatch));
    const whole = Math.max(1, Math.min(count, to.read - to.used));
    let length = headerLength;
    for (let i = 0; i < whole; i++) length += pool.length(slots[i]!) - headerLength;
    lro.end(session, length);
    if (whole > 1) {
      this.counters.rx_lro_packets++;
      this.counters.rx_lro_bytes += length;
    }
    for (let i = 0; i < count; i++) {
      if (i >= whole) {
        this.counters.rx_out_of_buffer++;
        pool.release(slots[i]!);
      } else
        this.#give(now, slots[i]!, queue, true, hash, i === 0 ? 0 : headerLength, i < whole - 1);
    }
  }

  /** Puts a frame, from byte `skip` on, into the host's next buffer. */
  // hot
  #give(
    now: Nanos,
    slot: number,
    index: number,
    checked: boolean,
    hash: number,
    skip: number,
    more: boolean,
  ): void {
    const { pool, profile } = this.#options;
    const queue = this.receiveQueues[index]!;
    queue.prefetch(now, profile.descriptorBatch);
    const { completions } = queue;
    const full = completions.written - queue.used > 0 || !queue.takes(pool.length(slot) - skip);
    if (full) this.counters.rx_out_of_buffer++;
    else {
      this.receivedBytes += pool.length(slot) - skip;
      const stamp = this.receivedBytes;
      const lands = queue.fill(now, pool, slot, checked, hash, stamp, skip, more);
      this.#events.put(lands, RECEIVE_LANDED, index);
    }
    pool.release(slot);
  }

  // hot
  #completed(now: Nanos, queue: number, at: boolean): void {
    this.#settled(now, queue, at);
    this.#options.sink.landed(now, queue);
  }

  /** Interrupts now, or sees to it that the card looks again in time; not at each completion that puts it off. */
  // hot
  #settled(now: Nanos, queue: number, at: boolean): void {
    const moderation = this.moderation[queue]!;
    const { due } = moderation;
    if (at || due <= now) this.#interrupt(now, queue);
    else if (due < moderation.reminder) {
      moderation.reminder = due;
      this.#events.put(due, THROTTLED, queue);
    }
  }

  // hot
  #interrupt(now: Nanos, queue: number): void {
    this.moderation[queue]!.fired(now);
    this.#events.put(this.#options.dma.pcie.interrupt(now), MESSAGE, queue);
  }
}
