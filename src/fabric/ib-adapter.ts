// The link side of a channel adapter: puts a device that knows nothing of credits behind an InfiniBand port, which
// keeps its packets until the link has credits for them and closes them with their VCRC.

import { LRH } from '../../protocols/index.js';
import type { FramePool, Station } from '../frame/index.js';
import type { Nanos } from '../time/index.js';
import { IbPort, type IbPortDrop, type IbPortOptions, sealVcrc, VL15 } from './ib-port.js';

/** Packets fetched from the device ahead of the wire, a lane: enough that lanes do not wait for each other. */
const AHEAD = 2;

export interface IbAdapterOptions extends IbPortOptions {
  /** Lane of each of the 16 service levels; the level modulo the lanes unless given. */
  readonly slToVl?: readonly number[];
}

export class IbAdapter implements Station {
  readonly name: string;
  readonly ports = 1;
  readonly drops = new Map<IbPortDrop | 'management overflow', number>();
  readonly end: IbPort;
  #told = false;

  constructor(
    readonly device: Station,
    readonly pool: FramePool,
    readonly options: IbAdapterOptions,
  ) {
    this.name = device.name;
    this.end = new IbPort(pool, options);
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
    this.device.receive(now, 0, slot);
    end.leave(lane, length); // the device has taken it out of the buffer
  }

  wakeAt(): Nanos {
    const device = this.device.wakeAt();
    const link = this.end.wakeAt();
    return device < link ? device : link;
  }

  expire(now: Nanos): void {
    if (this.device.wakeAt() <= now) this.device.expire(now);
    this.end.expire(now);
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
    this.#fetch(now);
    return this.end.take(now);
  }

  #fetch(now: Nanos): void {
    const { pool, end, device } = this;
    for (let i = 0; i < AHEAD * end.lanes && this.#room(); i++) {
      const slot = device.transmit(now, 0);
      if (slot < 0) return;
      const b = pool.bytes(slot);
      const at = pool.at(slot);
      if (LRH.get.vl(b, at) !== VL15) LRH.set.vl(b, at, this.#lane(LRH.get.sl(b, at)));
      sealVcrc(pool, slot);
      if (!end.queue(now, slot, 0)) {
        pool.release(slot);
        this.#count('management overflow');
      }
    }
  }

  /** The device gives packets in its own order: when one lane is full, the others wait too. */
  #room(): boolean {
    for (const { count } of this.end.queues) if (count >= AHEAD) return false;
    return true;
  }

  #lane(level: number): number {
    const lane = this.options.slToVl?.[level] ?? level % this.end.lanes;
    return lane < this.end.lanes ? lane : this.end.lanes - 1;
  }

  #count(why: IbPortDrop | 'management overflow'): void {
    this.drops.set(why, (this.drops.get(why) ?? 0) + 1);
  }
}
