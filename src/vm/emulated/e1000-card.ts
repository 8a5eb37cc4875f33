// The guest's driver of an 8254x, as a card of its kernel (Linux's e1000): legacy descriptors, an interrupt whose handler reads its
// cause and masks it, polling, and the mask taken off again. Each access to a register is an exit.

import { TCP } from '../../../protocols/index.js';
import type { InterruptWork, Thread, Wait } from '../../cpu/index.js';
import {
  type Arrival,
  type Keeper,
  type Kernel,
  type NetCard,
  PacketView,
  type ReceiveSide,
  Steering,
  type TransmitSide,
} from '../../kernel/index.js';
import { setAddress, valueBytes } from '../../memory/physical-bytes.js';
import { type Nanos, NEVER } from '../../time/index.js';
import type { E1000 } from './e1000.js';
import {
  BUFFER_BYTES,
  Causes,
  ICR_AT,
  IMC_AT,
  IMS_AT,
  LEGACY_BYTES,
  RDT_AT,
  REGISTER_BYTES,
  RxLegacy,
  STATUS_AT,
  TDT_AT,
  TxLegacy,
} from './e1000-registers.js';
import { touchFromInterrupt } from './process.js';

const PAGE = 4096;
/** Entries of the rings: the kernel wants room for a packet that it cuts itself; Linux's default for the other. */
export const SEND_ENTRIES = 1024;
export const RECEIVE_ENTRIES = 256;
/** IMS_ENABLE_MASK of Linux. */
const WANTED = Causes.encode({ rxt0: 1, txdw: 1, rxdmt0: 1, rxseq: 1, lsc: 1 });
const ALL = new Uint8Array(REGISTER_BYTES).fill(0xff);
const VCPU = 0;

export class E1000Card implements NetCard {
  readonly ports = 1;
  readonly name: string;
  readonly steering = new Steering(1);
  receivedBytes = 0;
  readonly transmitSides: readonly [E1000Transmit];
  readonly receiveSides: readonly [E1000Receive];
  /** Set once the device is set up: registers are left alone before. */
  kernel: Kernel | null = null;

  constructor(readonly device: E1000) {
    this.name = device.name;
    this.transmitSides = [new E1000Transmit(this)];
    this.receiveSides = [new E1000Receive(this)];
  }

  /** A register is written by whoever has the core: a thread, or an interrupt's handler. */
  write(now: Nanos, core: number, offset: number, bytes: Uint8Array): void {
    if (this.kernel === null) return;
    const { device } = this;
    const act = (own: Thread): Generator<Wait, void, void> => device.write(own, offset, bytes);
    touchFromInterrupt(device.vm, now, core, device.profile.registerNs, act);
  }

  #read(now: Nanos, core: number, offset: number): void {
    const { device } = this;
    const into = new Uint8Array(REGISTER_BYTES);
    touchFromInterrupt(device.vm, now, core, device.profile.registerNs, () => {
      device.state.read(offset, into);
      return undefined;
    });
  }

  /** e1000_intr: the cause is read, which clears it; everything is masked, and the write is flushed; then the queue is polled. */
  handler(kernel: Kernel): InterruptWork {
    const { cores } = this.device.vm.guest;
    const next = (now: Nanos, work: InterruptWork) => cores.interrupt(now, VCPU, work);
    const polls: InterruptWork = {
      entryNs: 0,
      run: (now) => kernel.handlers[0]!.run(now),
      done: (now) => kernel.handlers[0]!.done?.(now),
    };
    const step = (act: (now: Nanos) => void, then: InterruptWork): InterruptWork => ({
      entryNs: 0,
      run: () => 0,
      done: (now) => {
        next(now, then);
        act(now);
      },
    });
    const flushes = step((now) => this.#read(now, VCPU, STATUS_AT), polls);
    const masks = step((now) => this.write(now, VCPU, IMC_AT, ALL), flushes);
    return {
      run: () => this.device.profile.handlerNs,
      done: (now) => {
        next(now, masks);
        this.#read(now, VCPU, ICR_AT);
      },
    };
  }

  /** e1000_irq_enable: the write, and a read that flushes it. */
  enable(): void {
    if (this.kernel === null) return;
    const { now } = this.kernel;
    const flush: InterruptWork = {
      entryNs: 0,
      run: () => 0,
      done: (at) => this.#read(at, VCPU, STATUS_AT),
    };
    this.device.vm.guest.cores.interrupt(now, VCPU, flush);
    this.write(now, VCPU, IMS_AT, WANTED);
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

/** A ring of legacy descriptors in the guest's memory. */
function newRing(card: E1000Card, entries: number, use: string): number {
  return card.device.vm.memory.allocate(PAGE, (entries * LEGACY_BYTES) / PAGE, 0, use);
}

export class E1000Transmit implements TransmitSide {
  readonly address: number;
  waitingBytes = 0;
  stopped = false;
  readonly #card: E1000Card;
  readonly #keepers: (Keeper | null)[] = new Array<Keeper | null>(SEND_ENTRIES).fill(null);
  readonly #blocks = new Int32Array(SEND_ENTRIES);
  readonly #bytes = new Float64Array(SEND_ENTRIES);
  readonly #view = new PacketView();
  #tail = 0;
  #told = 0;
  #cleaned = 0;
  #first = 0;
  #sums = false;

  constructor(card: E1000Card) {
    this.#card = card;
    this.address = newRing(card, SEND_ENTRIES, 'e1000 transmit ring');
  }

  get room(): number {
    return SEND_ENTRIES - 1 - (this.#tail - this.#cleaned);
  }

  get hasNews(): boolean {
    return this.#told !== this.#tail;
  }

  #at(counter: number): number {
    return this.address + (counter % SEND_ENTRIES) * LEGACY_BYTES;
  }

  begin(_mss: number, _headerLength: number, sums: boolean): void {
    this.#first = this.#tail;
    this.#sums = sums;
  }

  piece(address: number, length: number, keeper: Keeper, block: number): void {
    const { memory } = this.#card.device.vm;
    const b = memory.locate(this.#at(this.#tail));
    const { at } = memory;
    b.fill(0, at, at + LEGACY_BYTES);
    setAddress(b, at + TxLegacy.at.address, address);
    TxLegacy.set.length(b, at, length);
    keeper.hold(block);
    const place = this.#tail % SEND_ENTRIES;
    this.#keepers[place] = keeper;
    this.#blocks[place] = block;
    this.#bytes[place] = 0;
    if (this.#tail === this.#first) this.#look(address);
    this.#tail++;
  }

  /** Where the checksum of the frame is, by its headers. */
  #look(address: number): void {
    const { memory } = this.#card.device.vm;
    const b = memory.locate(address);
    this.#view.read(b, memory.at, Number.POSITIVE_INFINITY);
  }

  end(bytes: number): void {
    const { memory } = this.#card.device.vm;
    const b = memory.locate(this.#at(this.#tail - 1));
    const { at } = memory;
    TxLegacy.set.eop(b, at, 1);
    TxLegacy.set.ifcs(b, at, 1);
    TxLegacy.set.rs(b, at, 1);
    const { isTcp, transportAt, at: frameAt } = this.#view;
    if (this.#sums && isTcp) {
      TxLegacy.set.ic(b, at, 1);
      TxLegacy.set.css(b, at, transportAt - frameAt);
      TxLegacy.set.cso(b, at, transportAt - frameAt + TCP.at.checksum);
    }
    this.#bytes[(this.#tail - 1) % SEND_ENTRIES] = bytes;
    this.waitingBytes += bytes;
  }

  ring(now: Nanos, core: number): void {
    if (this.#told === this.#tail) return;
    this.#told = this.#tail;
    this.#card.write(now, core, TDT_AT, valueBytes(this.#tail % SEND_ENTRIES));
  }

  get hasCompletion(): boolean {
    return this.#cleaned < this.#tail && this.#isDone();
  }

  /** The next frame's last descriptor, which alone reports, is written back. */
  #isDone(): boolean {
    const { memory } = this.#card.device.vm;
    for (let i = this.#cleaned; i < this.#tail; i++) {
      const b = memory.locate(this.#at(i));
      if (TxLegacy.get.eop(b, memory.at) !== 0) return TxLegacy.get.dd(b, memory.at) !== 0;
    }
    return false;
  }

  clean(): void {
    for (let isLast = false; !isLast; this.#cleaned++) {
      const place = this.#cleaned % SEND_ENTRIES;
      isLast = this.#bytes[place]! > 0;
      this.waitingBytes -= this.#bytes[place]!;
      this.#keepers[place]!.release(this.#blocks[place]!);
      this.#keepers[place] = null;
    }
  }
}

export class E1000Receive implements ReceiveSide {
  readonly entries = RECEIVE_ENTRIES;
  readonly address: number;
  readonly #card: E1000Card;
  readonly #addresses = new Float64Array(RECEIVE_ENTRIES);
  readonly #blocks = new Int32Array(RECEIVE_ENTRIES);
  #posted = 0;
  #seen = 0;

  constructor(card: E1000Card) {
    this.#card = card;
    this.address = newRing(card, RECEIVE_ENTRIES, 'e1000 receive ring');
  }

  get outstanding(): number {
    return this.#posted - this.#seen;
  }

  /** Buffers so far, as the tail register has it. */
  get tail(): number {
    return this.#posted % RECEIVE_ENTRIES;
  }

  #locate(counter: number): Uint8Array {
    const at = this.address + (counter % RECEIVE_ENTRIES) * LEGACY_BYTES;
    return this.#card.device.vm.memory.locate(at);
  }

  get arrived(): boolean {
    if (this.outstanding === 0) return false;
    const b = this.#locate(this.#seen);
    return RxLegacy.get.dd(b, this.#card.device.vm.memory.at) !== 0;
  }

  post(address: number, _length: number, block: number): void {
    const b = this.#locate(this.#posted);
    const { at } = this.#card.device.vm.memory;
    b.fill(0, at, at + LEGACY_BYTES);
    setAddress(b, at + RxLegacy.at.address, address);
    const place = this.#posted % RECEIVE_ENTRIES;
    this.#addresses[place] = address;
    this.#blocks[place] = block;
    this.#posted++;
  }

  ring(now: Nanos, core: number): void {
    this.#card.write(now, core, RDT_AT, valueBytes(this.tail));
  }

  take(into: Arrival, view: PacketView): number {
    const { memory } = this.#card.device.vm;
    const { steering } = this.#card;
    const length = RxLegacy.get.length(this.#locate(this.#seen), memory.at);
    const place = this.#seen % RECEIVE_ENTRIES;
    this.#seen++;
    const address = this.#addresses[place]!;
    const b = memory.locate(address);
    const from = memory.at;
    view.read(b, from, from + Math.min(length, BUFFER_BYTES));
    into.begin(
      b,
      from,
      view.version === 0 ? length : view.end - from,
      address,
      this.#blocks[place]!,
    );
    into.hash = steering.toeplitz.hash(b, view);
    into.checked = false; // the emulated card says nothing of checksums
    this.#card.receivedBytes += length;
    into.stamp = this.#card.receivedBytes;
    return length;
  }

  arm(): boolean {
    if (this.arrived || this.#card.transmitSides[0].hasCompletion) return true;
    this.#card.enable();
    return false;
  }

  disarm(): void {}

  /** The interrupt throttle is not emulated. */
  moderate(): void {}
}
