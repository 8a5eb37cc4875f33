// The link side of a channel adapter: puts a device that knows nothing of credits behind an InfiniBand port, which
// keeps its packets until the link has credits for them and closes them with their VCRC. With a GUID it is managed: its
// port waits for a subnet manager, which may be at this very port.

import { LRH } from '../../protocols/index.js';
import { type FramePool, SlotQueue, type Station } from '../frame/index.js';
import { type LaneMap, type PortView, type SubnetManager, viewOf } from '../subnet/index.js';
import { after, earlier, type Nanos, NEVER } from '../time/index.js';
import { laneMap } from './ib-lanes.js';
import { IbManagement } from './ib-management.js';
import { IbPort, type IbPortDrop, type IbPortOptions, LINK, sealVcrc, VL15 } from './ib-port.js';

/** Packets fetched from the device ahead of the wire, a lane: enough that lanes do not wait for each other. */
const AHEAD = 2;
/** From a packet of the device to the port itself until it is back; such packets do not leave the adapter. */
const LOOP_NS = 200;

export interface IbAdapterOptions extends IbPortOptions {
  /** Lane of each of the 16 service levels until a manager says otherwise; the level modulo the lanes unless given. */
  readonly slToVl?: readonly number[];
  /** GUID of the port, which makes it managed. */
  readonly guid?: bigint;
  /** The subnet manager, at one port of a subnet. */
  readonly manager?: SubnetManager;
}

/** A device that wants to know what the subnet manager said of its port. */
export interface ManagedDevice extends Station {
  portChanged?(now: Nanos, view: PortView): void;
}

export type IbAdapterDrop =
  | IbPortDrop
  | 'management overflow'
  | 'no lane for the service level'
  | 'link down';

export class IbAdapter implements Station {
  readonly name: string;
  readonly ports = 1;
  readonly drops = new Map<IbAdapterDrop, number>();
  readonly end: IbPort;
  readonly lanes: LaneMap;
  readonly management: IbManagement | undefined;
  readonly #loop = new SlotQueue();
  #version = -1;
  #state: number;
  #told = false;

  constructor(
    readonly device: ManagedDevice,
    readonly pool: FramePool,
    readonly options: IbAdapterOptions,
  ) {
    this.name = device.name;
    this.end = new IbPort(pool, options);
    this.lanes = laneMap(this.name, 0, this.end.lanes, options.slToVl);
    const { guid, manager } = options;
    if (guid !== undefined)
      this.management = new IbManagement(this.name, pool, this.end, guid, this.lanes, manager);
    this.#state = this.end.state;
  }

  // hot
  receive(now: Nanos, _port: number, slot: number): void {
    const { pool, end } = this;
    const verdict = end.accept(now, slot);
    this.#told = false;
    if (verdict === 'flow') return;
    if (verdict !== 'data') return this.#count(verdict);
    const lane = LRH.get.vl(pool.bytes(slot), pool.at(slot));
    const length = pool.length(slot);
    this.#deliver(now, slot);
    end.leave(lane, length); // the device has taken it out of the buffer
    this.#notice(now);
  }

  // hot
  #deliver(now: Nanos, slot: number): void {
    const { management } = this;
    if (!management) return this.device.receive(now, 0, slot);
    switch (management.receive(now, slot)) {
      case 'other':
        return this.device.receive(now, 0, slot);
      case 'answer':
        return this.#queue(now, slot);
    }
  }

  /** Tells the device when its port has changed. */
  // hot
  #notice(now: Nanos): void {
    const { management, end } = this;
    if (!management) return;
    const { port } = management;
    if (port.version === this.#version && end.state === this.#state) return;
    this.#version = port.version;
    this.#state = end.state;
    this.device.portChanged?.(now, viewOf(port));
  }

  linkChanged(now: Nanos, _port: number, up: boolean): void {
    const { end } = this;
    if (up) {
      end.restart();
      end.state = this.management ? LINK.initialize : LINK.active;
    } else {
      end.state = LINK.down;
      for (let slot = end.abandon(); slot >= 0; slot = end.abandon()) {
        this.pool.release(slot);
        this.#count('link down');
      }
    }
    this.#told = false;
    this.management?.linkChanged();
    this.#notice(now);
  }

  wakeAt(): Nanos {
    const looped = this.#loop.count > 0 ? (this.#loop.firstExtra as Nanos) : NEVER;
    const own = earlier(earlier(this.device.wakeAt(), this.end.wakeAt()), looped);
    const { manager } = this.options;
    return manager ? earlier(own, manager.wakeAt()) : own;
  }

  expire(now: Nanos): void {
    const { device, end } = this;
    const { manager } = this.options;
    if (device.wakeAt() <= now) device.expire(now);
    end.expire(now);
    if (manager && manager.wakeAt() <= now) manager.expire(now);
    while (this.#loop.count > 0 && this.#loop.firstExtra <= now)
      this.#deliver(now, this.#loop.take(0));
    this.#told = false;
  }

  takeReady(): number {
    const more = this.device.takeReady() >= 0;
    if (!more && this.#told) return -1;
    this.#told = true;
    return 0;
  }

  // hot
  transmit(now: Nanos, _port: number): number {
    if (this.options.manager) this.#manage(now);
    if (this.end.state === LINK.active) this.#fetch(now);
    return this.end.take(now);
  }

  /** Packets of the manager; those for this very port do not leave it. */
  #manage(now: Nanos): void {
    const { management, end, pool } = this;
    while (end.management.count < AHEAD) {
      const slot = management!.next(now);
      if (slot < 0) break;
      const b = pool.bytes(slot);
      const at = pool.at(slot);
      if (this.#isOwn(b, at)) this.#loopBack(now, slot);
      else {
        this.#queue(now, slot);
      }
    }
    this.#notice(now);
  }

  #isOwn(b: Uint8Array, at: number): boolean {
    const lid = this.management?.port.lid ?? 0;
    return lid !== 0 && LRH.get.dlid(b, at) === lid;
  }

  // hot
  #fetch(now: Nanos): void {
    const { pool, end, device } = this;
    for (let i = 0; i < AHEAD * end.lanes && this.#room(); i++) {
      const slot = device.transmit(now, 0);
      if (slot < 0) return;
      const b = pool.bytes(slot);
      const at = pool.at(slot);
      if (this.management && this.#isOwn(b, at)) this.#loopBack(now, slot);
      else this.#queue(now, slot);
    }
  }

  #loopBack(now: Nanos, slot: number): void {
    sealVcrc(this.pool, slot);
    this.#loop.put(slot, 0, after(now, LOOP_NS));
  }

  // hot
  #queue(now: Nanos, slot: number): void {
    const b = this.pool.bytes(slot);
    const at = this.pool.at(slot);
    if (LRH.get.vl(b, at) !== VL15) {
      const lane = this.lanes.lane(0, 0, LRH.get.sl(b, at));
      if (lane >= this.end.lanes) return this.#drop(slot, 'no lane for the service level');
      LRH.set.vl(b, at, lane);
    }
    sealVcrc(this.pool, slot);
    if (!this.end.queue(now, slot, 0)) this.#drop(slot, 'management overflow');
  }

  /** The device gives packets in its own order: when one lane is full, the others wait too. */
  #room(): boolean {
    for (const { count } of this.end.queues) if (count >= AHEAD) return false;
    return true;
  }

  #drop(slot: number, why: IbAdapterDrop): void {
    this.#count(why);
    this.pool.drop(slot, why);
  }

  #count(why: IbAdapterDrop): void {
    this.drops.set(why, (this.drops.get(why) ?? 0) + 1);
  }
}
