// The port of a host's network card, behind which two live: the RDMA device, which takes its own frames, and the
// host's stack, which gets all others. Outside it is one station with one port. With `PortOptions` it heeds and sends
// pauses by priority; without, it has no priorities and no receive buffer, and costs nothing for them.

import type { FramePool, Station } from '../frame/index.js';
import { type Alarm, isDue, type Nanos, NEVER, soonestOf, tellOf } from '../time/index.js';
import { Classified, type Trust } from './classify.js';
import { Egress } from './egress.js';
import { LONGEST_QUANTA, pauseFrame, quantaNs } from './pause-frame.js';
import { PauseReader } from './pause-reader.js';
import { PRIORITIES } from './priority.js';
import { ReceiveBuffer, type ReceiveBufferOptions } from './receive-buffer.js';

/** The RDMA device as a port sees it. */
export interface RdmaSide extends Station {
  /** A received frame that is not RDMA's, or -1. Who takes it owns it. */
  takeOther(): number;
  /** The peer pauses a priority until then: frames of it are not to be handed over. */
  pause?(now: Nanos, priority: number, until: Nanos): void;
}

export interface PortOptions {
  readonly pool: FramePool;
  /** Bits a second of the link, for the length of pauses. */
  readonly rate: number;
  /** What tells a frame's priority: DSCP unless given; frames without an IP header go by their tag. */
  readonly trust?: Trust;
  readonly dscpPriority?: Uint8Array;
  /** Frames reach the host at once unless given. */
  readonly receive?: ReceiveBufferOptions;
}

/**
 * Frames fetched that turned out to be of a paused priority. The RDMA device holds its own back by itself, all but
 * those that it had begun: as many as a device that takes time prepares ahead (`NicTiming.txFrames`), twice over.
 */
const MOST_PARKED = 256;

// hot
const hasFrames = (side: Station): boolean => side.waits === undefined || side.waits(0);

export class HostPort implements Station {
  readonly ports = 1;
  /** By ethtool's names. */
  readonly counters = new Map<string, number>();
  readonly buffer: ReceiveBuffer | null;
  /** Whose turn it is to send: each sends one frame, then the other, so that neither starves. */
  #stackFirst = true;
  readonly #egress: Egress | null;
  readonly #frame: Classified;
  readonly #pauses = new PauseReader();
  #ready = false;
  /** When the first pause ends that holds something back. */
  #resumes: Nanos = NEVER;

  constructor(
    readonly name: string,
    readonly rdma: RdmaSide,
    readonly stack: Station,
    readonly options: PortOptions | null = null,
  ) {
    this.#egress = options && new Egress(options.pool);
    this.#frame = new Classified(options?.trust, options?.dscpPriority);
    const tell = (_now: Nanos, priority: number, stop: boolean) => this.#say(priority, stop);
    this.buffer =
      options?.receive === undefined
        ? null
        : new ReceiveBuffer(options.pool, options.receive, options.rate, tell);
  }

  // hot
  receive(now: Nanos, _port: number, slot: number): void {
    if (this.options === null) return this.#deliver(now, slot);
    const { pool } = this.options;
    const b = pool.bytes(slot);
    const at = pool.at(slot);
    const end = at + pool.length(slot);
    if (this.#frame.read(b, at, end) && this.#frame.control) return this.#paused(now, slot);
    if (this.buffer === null) return this.#deliver(now, slot);
    const { priority } = this.#frame;
    if (this.buffer.enter(now, slot, priority)) return;
    this.#count('rx_discards_phy');
    this.#count(`rx_prio${priority}_discards`);
    pool.drop(slot, 'receive buffer full');
  }

  // hot
  #deliver(now: Nanos, slot: number): void {
    this.rdma.receive(now, 0, slot);
    this.#passOn(now);
  }

  /** What is not RDMA's; a device that takes time may find out later. */
  // hot
  #passOn(now: Nanos): void {
    for (let other = this.rdma.takeOther(); other >= 0; other = this.rdma.takeOther()) {
      this.stack.receive(now, 0, other);
    }
  }

  /** PAUSE or PFC came in (IEEE 802.3 31B, 802.1Q 36). */
  #paused(now: Nanos, slot: number): void {
    const { pool, rate } = this.options!;
    const egress = this.#egress!;
    const at = pool.at(slot);
    this.#pauses.read(pool.bytes(slot), at, at + pool.length(slot), (priority, quanta) => {
      const until = (now + quantaNs(quanta, rate)) as Nanos;
      egress.pause(0, priority, until);
      this.rdma.pause?.(now, priority, until);
      this.#count(`rx_prio${priority}_pause`);
    });
    pool.release(slot);
    this.#look(now);
  }

  /** Tells the peer to stop a priority, or to go on. */
  #say(priority: number, stop: boolean): void {
    const { pool } = this.options!;
    const slot = pauseFrame(pool, priority, stop ? LONGEST_QUANTA : 0);
    if (slot < 0) return this.#count('no_frame_slot');
    if (stop) this.#count(`tx_prio${priority}_pause`);
    this.#egress!.say(0, slot);
    this.#ready = true;
  }

  #look(now: Nanos): void {
    const egress = this.#egress!;
    if (egress.ready(now, 0)) this.#ready = true;
    this.#resumes = egress.resumesAt(now, 0);
  }

  // hot
  takeReady(): number {
    const rdma = this.rdma.takeReady();
    const stack = this.stack.takeReady();
    const own = this.#ready;
    this.#ready = false;
    return rdma >= 0 || stack >= 0 || own ? 0 : -1;
  }

  // hot
  transmit(now: Nanos, _port: number): number {
    const egress = this.#egress;
    if (egress === null) return this.#fetch(now);
    for (;;) {
      const slot = egress.take(now, 0);
      if (slot >= 0) return slot;
      if (egress.waiting(0) >= MOST_PARKED) break;
      const next = this.#fetch(now);
      if (next < 0) break;
      this.#sort(egress, next);
    }
    if (egress.waiting(0) > 0) this.#resumes = egress.resumesAt(now, 0);
    return -1;
  }

  // hot
  #sort(egress: Egress, slot: number): void {
    const { pool } = this.options!;
    const at = pool.at(slot);
    const length = pool.length(slot);
    this.#frame.read(pool.bytes(slot), at, at + length);
    egress.put(0, this.#frame.priority, slot, length, 0);
  }

  /** With pauses, what waits may have to wait on: then the wire asks. */
  // hot
  waits(): boolean {
    return this.#egress !== null || hasFrames(this.rdma) || hasFrames(this.stack);
  }

  // hot
  #fetch(now: Nanos): number {
    const slot = this.#stackFirst ? this.#fromStack(now) : this.rdma.transmit(now, 0);
    if (slot < 0) return this.#stackFirst ? this.rdma.transmit(now, 0) : this.#fromStack(now);
    this.#stackFirst = !this.#stackFirst;
    return slot;
  }

  // hot
  #fromStack(now: Nanos): number {
    return hasFrames(this.stack) ? this.stack.transmit(now, 0) : -1;
  }

  // hot
  soonest(alarm: Alarm): void {
    tellOf(this.rdma, alarm);
    tellOf(this.stack, alarm);
    if (this.buffer !== null) alarm.lower(this.buffer.wakeAt());
    alarm.lower(this.#resumes);
  }

  wakeAt(): Nanos {
    return soonestOf(this);
  }

  expire(now: Nanos): void {
    if (isDue(this.rdma, now)) {
      this.rdma.expire(now);
      this.#passOn(now);
    }
    if (isDue(this.stack, now)) this.stack.expire(now);
    if (this.#resumes <= now) this.#look(now);
    const { buffer } = this;
    if (buffer === null) return;
    for (let slot = buffer.take(now); slot >= 0; slot = buffer.take(now)) this.#deliver(now, slot);
    buffer.remind(now);
  }

  #count(name: string): void {
    this.counters.set(name, (this.counters.get(name) ?? 0) + 1);
  }

  /** Frames of a priority that this port paused, or was paused by its peer: as ethtool counts them. */
  pausesOf(priority: number): { readonly received: number; readonly sent: number } {
    if (!(priority >= 0 && priority < PRIORITIES)) throw new RangeError(`no priority ${priority}`);
    return {
      received: this.counters.get(`rx_prio${priority}_pause`) ?? 0,
      sent: this.counters.get(`tx_prio${priority}_pause`) ?? 0,
    };
  }
}
