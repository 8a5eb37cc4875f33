// The driver's side of one receive queue of the Ethernet card: buffers written into the ring, completions read.

import { asInt } from '../../protocols/core/serial.js';
import type { Cores } from '../cpu/index.js';
import type { PhysicalMemory } from '../memory/index.js';
import type { Nanos } from '../time/index.js';
import { type Arrival, MOST_MERGED } from './arrival.js';
import type { ReceiveSide } from './card.js';
import { Completion, RxDescriptor } from './descriptor.js';
import type { EthernetNic } from './ethernet-nic.js';
import type { PacketView } from './packet-view.js';
import { WORD_SPAN } from './ring.js';
import type { TransmitRing } from './transmit-ring.js';

const { get } = Completion;
const { set } = RxDescriptor;

export class ReceiveRing implements ReceiveSide {
  readonly entries: number;
  readonly #addresses: Float64Array;
  readonly #blocks: Int32Array;
  #posted = 0;
  #seen = 0;

  constructor(
    readonly nic: EthernetNic,
    readonly queue: number,
    readonly memory: PhysicalMemory,
    readonly cores: Cores,
    readonly sent: TransmitRing,
  ) {
    this.entries = nic.receiveQueues[queue]!.ring.entries;
    this.#addresses = new Float64Array(this.entries);
    this.#blocks = new Int32Array(this.entries);
  }

  get outstanding(): number {
    return this.#posted - this.#seen;
  }

  // hot
  get arrived(): boolean {
    const { ring } = this.nic.receiveQueues[this.queue]!.completions;
    // Of a packet that the card has merged, all of it.
    for (let i = this.#seen; get.lap(ring.bytes, ring.at(i)) === ring.lap(i); i++)
      if (get.more(ring.bytes, ring.at(i)) === 0) return true;
    return false;
  }

  // hot
  post(address: number, length: number, block: number): void {
    const { ring } = this.nic.receiveQueues[this.queue]!;
    const at = ring.at(this.#posted);
    set.addressLow(ring.bytes, at, address % WORD_SPAN);
    set.addressHigh(ring.bytes, at, Math.floor(address / WORD_SPAN));
    set.length(ring.bytes, at, length);
    const place = this.#posted % this.entries;
    this.#addresses[place] = address;
    this.#blocks[place] = block;
    this.#posted++;
  }

  // hot
  ring(now: Nanos, core: number): void {
    this.nic.ringReceive(now, this.queue, this.#posted, this.cores.cores[core]!.actor);
  }

  // hot
  take(into: Arrival, view: PacketView): number {
    const queue = this.nic.receiveQueues[this.queue]!;
    const { ring } = queue.completions;
    const at = ring.at(this.#seen);
    const length = get.length(ring.bytes, at);
    const index = get.index(ring.bytes, at);
    const address = this.#addresses[index]!;
    const b = this.memory.locate(address);
    const from = this.memory.at;
    const more = get.more(ring.bytes, at) !== 0;
    // The header of a merged packet counts what lies in other buffers too.
    view.read(b, from, from + (more ? MOST_MERGED : length));
    const whole = more || view.version === 0 ? length : view.end - from;
    into.begin(b, from, whole, address, this.#blocks[index]!);
    into.hash = asInt(get.hash(ring.bytes, at));
    into.checked = get.checked(ring.bytes, at) !== 0;
    into.stamp = queue.stamps[index]!;
    this.#seen++;
    if (!more) return length;
    into.unit = length - (view.textAt - view.at);
    return length + this.#rest(into);
  }

  /** The other buffers of a packet that the card has merged, which hold text alone; their bytes. */
  // hot
  #rest(into: Arrival): number {
    const { ring } = this.nic.receiveQueues[this.queue]!.completions;
    let total = 0;
    for (let more = true; more; this.#seen++) {
      const at = ring.at(this.#seen);
      const length = get.length(ring.bytes, at);
      const index = get.index(ring.bytes, at);
      into.merge(length, this.#addresses[index]!, this.#blocks[index]!);
      total += length;
      more = get.more(ring.bytes, at) !== 0;
    }
    return total;
  }

  arm(now: Nanos): boolean {
    const received = this.nic.receiveQueues[this.queue]!.completions.landed - this.#seen;
    this.nic.arm(now, this.queue, received, this.sent.unseen);
    return false;
  }

  disarm(): void {
    this.nic.moderation[this.queue]!.disarm();
  }

  moderate(us: number, frames: number): void {
    const moderation = this.nic.moderation[this.queue]!;
    moderation.us = us;
    moderation.frames = frames;
  }
}
