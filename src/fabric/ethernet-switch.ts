// An Ethernet switch: learns addresses, keeps VLANs apart, queues by priority in one shared buffer, marks
// congestion, and pauses senders of lossless priorities before their frames would be lost. Store and forward.

import type { FramePool, Station } from '../frame/index.js';
import { Classified, type Trust } from '../nic/index.js';
import { type Alarm, type Nanos, type Random, soonestOf } from '../time/index.js';
import { MacTable } from './mac-table.js';
import { type BufferDrop, type BufferOptions, SharedBuffer } from './shared-buffer.js';

export interface SwitchOptions extends BufferOptions {
  readonly ports: number;
  readonly trust?: Trust;
  /** Priority of each DSCP; its three high bits unless given. */
  readonly dscpPriority?: Uint8Array;
  /** VLAN of untagged frames by port; 1 unless given. */
  readonly portVlan?: readonly number[];
  /** VLANs that a port takes part in; all unless given. */
  readonly members?: readonly (readonly number[] | undefined)[];
}

/** Why a switch dropped a frame. */
export type SwitchDrop = 'too short' | 'not a member' | 'same port' | BufferDrop;

/** A learning switch with VLANs, a shared buffer, priorities, ECN and PFC. */
export class EthernetSwitch implements Station {
  readonly ports: number;
  readonly cutsThrough: boolean;
  readonly drops = new Map<SwitchDrop, number>();
  readonly table = new MacTable();
  readonly buffer: SharedBuffer;
  readonly #frame: Classified;

  constructor(
    readonly name: string,
    readonly pool: FramePool,
    readonly options: SwitchOptions,
    readonly random: Random,
  ) {
    this.ports = options.ports;
    this.cutsThrough = options.cutThrough ?? false;
    const count = (why: BufferDrop) => this.#count(why);
    this.buffer = new SharedBuffer(pool, options.ports, options, random, count);
    this.#frame = new Classified(options.trust, options.dscpPriority);
  }

  /** Bytes in the shared buffer. */
  get buffered(): number {
    return this.buffer.bytes;
  }

  /** Frames marked, over all ports. */
  get marked(): number {
    return this.buffer.marked;
  }

  /** Pause frames sent that asked to stop, over all ports. */
  get pausesSent(): number {
    return this.buffer.pausesSent;
  }

  // hot
  receive(now: Nanos, port: number, slot: number): void {
    if (this.buffer.controls(slot)) this.buffer.paused(now, port, slot);
    else this.#forward(now, port, slot);
  }

  // hot
  latencyOf(slot: number): number {
    return this.buffer.latencyOf(slot);
  }

  // hot
  soonest(alarm: Alarm): void {
    this.buffer.soonest(alarm);
  }

  wakeAt(): Nanos {
    return soonestOf(this.buffer);
  }

  expire(now: Nanos): void {
    this.buffer.resume(now);
  }

  takeReady(): number {
    return this.buffer.takeReady();
  }

  waits(port: number): boolean {
    return this.buffer.waits(port);
  }

  transmit(now: Nanos, port: number): number {
    return this.buffer.transmit(now, port);
  }

  // hot
  #forward(now: Nanos, ingress: number, slot: number): void {
    const { pool, options } = this;
    const at = pool.at(slot);
    const frame = this.#frame;
    if (!frame.read(pool.bytes(slot), at, at + pool.length(slot)))
      return this.#drop(slot, 'too short');
    const vlan = frame.vlan > 0 ? frame.vlan : (options.portVlan?.[ingress] ?? 1);
    if (!this.#member(ingress, vlan)) return this.#drop(slot, 'not a member');
    this.table.learn(now, vlan, frame.sourceHigh, frame.sourceLow, ingress);
    const port = frame.group ? -1 : this.table.port(now, vlan, frame.targetHigh, frame.targetLow);
    if (port === ingress) return this.#drop(slot, 'same port');
    if (port >= 0) return this.buffer.enqueue(now, ingress, port, slot, frame);
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
        else this.buffer.enqueue(now, ingress, last, copy, this.#frame);
      }
      last = port;
    }
    if (last >= 0) this.buffer.enqueue(now, ingress, last, slot, this.#frame);
    else this.#drop(slot, 'same port');
  }

  #drop(slot: number, why: SwitchDrop): void {
    this.#count(why);
    this.pool.drop(slot, why);
  }

  #count(why: SwitchDrop): void {
    this.drops.set(why, (this.drops.get(why) ?? 0) + 1);
  }
}
