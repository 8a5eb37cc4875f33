// The guest's driver of a virtio-net device, as a card of its kernel (Linux's virtio_net.c): frames that are sent stand behind a
// header in one buffer each, buffers for frames that come are filled by the device, several for a large frame.

import {
  type Arrival,
  type Keeper,
  type NetCard,
  PacketView,
  type ReceiveSide,
  Steering,
  type TransmitSide,
} from '../../kernel/index.js';
import { type Nanos, NEVER } from '../../time/index.js';
import { Chain } from './chain.js';
import type { NetCommands } from './net-commands.js';
import type { VirtioNet } from './net-device.js';
import { NET_HEADER_BYTES, NetOffload } from './net-header.js';
import type { PciDriver } from './pci-driver.js';
import type { DriverQueue } from './queue.js';

const PAGE = 4096;
/** Room of each header. */
const HEADER_ROOM = 16;

interface Sent {
  readonly keepers: Keeper[];
  readonly blocks: number[];
  bytes: number;
}

export class VirtioNetCard implements NetCard {
  readonly ports = 1;
  readonly name: string;
  readonly steering = new Steering(1);
  receivedBytes = 0;
  readonly transmitSides: readonly [VirtioTransmit];
  readonly receiveSides: readonly [VirtioReceive];
  /** The device has been told that the driver is ready. */
  isReady = false;
  /** Where the device has a control queue. */
  commands: NetCommands | undefined;
  readonly #bus: PciDriver;

  constructor(
    readonly device: VirtioNet,
    bus: PciDriver,
    transmit: DriverQueue,
    receive: DriverQueue,
  ) {
    this.name = device.name;
    this.#bus = bus;
    this.transmitSides = [new VirtioTransmit(this, transmit)];
    this.receiveSides = [new VirtioReceive(this, receive)];
  }

  /** As work of a core of the guest, which leaves it. */
  // hot
  kick(now: Nanos, core: number, queue: DriverQueue): void {
    if (this.isReady) this.#bus.kickFromInterrupt(now, core, queue);
  }

  // NetCard: frames come and go through the guest's memory.

  receive(): void {}

  takeReady(): number {
    return -1;
  }

  transmit(): number {
    return -1;
  }

  wakeAt(): Nanos {
    return NEVER;
  }

  expire(): void {}
}

export class VirtioTransmit implements TransmitSide {
  waitingBytes = 0;
  stopped = false;
  hasNews = false;
  readonly #card: VirtioNetCard;
  readonly #queue: DriverQueue;
  readonly #chain = new Chain();
  readonly #headers: number;
  readonly #free: number[];
  readonly #sent: (Sent | null)[];
  readonly #offload = new NetOffload();
  readonly #view = new PacketView();
  #next: Sent = { keepers: [], blocks: [], bytes: 0 };
  #token = 0;
  #done = -1;

  constructor(card: VirtioNetCard, queue: DriverQueue) {
    this.#card = card;
    this.#queue = queue;
    const { memory } = card.device.vm;
    const pages = Math.ceil((queue.size * HEADER_ROOM) / PAGE);
    this.#headers = memory.allocate(PAGE, pages, 0, 'virtio-net headers');
    this.#free = Array.from({ length: queue.size }, (_, i) => i).reverse();
    this.#sent = new Array<Sent | null>(queue.size).fill(null);
  }

  get room(): number {
    return this.#free.length;
  }

  // hot
  begin(mss: number, headerLength: number, sums: boolean): void {
    this.#token = this.#free.at(-1)!;
    this.#offload.unit = mss;
    this.#offload.headerLength = headerLength;
    this.#offload.partial = sums;
    this.#next = { keepers: [], blocks: [], bytes: 0 };
    const at = this.#headers + this.#token * HEADER_ROOM;
    this.#chain.clear().read(at, NET_HEADER_BYTES);
  }

  // hot
  piece(address: number, length: number, keeper: Keeper, block: number): void {
    keeper.hold(block);
    this.#next.keepers.push(keeper);
    this.#next.blocks.push(block);
    this.#chain.read(address, length);
  }

  // hot
  end(bytes: number): void {
    const { memory } = this.#card.device.vm;
    const chain = this.#chain;
    const frame = memory.locate(chain.addresses[1]!);
    const { at } = memory;
    this.#view.read(frame, at, Number.POSITIVE_INFINITY);
    const { version, transportAt, isTcp } = this.#view;
    if (!isTcp) this.#offload.partial = false;
    const header = memory.locate(chain.addresses[0]!);
    this.#offload.write(header, memory.at, version, transportAt - at);
    if (!this.#queue.add(chain, this.#token)) return this.#release(this.#next);
    this.#free.pop();
    this.#next.bytes = bytes;
    this.waitingBytes += bytes;
    this.#sent[this.#token] = this.#next;
    this.hasNews = true;
  }

  #release({ keepers, blocks }: Sent): void {
    for (let i = 0; i < blocks.length; i++) keepers[i]!.release(blocks[i]!);
  }

  // hot
  ring(now: Nanos, core: number): void {
    if (!this.hasNews) return;
    this.hasNews = false;
    this.#card.kick(now, core, this.#queue);
  }

  // hot
  get hasCompletion(): boolean {
    if (this.#done < 0 && this.#queue.take() === 'chain') this.#done = this.#queue.token;
    return this.#done >= 0;
  }

  // hot
  clean(): void {
    const token = this.#done;
    this.#done = -1;
    const sent = this.#sent[token];
    if (!sent) return;
    this.#sent[token] = null;
    this.#free.push(token);
    this.waitingBytes -= sent.bytes;
    this.#release(sent);
  }

  /** To be told when most of what was sent is through (virtqueue_enable_cb_delayed). */
  arm(): boolean {
    return this.#queue.arm(Math.floor((this.#queue.outstanding * 3) / 4));
  }

  disarm(): void {
    this.#queue.disarm();
  }
}

export class VirtioReceive implements ReceiveSide {
  readonly entries: number;
  readonly #card: VirtioNetCard;
  readonly #queue: DriverQueue;
  readonly #chain = new Chain();
  readonly #addresses: Float64Array;
  readonly #blocks: Int32Array;
  readonly #free: number[];
  readonly #offload = new NetOffload();
  /** The next buffer that was looked at: its place, and bytes in it. */
  #place = -1;
  #bytes = 0;

  constructor(card: VirtioNetCard, queue: DriverQueue) {
    this.#card = card;
    this.#queue = queue;
    this.entries = queue.size;
    this.#addresses = new Float64Array(queue.size);
    this.#blocks = new Int32Array(queue.size);
    this.#free = Array.from({ length: queue.size }, (_, i) => i).reverse();
  }

  get outstanding(): number {
    return this.entries - this.#free.length;
  }

  // hot
  get arrived(): boolean {
    if (this.#place >= 0) return true;
    if (this.#queue.take() !== 'chain') return false;
    this.#place = this.#queue.token;
    this.#bytes = this.#queue.written;
    return true;
  }

  // hot
  post(address: number, length: number, block: number): void {
    const place = this.#free.pop()!;
    this.#addresses[place] = address;
    this.#blocks[place] = block;
    this.#queue.add(this.#chain.clear().write(address, length), place);
  }

  // hot
  ring(now: Nanos, core: number): void {
    this.#card.kick(now, core, this.#queue);
  }

  // hot
  take(into: Arrival, view: PacketView): number {
    const { memory } = this.#card.device.vm;
    const { steering } = this.#card;
    const address = this.#addresses[this.#place]!;
    const b = memory.locate(address);
    const offload = this.#offload.read(b, memory.at);
    const from = memory.at + NET_HEADER_BYTES;
    const first = this.#bytes - NET_HEADER_BYTES;
    const block = this.#next();
    // A frame of several buffers is longer than the first: what its IP header says counts.
    view.read(b, from, offload.buffers > 1 ? Number.POSITIVE_INFINITY : from + first);
    const whole = view.version === 0 ? first : Math.min(first, view.end - from);
    into.begin(b, from, whole, address + NET_HEADER_BYTES, block);
    for (let i = 1; i < offload.buffers && this.arrived && !into.full; i++) {
      const bytes = this.#bytes;
      const more = this.#addresses[this.#place]!;
      into.merge(bytes, more, this.#next());
    }
    into.unit = offload.unit;
    into.checked = offload.valid || offload.partial;
    into.hash = steering.toeplitz.hash(b, view);
    this.#card.receivedBytes += into.length;
    into.stamp = this.#card.receivedBytes;
    return into.length;
  }

  /** The buffer was looked at: its block, which is the frame's from now on. */
  #next(): number {
    const place = this.#place;
    this.#free.push(place);
    this.#place = -1;
    return this.#blocks[place]!;
  }

  arm(): boolean {
    const [transmit] = this.#card.transmitSides;
    const any = this.#queue.arm() || this.arrived || transmit.arm() || transmit.hasCompletion;
    if (any) this.disarm();
    return any;
  }

  disarm(): void {
    this.#queue.disarm();
    this.#card.transmitSides[0].disarm();
  }

  /** The device has no such thing. */
  moderate(): void {}
}
