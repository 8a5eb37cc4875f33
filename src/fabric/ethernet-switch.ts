// An Ethernet switch: learns addresses, keeps VLANs apart, queues by priority in one shared buffer, marks
// congestion, and pauses senders of lossless priorities before their frames would be lost. Store and forward.

import { build, eth, macControl, PFC, pfc } from '../../protocols/index.js';
import { type FramePool, ReadyPorts, SlotQueue, type Station } from '../frame/index.js';
import { type Nanos, NEVER, type Random } from '../time/index.js';
import { Classified, markCongestion, type Trust } from './classify.js';
import { Egress, PRIORITIES } from './egress.js';
import { MacTable } from './mac-table.js';
import { PauseReader } from './pause-reader.js';

export interface EcnThresholds {
  /** Bytes in an egress queue below which nothing and above which everything is marked; between, up to `most`. */
  readonly kmin: number;
  readonly kmax: number;
  readonly most: number;
}

export interface PfcThresholds {
  /** Bytes of one priority from one port at which the sender is paused, and at which it goes on. */
  readonly xoff: number;
  readonly xon: number;
  /** Bytes kept free beyond, a port and priority, for what is on its way when the pause is sent. */
  readonly headroom: number;
}

export interface SwitchOptions {
  readonly ports: number;
  /** Shared by all ports and priorities; 12 MB unless given. */
  readonly bufferBytes?: number;
  /** From the arrival of a frame's last bit to its queue; 300 ns unless given. */
  readonly latencyNs?: number;
  readonly trust?: Trust;
  /** Priority of each DSCP; its three high bits unless given. */
  readonly dscpPriority?: Uint8Array;
  /** By priority; priorities without are not marked. */
  readonly ecn?: Readonly<Record<number, EcnThresholds>>;
  /** By priority: these are lossless. */
  readonly pfc?: Readonly<Record<number, PfcThresholds>>;
  /** Bits a second of each port, for the length of pauses. */
  readonly rate: number;
  /** VLAN of untagged frames by port; 1 unless given. */
  readonly portVlan?: readonly number[];
  /** VLANs that a port takes part in; all unless given. */
  readonly members?: readonly (readonly number[] | undefined)[];
}

/** Why a switch dropped a frame. */
export type SwitchDrop =
  | 'too short'
  | 'buffer full'
  | 'headroom full'
  | 'not a member'
  | 'same port'
  | 'no slot';

const DEFAULT_BUFFER = 12 << 20;
const DEFAULT_LATENCY = 300;
/** Longest pause that PFC can ask for (802.1Q 36.1): 65,535 times 512 bits. */
const LONGEST_QUANTA = 0xffff;
const QUANTUM_BITS = 512;

export class EthernetSwitch implements Station {
  readonly ports: number;
  readonly drops = new Map<SwitchDrop, number>();
  /** Frames marked, and pause frames sent (asking to stop), over all ports. */
  marked = 0;
  pausesSent = 0;
  readonly table = new MacTable();
  readonly #egress: readonly Egress[];
  readonly #ready: ReadyPorts;
  readonly #frame = new Classified();
  readonly #pauses = new PauseReader();
  readonly #dscp: Uint8Array;
  /** Frames on their way through the switch; all take as long, so that the first is due first. */
  readonly #pipe = new SlotQueue();
  readonly #pipePort = new SlotQueue();
  /** Bytes in the buffer by port of entry and priority. */
  readonly #held: Float64Array;
  readonly #stopped: Uint8Array;
  #buffered = 0;
  /** When the first pause ends that holds something back. */
  #resumes: Nanos = NEVER;

  constructor(
    readonly name: string,
    readonly pool: FramePool,
    readonly options: SwitchOptions,
    readonly random: Random,
  ) {
    this.ports = options.ports;
    this.#egress = Array.from({ length: options.ports }, () => new Egress(pool));
    this.#ready = new ReadyPorts(options.ports);
    this.#dscp = options.dscpPriority ?? Uint8Array.from({ length: 64 }, (_, dscp) => dscp >> 3);
    this.#held = new Float64Array(options.ports * PRIORITIES);
    this.#stopped = new Uint8Array(options.ports * PRIORITIES);
  }

  /** Bytes in the shared buffer. */
  get buffered(): number {
    return this.#buffered;
  }

  receive(now: Nanos, port: number, slot: number): void {
    const at = this.pool.at(slot);
    const bytes = this.pool.bytes(slot);
    const end = at + this.pool.length(slot);
    const frame = this.#frame;
    const { trust = 'dscp' } = this.options;
    if (!frame.read(bytes, at, end, trust, this.#dscp)) return this.#drop(slot, 'too short');
    if (frame.control) {
      this.#paused(now, port, bytes, at, end);
      return this.pool.release(slot);
    }
    const due = now + (this.options.latencyNs ?? DEFAULT_LATENCY);
    this.#pipe.put(slot, 0, due);
    this.#pipePort.put(port, 0);
  }

  /** A PAUSE or PFC frame came in: the queues of that port wait. */
  #paused(now: Nanos, port: number, bytes: Uint8Array, at: number, end: number): void {
    const egress = this.#egress[port]!;
    this.#pauses.read(bytes, at, end, (priority, quanta) => {
      egress.pause(priority, (now + quantaNs(quanta, this.options.rate)) as Nanos);
    });
    if (egress.ready(now)) this.#ready.mark(port);
    this.#resumes = Math.min(this.#resumes, egress.resumesAt(now)) as Nanos;
  }

  wakeAt(): Nanos {
    const piped = this.#pipe.count > 0 ? this.#pipe.firstExtra : NEVER;
    return Math.min(piped, this.#resumes) as Nanos;
  }

  expire(now: Nanos): void {
    while (this.#pipe.count > 0 && this.#pipe.firstExtra <= now) {
      this.#forward(now, this.#pipePort.take(0), this.#pipe.take(0));
    }
    if (this.#resumes > now) return;
    this.#resumes = NEVER;
    for (let port = 0; port < this.ports; port++) {
      const egress = this.#egress[port]!;
      if (egress.ready(now)) this.#ready.mark(port);
      this.#resumes = Math.min(this.#resumes, egress.resumesAt(now)) as Nanos;
    }
  }

  takeReady(): number {
    return this.#ready.take();
  }

  transmit(now: Nanos, port: number): number {
    const egress = this.#egress[port]!;
    const slot = egress.take(now);
    if (slot < 0 || egress.priority < 0) return slot;
    this.#release(egress.ingress, egress.priority, this.pool.length(slot));
    return slot;
  }

  #forward(now: Nanos, ingress: number, slot: number): void {
    const { pool, options } = this;
    const at = pool.at(slot);
    const frame = this.#frame;
    frame.read(pool.bytes(slot), at, at + pool.length(slot), options.trust ?? 'dscp', this.#dscp);
    const vlan = frame.vlan > 0 ? frame.vlan : (options.portVlan?.[ingress] ?? 1);
    if (!this.#member(ingress, vlan)) return this.#drop(slot, 'not a member');
    this.table.learn(now, vlan, frame.source, ingress);
    const port = frame.group ? -1 : this.table.port(now, vlan, frame.target);
    if (port === ingress) return this.#drop(slot, 'same port');
    if (port >= 0) return this.#enqueue(now, ingress, port, slot);
    this.#flood(now, ingress, vlan, slot);
  }

  #member(port: number, vlan: number): boolean {
    return this.options.members?.[port]?.includes(vlan) ?? true;
  }

  /** To every other port of the VLAN: copies to all but the last, the frame itself to that. */
  #flood(now: Nanos, ingress: number, vlan: number, slot: number): void {
    let last = -1;
    for (let port = 0; port < this.ports; port++) {
      if (port === ingress || !this.#member(port, vlan)) continue;
      if (last >= 0) {
        const copy = this.pool.clone(slot);
        if (copy < 0) this.#count('no slot');
        else this.#enqueue(now, ingress, last, copy);
      }
      last = port;
    }
    if (last >= 0) this.#enqueue(now, ingress, last, slot);
    else this.#drop(slot, 'same port');
  }

  // hot
  #enqueue(now: Nanos, ingress: number, port: number, slot: number): void {
    const { pool, options } = this;
    const length = pool.length(slot);
    const { priority } = this.#frame;
    const lossless = options.pfc?.[priority];
    const cell = ingress * PRIORITIES + priority;
    if (lossless && this.#held[cell]! + length > lossless.xoff + lossless.headroom) {
      return this.#drop(slot, 'headroom full');
    }
    if (!lossless && this.#buffered + length > (options.bufferBytes ?? DEFAULT_BUFFER)) {
      return this.#drop(slot, 'buffer full');
    }
    const queue = this.#egress[port]!.queues[priority]!;
    this.#mark(queue.bytes, priority, slot);
    queue.put(slot, length, ingress);
    this.#buffered += length;
    this.#held[cell] = this.#held[cell]! + length;
    if (lossless && this.#held[cell]! > lossless.xoff && this.#stopped[cell] === 0) {
      this.#stopped[cell] = 1;
      this.pausesSent++;
      this.#sendPause(ingress, priority, LONGEST_QUANTA);
    }
    const egress = this.#egress[port]!;
    if (!egress.paused(now, priority)) this.#ready.mark(port);
    else this.#resumes = Math.min(this.#resumes, egress.resumesAt(now)) as Nanos;
  }

  /** RED-like marking by the length of the queue that the frame joins (DCQCN, Zhu et al. 2015, 3.1). */
  #mark(queued: number, priority: number, slot: number): void {
    const ecn = this.options.ecn?.[priority];
    if (!ecn || queued <= ecn.kmin || this.#frame.ipAt < 0) return;
    const chance =
      queued >= ecn.kmax ? 1 : (ecn.most * (queued - ecn.kmin)) / (ecn.kmax - ecn.kmin);
    if (!this.random.chance(chance)) return;
    if (markCongestion(this.pool.bytes(slot), this.#frame.ipAt, this.#frame.version)) this.marked++;
  }

  /** A frame has left the buffer: its sender may go on when enough have. */
  #release(ingress: number, priority: number, length: number): void {
    this.#buffered -= length;
    const cell = ingress * PRIORITIES + priority;
    this.#held[cell] = this.#held[cell]! - length;
    const lossless = this.options.pfc?.[priority];
    if (!lossless || this.#stopped[cell] === 0 || this.#held[cell]! > lossless.xon) return;
    this.#stopped[cell] = 0;
    this.#sendPause(ingress, priority, 0);
  }

  #sendPause(port: number, priority: number, quanta: number): void {
    const slot = this.pool.take();
    if (slot < 0) return this.#count('no slot');
    const at = this.pool.at(slot);
    this.pool.bytes(slot).set(pfcTemplate, at);
    this.pool.setLength(slot, pfcTemplate.length);
    const body = at + pfcTemplate.length - PFC.size;
    PFC.set[`e${priority as 0}`](this.pool.bytes(slot), body, 1);
    PFC.set[`time${priority as 0}`](this.pool.bytes(slot), body, quanta);
    this.#egress[port]!.control.put(slot, pfcTemplate.length);
    this.#ready.mark(port);
  }

  #drop(slot: number, why: SwitchDrop): void {
    this.#count(why);
    this.pool.release(slot);
  }

  #count(why: SwitchDrop): void {
    this.drops.set(why, (this.drops.get(why) ?? 0) + 1);
  }
}

/** Nanoseconds that `quanta` of 512 bits take. */
export const quantaNs = (quanta: number, rate: number): number =>
  Math.ceil((quanta * QUANTUM_BITS * 1e9) / rate);

/** A PFC frame that pauses nothing yet (802.1Q 36.1); switches and NICs fill in class and time. */
const pfcTemplate = build([
  eth({ dst: '01:80:c2:00:00:01', src: '02:00:00:00:00:00' }),
  macControl(),
  pfc(),
]).bytes;
