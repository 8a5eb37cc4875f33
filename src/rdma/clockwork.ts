// A device that takes time: doorbells on their way over PCIe, entries that are fetched, packets in preparation and
// waiting to be judged, completions on their way to memory. Each part says when it is due; nothing is allocated for a
// packet. What is done then is the same code that a device without a clock runs at once.

import type { FramePool } from '../frame/index.js';
import type { Alarm, Nanos, Random } from '../time/index.js';
import type { CompletionQueue } from './completion-queue.js';
import type { Actor } from './memory-parts.js';
import type { MemoryPort } from './memory-port.js';
import { NicCaches } from './nic-caches.js';
import { CQE_BYTES, entryBytes, SendWqe } from './queue-format.js';
import type { QueuePair } from './queue-pair.js';
import { ReceiveClock } from './receive-clock.js';
import type { ReceiveQueue } from './receive-queue.js';
import { SendEntries } from './send-entries.js';
import { TimeHeap } from './time-heap.js';
import type { NicTiming } from './timing.js';
import { TransmitClock } from './transmit-clock.js';
import type { Counters } from './verdict.js';

/** What was made for whom last. */
export interface Prepared {
  qp: QueuePair | null;
  /** The first packet of a request, another one, one of a READ's answer, a short answer. */
  what: 'entry' | 'packet' | 'data' | 'answer';
  /** Of an answer: when it is known. */
  readyAt: number;
}

/** What the clock needs of the device. */
export interface Works {
  readonly pool: FramePool;
  readonly memory: MemoryPort;
  readonly counters: Counters;
  readonly prepared: Prepared;
  /** May a queue pair have something to send? */
  readonly hasTurns: boolean;
  /** Makes the next packet of whose turn it is: its slot, or -1. */
  prepare(now: Nanos): number;
  /** The port took a packet of a service without acknowledgement; `end` is the PSN behind it. */
  left(now: Nanos, qp: QueuePair, end: number): void;
  /** Takes a packet; the slot is given up. */
  judge(now: Nanos, slot: number): void;
  activate(qp: QueuePair): void;
  /** What was posted is there. */
  rang(now: Nanos, qp: QueuePair | null, rq: ReceiveQueue | null): void;
  /** A completion is in memory from now on. */
  completed(now: Nanos, sent: number, cq: CompletionQueue, solicited: boolean): void;
  /** What peers wrote is in memory from now on. */
  placed(now: Nanos): void;
}

class Bell {
  qp: QueuePair | null = null;
  rq: ReceiveQueue | null = null;
  value = 0;
  epoch = 0;
  withEntry = false;
}

class Landing {
  cq: CompletionQueue | null = null;
  readonly entry = new Uint8Array(CQE_BYTES);
  solicited = false;
  sent = 0;
  qpn = 0;
}

export class Clockwork {
  readonly caches: NicCaches;
  readonly transmit: TransmitClock;
  readonly receive: ReceiveClock;
  readonly entries: SendEntries;
  readonly #works: Works;
  readonly #bells = new TimeHeap<Bell>();
  readonly #freeBells: Bell[] = [];
  readonly #landings = new TimeHeap<Landing>();
  readonly #freeLandings: Landing[] = [];
  readonly #placements = new TimeHeap<number>();

  constructor(
    works: Works,
    readonly timing: NicTiming,
    random: Random,
    /** Of another function of the same card, whose engines and caches these are too. */
    other: Clockwork | null = null,
  ) {
    const { memory } = works;
    this.#works = works;
    this.caches = new NicCaches(timing, memory.dma, memory.keys.memory, random, other?.caches);
    memory.caches = this.caches;
    this.transmit = new TransmitClock(works, timing, this.caches, other?.transmit.units);
    this.receive = new ReceiveClock(works, timing, this.caches, other?.receive.units);
    this.entries = new SendEntries(memory, this.caches, timing.sendBatch);
  }

  // hot
  soonest(alarm: Alarm): void {
    this.transmit.soonest(alarm);
    alarm.lower(this.receive.wakeAt as Nanos);
    alarm.lower(this.#bells.next);
    alarm.lower(this.entries.resting.next);
    alarm.lower(this.#landings.next);
    alarm.lower(this.#placements.next);
  }

  // hot
  expire(now: Nanos): void {
    while (this.#bells.next <= now) this.#arrived(now, this.#bells.take());
    while (this.entries.resting.next <= now) this.#works.activate(this.entries.resting.take());
    this.receive.expire(now);
    while (this.#landings.next <= now) this.#land(now, this.#landings.take());
    while (this.#placements.next <= now) {
      this.#placements.take();
      this.#works.placed(now);
    }
  }

  /** A core rings for a send queue. */
  ringSend(now: Nanos, qp: QueuePair, core: Actor): void {
    const ring = qp.sq!;
    const { blueFlameBytes, blueFlameInlineOnly } = this.timing;
    const entry = ring.at(qp.posted - 1);
    const isInline = SendWqe.get.inline(ring.bytes, entry) === 1;
    const bytes = entryBytes(ring.bytes, entry);
    const single =
      qp.posted - qp.bells === 1 && bytes <= blueFlameBytes && (isInline || !blueFlameInlineOnly);
    const { memory } = this.#works;
    const at = single ? memory.doorbell(now, core, bytes) : memory.doorbell(now, core);
    qp.bells = qp.posted;
    this.#ring(at, qp, null, qp.posted, qp.epoch, single);
  }

  /** A core rings for a receive queue, of `qp` or shared. */
  ringReceive(now: Nanos, rq: ReceiveQueue, qp: QueuePair | null, core: Actor): void {
    this.#ring(this.#works.memory.doorbell(now, core), qp, rq, rq.posted, rq.epoch, false);
  }

  #ring(
    at: Nanos,
    qp: QueuePair | null,
    rq: ReceiveQueue | null,
    value: number,
    epoch: number,
    withEntry: boolean,
  ): void {
    const bell = this.#freeBells.pop() ?? new Bell();
    bell.qp = qp;
    bell.rq = rq;
    bell.value = value;
    bell.epoch = epoch;
    bell.withEntry = withEntry;
    this.#bells.put(bell, at);
  }

  // hot
  #arrived(now: Nanos, bell: Bell): void {
    const { qp, rq, value, epoch } = bell;
    this.#freeBells.push(bell);
    if (qp?.destroyed || (rq ?? qp)!.epoch !== epoch) return;
    const { memory } = this.#works;
    memory.begin(now);
    if (rq !== null) {
      rq.rung = value;
      rq.prefetch(now, memory, this.timing.receiveBatch);
    } else {
      qp!.rung = value;
      if (bell.withEntry) this.entries.written(now, qp!, value - 1);
    }
    this.#works.rang(now, qp, rq);
  }

  /** The device writes `cq.entry`, which the CPU sees when the write has come. */
  // hot
  complete(now: Nanos, cq: CompletionQueue, solicited: boolean, qpn: number): void {
    const landing = this.#freeLandings.pop() ?? new Landing();
    const { entry } = landing;
    for (let i = 0; i < CQE_BYTES; i++) entry[i] = cq.entry[i]!;
    landing.cq = cq;
    landing.solicited = solicited;
    landing.sent = now;
    landing.qpn = qpn;
    const { memory } = this.#works;
    const sent = memory.sendRing(now, cq.ring.addressAt(cq.produced), CQE_BYTES);
    this.#landings.put(landing, memory.inOrder(sent + memory.delay));
  }

  // hot
  #land(now: Nanos, landing: Landing): void {
    const { cq } = landing;
    this.#freeLandings.push(landing);
    if (cq === null) return;
    cq.entry.set(landing.entry);
    landing.cq = null;
    this.#works.completed(now, landing.sent, cq, landing.solicited);
  }

  /** Completions of a queue pair that is gone, or of a queue that is, are not written. */
  forget(qpn: number, cq: CompletionQueue | null = null): void {
    this.#landings.each((landing) => {
      if (cq === null ? landing.qpn === qpn : landing.cq === cq) landing.cq = null;
    });
  }

  /** A packet was judged: its answer is known when reads and tables have come, and takes its own time. */
  // hot
  judged(now: Nanos, qp: QueuePair, isGap: boolean): void {
    const { memory } = this.#works;
    const { answerNs, nakNs } = this.timing;
    const known = Math.max(memory.arrived, now + memory.delay);
    const at = known + Math.ceil(isGap ? nakNs : answerNs);
    const answer = qp.lastResponse();
    if (answer !== null && at > answer.readyAt) answer.readyAt = at;
  }

  /** What a peer wrote is visible at `at`. */
  // hot
  willPlace(at: number): void {
    this.#placements.put(at, at);
  }
}
