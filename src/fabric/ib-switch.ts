// An InfiniBand switch (IBA 18): forwards by the destination LID, maps service levels to virtual lanes, and gives
// credits back when packets have left. A packet stays in the buffer of the port where it came in until it is sent, so
// that what is full behind the switch stops senders in front of it instead of losing packets.

import { BTH, GRH, LRH } from '../../protocols/index.js';
import { type FramePool, ReadyPorts, SlotQueue, type Station } from '../frame/index.js';
import { type Nanos, NEVER } from '../time/index.js';
import { IbPort, type IbPortDrop, type IbPortOptions, sealVcrc, VL15 } from './ib-port.js';

export interface IbSwitchOptions extends IbPortOptions {
  /** External ports, numbered from 1 in InfiniBand and from 0 as ports of the station. */
  readonly ports: number;
  /** From a packet's last bit to its queue; 200 ns unless given. */
  readonly latencyNs?: number;
  /** Lane of each of the 16 service levels; the level modulo the lanes unless given. 15 drops. */
  readonly slToVl?: readonly number[];
  /** Bytes in an output queue from which on packets are marked FECN (IBA A10); none are unless given. */
  readonly fecnBytes?: number;
}

export type IbSwitchDrop =
  | IbPortDrop
  | 'no route'
  | 'same port'
  | 'no lane for the service level'
  | 'multicast'
  | 'management overflow'
  | 'no agent';

/** Treats management packets that are for the switch or go through it by a directed route. */
export interface SwitchAgent {
  /** Port (from 1) by which the packet in `slot` goes on, 0 to drop it. May change its bytes. */
  manage(now: Nanos, port: number, slot: number): number;
}

const DEFAULT_LATENCY = 200;
const SERVICE_LEVELS = 16;
/** LIDs (IBA 4.1.3): unicast up to bfffh, multicast up to fffeh, permissive ffffh. */
const FIRST_MULTICAST = 0xc000;
const PERMISSIVE = 0xffff;
/** Entry of a forwarding table that leads nowhere (IBA 14.2.5.10). */
export const NO_PORT = 255;
/** LRH.LNH of packets with a BTH: behind the LRH, and behind a GRH. */
const LNH = { local: 2, global: 3 } as const;

export class IbSwitch implements Station {
  readonly ports: number;
  readonly drops = new Map<IbSwitchDrop, number>();
  /** Output port (from 1) by LID; 0 is the switch itself, 255 nowhere. */
  readonly forwarding = new Uint8Array(FIRST_MULTICAST).fill(NO_PORT);
  /** Packets passed on and marked. */
  forwarded = 0;
  marked = 0;
  agent: SwitchAgent | undefined;
  readonly ends: readonly IbPort[];
  readonly slToVl: Uint8Array;
  readonly #ready: ReadyPorts;
  readonly #pipe = new SlotQueue();
  readonly #pipePort = new SlotQueue();
  readonly #latency: number;
  readonly #fecn: number;
  #refreshAt: Nanos = NEVER;

  constructor(
    readonly name: string,
    readonly pool: FramePool,
    readonly options: IbSwitchOptions,
  ) {
    this.ports = options.ports;
    this.ends = Array.from({ length: options.ports }, () => new IbPort(pool, options));
    this.#ready = new ReadyPorts(options.ports);
    for (let port = 0; port < options.ports; port++) this.#ready.mark(port);
    this.#latency = options.latencyNs ?? DEFAULT_LATENCY;
    this.#fecn = options.fecnBytes ?? Number.POSITIVE_INFINITY;
    const { lanes } = this.ends[0]!;
    this.slToVl = Uint8Array.from(
      { length: SERVICE_LEVELS },
      (_, level) => options.slToVl?.[level] ?? level % lanes,
    );
    const bad = this.slToVl.findIndex((lane) => lane >= lanes && lane !== VL15);
    if (bad >= 0)
      throw new RangeError(
        `${name}: service level ${bad} goes to lane ${this.slToVl[bad]}, yet there are lanes 0 to ${lanes - 1}`,
      );
  }

  // hot
  receive(now: Nanos, port: number, slot: number): void {
    const verdict = this.ends[port]!.accept(now, slot);
    this.#wakes(port);
    if (verdict !== 'data') {
      if (verdict !== 'flow') this.#count(verdict);
      if (this.ends[port]!.ready) this.#ready.mark(port);
      return;
    }
    this.#pipe.put(slot, 0, now + this.#latency);
    this.#pipePort.put(port, 0);
    if (this.ends[port]!.ready) this.#ready.mark(port);
  }

  wakeAt(): Nanos {
    const piped = this.#pipe.count > 0 ? this.#pipe.firstExtra : NEVER;
    return (piped < this.#refreshAt ? piped : this.#refreshAt) as Nanos;
  }

  // hot
  expire(now: Nanos): void {
    while (this.#pipe.count > 0 && this.#pipe.firstExtra <= now) {
      this.#forward(now, this.#pipePort.take(0), this.#pipe.take(0));
    }
    if (this.#refreshAt > now) return;
    this.#refreshAt = NEVER;
    for (let port = 0; port < this.ports; port++) {
      const end = this.ends[port]!;
      end.expire(now);
      if (end.ready) this.#ready.mark(port);
      this.#wakes(port);
    }
  }

  #wakes(port: number): void {
    const at = this.ends[port]!.wakeAt();
    if (at < this.#refreshAt) this.#refreshAt = at;
  }

  takeReady(): number {
    return this.#ready.take();
  }

  // hot
  transmit(now: Nanos, port: number): number {
    const end = this.ends[port]!;
    const slot = end.take(now);
    this.#wakes(port);
    if (slot < 0 || end.takenLane < 0) return slot;
    // `taken` says where the packet came in, and on which lane: that is where its room is free now.
    const ingress = Math.floor(end.taken / SERVICE_LEVELS);
    if (ingress < this.ports) {
      this.ends[ingress]!.leave(end.taken % SERVICE_LEVELS, this.pool.length(slot));
      if (this.ends[ingress]!.ready) this.#ready.mark(ingress);
    }
    return slot;
  }

  // hot
  #forward(now: Nanos, ingress: number, slot: number): void {
    const { pool } = this;
    const b = pool.bytes(slot);
    const at = pool.at(slot);
    const lane = LRH.get.vl(b, at);
    const target = LRH.get.dlid(b, at);
    const managed = lane === VL15 && (target === PERMISSIVE || this.forwarding[target] === 0);
    if (target >= FIRST_MULTICAST && !managed) return this.#drop(slot, ingress, lane, 'multicast');
    const out = managed ? this.#managed(now, ingress, slot) : this.forwarding[target]!;
    if (managed && out === 0) return this.#drop(slot, ingress, lane, 'no agent');
    if (out === 0 || out > this.ports) return this.#drop(slot, ingress, lane, 'no route');
    if (out - 1 === ingress && !managed) return this.#drop(slot, ingress, lane, 'same port');
    const next = lane === VL15 ? VL15 : this.slToVl[LRH.get.sl(b, at)]!;
    if (next === VL15 && lane !== VL15)
      return this.#drop(slot, ingress, lane, 'no lane for the service level');
    const end = this.ends[out - 1]!;
    const mark = next !== VL15 && end.queues[next]!.bytes >= this.#fecn && this.#mark(b, at);
    if (next !== lane) LRH.set.vl(b, at, next);
    if (next !== lane || mark || managed) sealVcrc(pool, slot);
    if (!end.queue(now, slot, ingress * SERVICE_LEVELS + lane))
      return this.#drop(slot, ingress, lane, 'management overflow');
    this.forwarded++;
    this.#wakes(out - 1);
    if (end.ready) this.#ready.mark(out - 1);
  }

  #managed(now: Nanos, ingress: number, slot: number): number {
    return this.agent?.manage(now, ingress + 1, slot) ?? 0;
  }

  /** Sends a management packet of the switch's own by `port` (from 1). */
  say(now: Nanos, port: number, slot: number): void {
    sealVcrc(this.pool, slot);
    if (!this.ends[port - 1]?.queue(now, slot, this.ports * SERVICE_LEVELS)) {
      this.pool.release(slot);
      return this.#count('management overflow');
    }
    this.#wakes(port - 1);
    this.#ready.mark(port - 1);
  }

  /** Marks the packet as having met congestion; the ICRC does not cover the bit. */
  #mark(b: Uint8Array, at: number): boolean {
    const lnh = LRH.get.lnh(b, at);
    const bth = lnh === LNH.local ? at + LRH.size : at + LRH.size + GRH.size;
    if (lnh !== LNH.local && lnh !== LNH.global) return false;
    BTH.set.fecn(b, bth, 1);
    this.marked++;
    return true;
  }

  #drop(slot: number, ingress: number, lane: number, why: IbSwitchDrop): void {
    const end = this.ends[ingress]!;
    end.leave(lane, this.pool.length(slot));
    if (end.ready) this.#ready.mark(ingress);
    this.#count(why);
    this.pool.release(slot);
  }

  #count(why: IbSwitchDrop): void {
    this.drops.set(why, (this.drops.get(why) ?? 0) + 1);
  }
}
