// The sending half of a device in time: units that make packets, DMA that brings their bytes, and packets that wait
// until both are done and the wire is free. Several are in preparation, so that reads from memory overlap.

import { type Alarm, type Nanos, NEVER } from '../time/index.js';
import type { Works } from './clockwork.js';
import type { NicCaches } from './nic-caches.js';
import type { QueuePair } from './queue-pair.js';
import { TimeHeap } from './time-heap.js';
import type { NicTiming } from './timing.js';
import { Units } from './units.js';

/** A packet of a service without acknowledgement, whose leaving is what its request waits for. */
class Departure {
  qp: QueuePair | null = null;
  /** Of the queue pair's life, and of the packet. */
  epoch = 0;
  psn = 0;
}

/** The slot's note of a packet that nobody waits for; otherwise the number of its departure. */
const NOBODY = -1;
const NS_PER_BYTE_AT_1_BPS = 8e9;

export class TransmitClock {
  readonly #frames = new TimeHeap<number>();
  readonly #departures: Departure[] = [];
  readonly #freeDepartures: number[] = [];
  #bytes = 0;
  readonly units: Units;
  /** When a unit is free for a queue pair that waits. */
  #unitAt: number = NEVER;
  /** The driver knows that a frame is ready, and takes all that are. */
  #told = false;

  constructor(
    readonly works: Works,
    readonly timing: NicTiming,
    readonly caches: NicCaches,
    units = new Units(timing.txUnits),
  ) {
    this.units = units;
  }

  // hot
  soonest(alarm: Alarm): void {
    alarm.lower(this.#unitAt as Nanos);
    if (!this.#told) alarm.lower(this.#frames.next);
  }

  /** Is there a frame that the driver was not told of? */
  // hot
  takeReady(now: Nanos): boolean {
    this.pump(now);
    if (this.#told || this.#frames.next > now) return false;
    this.#told = true;
    return true;
  }

  /** The next frame that is ready, or -1. */
  // hot
  take(now: Nanos): number {
    if (this.#frames.next > now) this.pump(now);
    if (this.#frames.next > now) {
      this.#told = false;
      return -1;
    }
    const slot = this.#frames.take();
    const { pool } = this.works;
    this.#bytes -= pool.length(slot);
    const departure = pool.note(slot);
    if (departure !== NOBODY) this.#left(now, departure);
    this.pump(now);
    return slot;
  }

  // hot
  #awaited(qp: QueuePair): number {
    const number = this.#freeDepartures.pop() ?? this.#departures.push(new Departure()) - 1;
    const departure = this.#departures[number]!;
    departure.qp = qp;
    departure.epoch = qp.epoch;
    departure.psn = qp.sendPsn;
    return number;
  }

  /** The port has it: of a queue pair that was reset meanwhile that means nothing. */
  // hot
  #left(now: Nanos, number: number): void {
    const departure = this.#departures[number]!;
    const qp = departure.qp!;
    departure.qp = null;
    this.#freeDepartures.push(number);
    if (!qp.destroyed && qp.epoch === departure.epoch) this.works.left(now, qp, departure.psn);
  }

  /** Begins packets as long as units are free and there is room. */
  // hot
  pump(now: Nanos): void {
    const { works, timing } = this;
    this.#unitAt = NEVER;
    const { txFrames, txBytes } = timing;
    while (this.#frames.count < txFrames && this.#bytes < txBytes && works.hasTurns) {
      const free = this.units.freeAt;
      if (free > now) {
        this.#unitAt = free;
        return;
      }
      works.memory.begin(now);
      this.caches.stoodUntil = 0;
      const slot = works.prepare(now);
      if (slot < 0) return;
      this.#time(now, slot);
    }
  }

  /** When the packet in `slot`, which has just been made, leaves. */
  // hot
  #time(now: Nanos, slot: number): void {
    const { works, timing } = this;
    const { memory, prepared } = works;
    const { qp } = prepared;
    const isAnswer = prepared.what === 'answer';
    const own =
      prepared.what === 'entry' ? timing.txEntryNs + timing.txPacketNs : timing.txPacketNs;
    const stood = Math.max(0, this.caches.stoodUntil - now);
    const served = this.units.goOn(now, (isAnswer ? timing.txAnswerNs : own) + stood);
    let at = Math.max(served, now + memory.delay, this.#bytesAt(now, slot));
    // What a READ asks for is fetched when the request has been looked at.
    if (prepared.what === 'data' && prepared.readyAt > now) at += prepared.readyAt - now;
    else if (prepared.readyAt > at) at = prepared.readyAt;
    at += Math.ceil(
      prepared.what === 'entry' ? timing.txLatencyNs + timing.entryLatencyNs : timing.txLatencyNs,
    );
    // What one queue pair sends stays in order.
    if (qp !== null) {
      if (at < qp.leavesAt) at = qp.leavesAt;
      qp.leavesAt = at;
    }
    const { pool } = works;
    pool.setNote(slot, qp === null || qp.reliable || isAnswer ? NOBODY : this.#awaited(qp));
    this.#bytes += pool.length(slot);
    this.#frames.put(slot, at);
  }

  /** When the payload is there, or so far that it does not run dry on the way out. */
  // hot
  #bytesAt(now: Nanos, slot: number): number {
    const { memory, pool } = this.works;
    const { arrived } = memory;
    if (!this.timing.cutThrough || arrived <= now) return arrived;
    const length = pool.length(slot);
    const onWire = (length * NS_PER_BYTE_AT_1_BPS) / this.timing.portBitsPerSecond;
    return Math.max(
      now,
      arrived - Math.floor(Math.min(onWire, memory.dma.pcie.readTimeOf(length))),
    );
  }
}
