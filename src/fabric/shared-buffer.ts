// The memory of a switch or router, shared by all its ports: frames wait here by port and priority. Congestion is
// marked, and senders of lossless priorities are paused before their frames would be lost.

import { type FramePool, ReadyPorts } from '../frame/index.js';
import {
  Classified,
  Egress,
  LONGEST_QUANTA,
  markCongestion,
  PauseReader,
  type PfcThresholds,
  PRIORITIES,
  pauseFrame,
  quantaNs,
  Stops,
  type TrafficClass,
} from '../nic/index.js';
import { type Alarm, type Nanos, NEVER, type Random } from '../time/index.js';

export type { PfcThresholds } from '../nic/index.js';

/** From which queue length on a switch marks congestion. */
export interface EcnThresholds {
  /** Bytes in an egress queue below which nothing and above which everything is marked; between, up to `most`. */
  readonly kmin: number;
  readonly kmax: number;
  readonly most: number;
}

export interface BufferOptions {
  /** Shared by all ports and priorities; 12 MB unless given. */
  readonly bufferBytes?: number;
  /** From the arrival of a frame's last bit to its queue; 300 ns unless given. */
  readonly latencyNs?: number;
  /** Frames leave while they still come in. */
  readonly cutThrough?: boolean;
  /** By priority; priorities without are not marked. */
  readonly ecn?: Readonly<Record<number, EcnThresholds>>;
  /** By priority: these are lossless. */
  readonly pfc?: Readonly<Record<number, PfcThresholds>>;
  /** Priorities that share bandwidth (ETS); all others are strict, and go before these. */
  readonly ets?: readonly TrafficClass[];
  /** Bits a second of each port, for the length of pauses. */
  readonly rate: number;
}

/** Why the buffer did not take a frame. */
export type BufferDrop = 'buffer full' | 'headroom full' | 'no slot' | 'too many of our own';

const DEFAULT_BUFFER = 12 << 20;
const DEFAULT_LATENCY = 300;
/** Frames of its own that a switch lets wait at a port: pauses for all priorities many times over. */
const MOST_OWN = 256;
export class SharedBuffer {
  /** Frames marked, and pause frames sent (asking to stop), over all ports. */
  marked = 0;
  pausesSent = 0;
  /** Bytes that wait. */
  bytes = 0;
  readonly #egress: Egress;
  readonly #ready: ReadyPorts;
  readonly #pauses = new PauseReader();
  readonly #ecn: readonly (EcnThresholds | undefined)[];
  readonly #pfc: readonly (PfcThresholds | undefined)[];
  readonly #most: number;
  readonly #latency: number;
  /** Bytes in the buffer by port of entry and priority. */
  readonly #held: Float64Array;
  readonly #stops: Stops;
  /** When the first pause ends that holds something back. */
  #resumes: Nanos = NEVER;

  constructor(
    readonly pool: FramePool,
    readonly ports: number,
    readonly options: BufferOptions,
    readonly random: Random,
    readonly drop: (why: BufferDrop) => void,
  ) {
    const byPriority = Array.from({ length: PRIORITIES }, (_, priority) => priority);
    this.#ecn = byPriority.map((priority) => options.ecn?.[priority]);
    this.#pfc = byPriority.map((priority) => options.pfc?.[priority]);
    this.#most = options.bufferBytes ?? DEFAULT_BUFFER;
    this.#latency = options.latencyNs ?? DEFAULT_LATENCY;
    this.#egress = new Egress(pool, ports, options.ets);
    this.#ready = new ReadyPorts(ports);
    this.#held = new Float64Array(ports * PRIORITIES);
    this.#stops = new Stops(ports * PRIORITIES, options.rate);
  }

  /** Pauses are heeded at once; all else goes through the switch's pipeline first. */
  // hot
  latencyOf(slot: number): number {
    return this.controls(slot) ? 0 : this.#latency;
  }

  /** Is it a frame of MAC control? Then `paused` is where it belongs. */
  // hot
  controls(slot: number): boolean {
    const { pool } = this;
    if (pool.length(slot) < Classified.least) return false;
    return Classified.isControl(pool.bytes(slot), pool.at(slot));
  }

  /** A PAUSE or PFC frame came in: the queues of that port wait. */
  paused(now: Nanos, port: number, slot: number): void {
    const egress = this.#egress;
    const at = this.pool.at(slot);
    const end = at + this.pool.length(slot);
    this.#pauses.read(this.pool.bytes(slot), at, end, (priority, quanta) => {
      egress.pause(port, priority, (now + quantaNs(quanta, this.options.rate)) as Nanos);
    });
    this.pool.release(slot);
    if (egress.ready(now, port)) this.#ready.mark(port);
    this.#resumes = Math.min(this.#resumes, egress.resumesAt(now, port)) as Nanos;
  }

  // hot
  soonest(alarm: Alarm): void {
    alarm.lower(this.#resumes);
    alarm.lower(this.#stops.againAt);
  }

  /** Ports whose pause is over go on; senders that are stopped are told again before theirs is. */
  resume(now: Nanos): void {
    if (this.#stops.againAt <= now) this.#remind(now);
    if (this.#resumes > now) return;
    this.#resumes = NEVER;
    for (let port = 0; port < this.ports; port++) {
      if (this.#egress.ready(now, port)) this.#ready.mark(port);
      this.#resumes = Math.min(this.#resumes, this.#egress.resumesAt(now, port)) as Nanos;
    }
  }

  #remind(now: Nanos): void {
    this.#stops.remind(now, (cell) => {
      this.pausesSent++;
      this.#sendPause(Math.floor(cell / PRIORITIES), cell % PRIORITIES, LONGEST_QUANTA);
    });
  }

  takeReady(): number {
    return this.#ready.take();
  }

  /** Is there more to send on that port, now or when a pause is over? */
  // hot
  waits(port: number): boolean {
    return this.#egress.holds(port);
  }

  // hot
  transmit(now: Nanos, port: number): number {
    const slot = this.#egress.take(now, port);
    const { priority } = this.#egress;
    if (slot < 0 || priority < 0) return slot;
    this.#release(this.pool.note(slot), priority, this.pool.length(slot));
    return slot;
  }

  /** Takes the frame, which `frame` describes, into the queue of `port`. */
  // hot
  enqueue(now: Nanos, ingress: number, port: number, slot: number, frame: Classified): void {
    const { pool } = this;
    const length = pool.length(slot);
    const { priority } = frame;
    const lossless = this.#pfc[priority];
    const cell = ingress * PRIORITIES + priority;
    const held = this.#held[cell]! + length;
    if (lossless && held > lossless.xoff + lossless.headroom) {
      return this.#refuse(slot, 'headroom full');
    }
    if (!lossless && this.bytes + length > this.#most) return this.#refuse(slot, 'buffer full');
    const egress = this.#egress;
    const ecn = this.#ecn[priority];
    if (ecn) this.#mark(ecn, egress.bytes(port, priority), slot, frame);
    egress.put(port, priority, slot, length, ingress);
    this.bytes += length;
    this.#held[cell] = held;
    if (lossless && held > lossless.xoff && this.#stops.stopped[cell] === 0) {
      this.#stops.stop(now, cell);
      this.pausesSent++;
      this.#sendPause(ingress, priority, LONGEST_QUANTA);
    }
    if (!egress.paused(now, port, priority)) this.#ready.mark(port);
    else this.#resumes = Math.min(this.#resumes, egress.resumesAt(now, port)) as Nanos;
  }

  /** A frame of the switch's own goes out before all others. */
  say(port: number, slot: number): void {
    if (this.#egress.own(port) >= MOST_OWN) return this.#refuse(slot, 'too many of our own');
    this.#egress.say(port, slot);
    this.#ready.mark(port);
  }

  /** RED-like marking by the length of the queue that the frame joins (DCQCN, Zhu et al. 2015, 3.1). */
  #mark(ecn: EcnThresholds, queued: number, slot: number, frame: Classified): void {
    if (queued <= ecn.kmin || frame.ipAt < 0) return;
    const chance =
      queued >= ecn.kmax ? 1 : (ecn.most * (queued - ecn.kmin)) / (ecn.kmax - ecn.kmin);
    if (!this.random.chance(chance)) return;
    // Copies of a flooded frame lie elsewhere than the frame that was classified.
    const ipAt = this.pool.at(slot) + frame.ipAt - frame.at;
    if (markCongestion(this.pool.bytes(slot), ipAt, frame.version)) this.marked++;
  }

  /** A frame has left the buffer: its sender may go on when enough have. */
  #release(ingress: number, priority: number, length: number): void {
    this.bytes -= length;
    const cell = ingress * PRIORITIES + priority;
    this.#held[cell] = this.#held[cell]! - length;
    const lossless = this.#pfc[priority];
    if (!lossless || this.#stops.stopped[cell] === 0 || this.#held[cell]! > lossless.xon) return;
    this.#stops.go(cell);
    this.#sendPause(ingress, priority, 0);
  }

  #sendPause(port: number, priority: number, quanta: number): void {
    const slot = pauseFrame(this.pool, priority, quanta);
    if (slot < 0) return this.drop('no slot');
    this.say(port, slot);
  }

  #refuse(slot: number, why: BufferDrop): void {
    this.pool.drop(slot, why);
    this.drop(why);
  }
}
