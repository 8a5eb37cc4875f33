// An InfiniBand switch (IBA 18): forwards by the destination LID, maps service levels to virtual lanes, and gives
// credits back when packets have left. A packet stays in the buffer of the port where it came in until it is sent, so
// that what is full behind the switch stops senders in front of it instead of losing packets.

import { BTH, GRH, LRH } from '../../protocols/index.js';
import { type FramePool, ReadyPorts, SlotQueue, type Station } from '../frame/index.js';
import type { LaneMap, SwitchTables } from '../subnet/index.js';
import { earlier, type Nanos, NEVER } from '../time/index.js';
import { laneMap } from './ib-lanes.js';
import { MulticastTable, type OutputSet } from './ib-multicast.js';
import { IbPort, type IbPortDrop, type IbPortOptions, LINK, sealVcrc, VL15 } from './ib-port.js';

export interface IbSwitchOptions extends IbPortOptions {
  /** External ports, numbered from 1 in InfiniBand and from 0 as ports of the station. */
  readonly ports: number;
  /** From a packet's last bit to its queue; 200 ns unless given. */
  readonly latencyNs?: number;
  /** Packets leave while they still come in; unless told otherwise they do. */
  readonly cutThrough?: boolean;
  /** Lane of each of the 16 service levels until a manager says otherwise; the level modulo the lanes unless given. 15 drops. */
  readonly slToVl?: readonly number[];
  /** Bytes in an output queue from which on packets are marked FECN (IBA A10); none are unless given. */
  readonly fecnBytes?: number;
  /** PortInfo:HOQLife of all ports; without end unless given. */
  readonly hoqLife?: number;
}

export type IbSwitchDrop =
  | IbPortDrop
  | 'no route'
  | 'same port'
  | 'no lane for the service level'
  | 'not a member'
  | 'no frame slot'
  | 'link down'
  | 'head of queue lifetime'
  | 'management overflow'
  | 'no agent';

/** Treats management packets that are for the switch or go through it by a directed route. */
export interface SwitchAgent {
  /** Port (from 1) by which the packet in `slot` goes on, 0 to drop it, or `ENDS_HERE`. May change its bytes. */
  manage(now: Nanos, port: number, slot: number): number;
  /** The link of a port went down or came up. */
  linkChanged(now: Nanos): void;
  wakeAt(): Nanos;
  expire(now: Nanos): void;
}

/** What an agent answers of a packet that was for the switch and wants no answer. */
export const ENDS_HERE = -1;

const DEFAULT_LATENCY = 200;
const SERVICE_LEVELS = 16;
/** LIDs (IBA 4.1.3): unicast up to bfffh, multicast up to fffeh, permissive ffffh. */
const FIRST_MULTICAST = 0xc000;
const PERMISSIVE = 0xffff;
/** Entry of a forwarding table that leads nowhere (IBA 14.2.5.10). */
export const NO_PORT = 255;
/** LRH.LNH of packets with a BTH: behind the LRH, and behind a GRH. */
const LNH = { local: 2, global: 3 } as const;

/** An InfiniBand switch: forwards by LID, with credits, and loses nothing to congestion. */
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
  readonly lanes: LaneMap;
  readonly multicast: MulticastTable;
  readonly #ready: ReadyPorts;
  readonly #pipe = new SlotQueue();
  readonly #pipePort = new SlotQueue();
  readonly #latency: number;
  readonly cutsThrough: boolean;
  readonly #fecn: number;
  #refreshAt: Nanos = NEVER;

  constructor(
    readonly name: string,
    readonly pool: FramePool,
    readonly options: IbSwitchOptions,
  ) {
    this.ports = options.ports;
    this.ends = Array.from({ length: options.ports }, () => new IbPort(pool, options));
    if (options.hoqLife !== undefined) for (const end of this.ends) end.limitHeads(options.hoqLife);
    this.multicast = new MulticastTable(options.ports);
    this.#ready = new ReadyPorts(options.ports);
    for (let port = 0; port < options.ports; port++) this.#ready.mark(port);
    this.#latency = options.latencyNs ?? DEFAULT_LATENCY;
    this.cutsThrough = options.cutThrough ?? true;
    this.#fecn = options.fecnBytes ?? Number.POSITIVE_INFINITY;
    const { lanes } = this.ends[0]!;
    this.lanes = laneMap(name, options.ports, lanes, options.slToVl);
  }

  /** What a subnet manager programs. */
  get tables(): SwitchTables {
    const { forwarding, multicast } = this;
    return { forwarding, multicast: multicast.masks, multicastWords: multicast.words };
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
    const own = (piped < this.#refreshAt ? piped : this.#refreshAt) as Nanos;
    return this.agent ? earlier(own, this.agent.wakeAt()) : own;
  }

  // hot
  expire(now: Nanos): void {
    while (this.#pipe.count > 0 && this.#pipe.firstExtra <= now) {
      this.#forward(now, this.#pipePort.take(0), this.#pipe.take(0));
    }
    if (this.agent && this.agent.wakeAt() <= now) this.agent.expire(now);
    if (this.#refreshAt > now) return;
    this.#refreshAt = NEVER;
    for (let port = 0; port < this.ports; port++) {
      const end = this.ends[port]!;
      end.expire(now);
      for (let slot = end.overdue(now); slot >= 0; slot = end.overdue(now)) {
        this.#left(end.taken, slot);
        this.#count('head of queue lifetime');
        this.pool.drop(slot, 'head of queue lifetime');
      }
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
    if (slot >= 0 && end.takenLane >= 0) this.#left(end.taken, slot);
    return slot;
  }

  /** `taken` says where the packet came in, and on which lane: that is where its room is free now. */
  // hot
  #left(taken: number, slot: number): void {
    const ingress = Math.floor(taken / SERVICE_LEVELS);
    // Of several copies of a multicast packet the last one frees the room.
    if (ingress > this.ports) {
      const copies = this.multicast.left(taken - this.#firstCopy);
      if (copies >= 0) this.#left(copies, slot);
      return;
    }
    if (ingress === this.ports) return; // our own
    this.ends[ingress]!.leave(taken % SERVICE_LEVELS, this.pool.length(slot));
    if (this.ends[ingress]!.ready) this.#ready.mark(ingress);
  }

  /** Above the numbers that say a port and a lane. */
  get #firstCopy(): number {
    return (this.ports + 1) * SERVICE_LEVELS;
  }

  /** The link of `port` went down: what waits for it is lost, lest it stops others. Or it came up. */
  linkChanged(now: Nanos, port: number, up: boolean): void {
    const end = this.ends[port]!;
    if (up) {
      end.restart();
      end.state = this.agent ? LINK.initialize : LINK.active;
      this.#ready.mark(port);
    } else {
      end.state = LINK.down;
      for (let slot = end.abandon(); slot >= 0; slot = end.abandon()) {
        this.#left(end.taken, slot);
        this.#count('link down');
        this.pool.drop(slot, 'link down');
      }
    }
    this.agent?.linkChanged(now);
  }

  // hot
  #forward(now: Nanos, ingress: number, slot: number): void {
    const { pool } = this;
    const b = pool.bytes(slot);
    const at = pool.at(slot);
    const lane = LRH.get.vl(b, at);
    const target = LRH.get.dlid(b, at);
    const managed = lane === VL15 && (target === PERMISSIVE || this.forwarding[target] === 0);
    if (target >= FIRST_MULTICAST && !managed)
      return this.#spread(now, ingress, slot, lane, target);
    const out = managed ? this.#managed(now, ingress, slot) : this.forwarding[target]!;
    if (managed && out === 0) return this.#drop(slot, ingress, lane, 'no agent');
    if (out === ENDS_HERE) return pool.release(slot);
    if (out === 0 || out > this.ports) return this.#drop(slot, ingress, lane, 'no route');
    if (out - 1 === ingress && !managed) return this.#drop(slot, ingress, lane, 'same port');
    const origin = ingress * SERVICE_LEVELS + lane;
    const why = this.#put(now, slot, lane, ingress, out - 1, origin, managed);
    if (why !== '') this.#drop(slot, ingress, lane, why);
  }

  /** Puts the packet into the queue of an output port (from 0), or says why it cannot. */
  // hot
  #put(
    now: Nanos,
    slot: number,
    lane: number,
    ingress: number,
    out: number,
    origin: number,
    managed: boolean,
  ): IbSwitchDrop | '' {
    const { pool } = this;
    const b = pool.bytes(slot);
    const at = pool.at(slot);
    const end = this.ends[out]!;
    const next = lane === VL15 ? VL15 : this.lanes.lane(ingress + 1, out + 1, LRH.get.sl(b, at));
    if (next >= end.lanes && lane !== VL15) return 'no lane for the service level';
    if (end.state === LINK.down || (next !== VL15 && end.state < LINK.armed)) return 'link down';
    const mark = next !== VL15 && end.queues[next]!.bytes >= this.#fecn && this.#mark(b, at);
    if (next !== lane) LRH.set.vl(b, at, next);
    if (next !== lane || mark || managed) sealVcrc(pool, slot);
    if (!end.queue(now, slot, origin)) return 'management overflow';
    this.forwarded++;
    this.#wakes(out);
    if (end.ready) this.#ready.mark(out);
    return '';
  }

  /** A copy of a multicast packet for each port of its group but the one where it came in. */
  #spread(now: Nanos, ingress: number, slot: number, lane: number, target: number): void {
    const { multicast, pool } = this;
    const outputs: OutputSet = multicast.outputs(target - FIRST_MULTICAST, ingress);
    if (outputs.count === 0) return this.#drop(slot, ingress, lane, 'not a member');
    const origin = ingress * SERVICE_LEVELS + lane;
    const copies = multicast.open(origin);
    for (let i = 0; i < outputs.count; i++) {
      const twin = pool.clone(slot);
      const why =
        twin < 0
          ? 'no frame slot'
          : this.#put(now, twin, lane, ingress, outputs.ports[i]!, this.#firstCopy + copies, false);
      if (why === '') multicast.add(copies);
      else {
        this.#count(why);
        if (twin >= 0) pool.drop(twin, why);
      }
    }
    // The original is the copy that nobody gets: its room is free when all others have left.
    if (multicast.left(copies) >= 0) this.#left(origin, slot);
    pool.release(slot);
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
    this.pool.drop(slot, why);
  }

  #count(why: IbSwitchDrop): void {
    this.drops.set(why, (this.drops.get(why) ?? 0) + 1);
  }
}
