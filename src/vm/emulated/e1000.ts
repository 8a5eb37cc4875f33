// A fully emulated network card, Intel's 8254x with legacy descriptors: a process of the host answers for its registers, and a
// thread of it gathers each frame of the guest in a buffer of its own, writes it to the tap, and the other way. So every frame is
// copied twice each way, as QEMU does it. Checksums are the process's work, and frames that the host had merged are cut again.

import { checksumOfSum, internetSum } from '../../../protocols/core/checksum/index.js';
import { type InterruptWork, Signal, type Thread, type Wait } from '../../cpu/index.js';
import {
  type Bridge,
  BridgedFrame,
  fillTcpChecksum,
  PacketView,
  type PagePool,
  pieceHeaders,
  seqOf,
  type Tap,
} from '../../kernel/index.js';
import { CHECKSUM_PASS, copyPhysical, PAGE_4K } from '../../memory/index.js';
import { getAddress } from '../../memory/physical-bytes.js';
import { qemuLinux } from '../../profiles/emulated.js';
import type { Nanos } from '../../time/index.js';
import { addRuns } from '../virtio/guest-segments.js';
import type { Vm } from '../vm.js';
import { BUFFER_BYTES, LEGACY_BYTES, RxLegacy, TxLegacy } from './e1000-registers.js';
import { E1000State } from './e1000-state.js';
import type { EmulationProfile } from './profile.js';

export interface E1000Options {
  readonly name: string;
  readonly vm: Vm;
  readonly bridge: Bridge;
  readonly mac: Uint8Array;
  readonly mtu?: number;
  readonly profile?: EmulationProfile;
  /** Core of the host for its thread. */
  readonly core?: number;
}

const ETHERNET_BYTES = 14;
/** The process's buffer for a frame, and frames that wait for buffers of the guest (tun's tx_queue_len). */
const FRAME_BYTES = 65_536;
const WAITING = 1000;
/** Frames of one turn. */
const TURN = 256;

export class E1000 implements Tap {
  readonly name: string;
  readonly vm: Vm;
  readonly mac: Uint8Array;
  readonly mtu: number;
  readonly profile: EmulationProfile;
  readonly state: E1000State;
  readonly counters = { sent: 0, received: 0, dropped: 0, refused: 0, interrupts: 0 };
  readonly #bridge: Bridge;
  readonly #pages: PagePool;
  /** Of the process, in the host's memory. */
  readonly #buffer: number;
  #filled = 0;
  #isBad = false;
  readonly #work = new Signal();
  readonly #view = new PacketView();
  #frames: BridgedFrame[] = [];
  #handler: InterruptWork | null = null;

  constructor(options: E1000Options) {
    const { name, vm, bridge, mac, mtu = 1500, core, profile = qemuLinux } = options;
    const { kernel, memory } = vm.host;
    if (!kernel) throw new RangeError(`${vm.host.name} has no kernel to be bridged`);
    this.name = name;
    this.vm = vm;
    this.mac = mac;
    this.mtu = mtu;
    this.profile = profile;
    this.#bridge = bridge;
    this.#pages = kernel.parts.pages;
    this.#buffer = memory.allocate(PAGE_4K, FRAME_BYTES / PAGE_4K, 0, `${name}'s frame`);
    this.state = new E1000State(vm.memory, mac);
    const where = core === undefined ? {} : { core };
    vm.host.spawn(`qemu ${name}`, (thread) => this.#run(thread), where);
    bridge.attach(this);
  }

  /** What the guest does when the card interrupts it. */
  connect(handler: InterruptWork): void {
    this.#handler = handler;
  }

  /** The process writes a register for a driver, on the thread of its virtual CPU. */
  *write(thread: Thread, offset: number, bytes: Uint8Array): Generator<Wait, void, void> {
    const asked = this.state.write(offset, bytes);
    if (asked === 'interrupt') yield* this.#interrupt(thread);
    if (asked !== 'send' && (asked !== 'receive' || this.#frames.length === 0)) return;
    yield thread.systemCall(); // the event that wakes the other thread
    this.#work.raise(thread.now);
  }

  // Tap

  offer(now: Nanos, frame: BridgedFrame): boolean {
    if (this.state.ring('receive') === null || this.#frames.length >= WAITING) {
      this.counters.dropped++;
      return false;
    }
    this.#frames.push(frame);
    this.#work.raise(now);
    return true;
  }

  *#run(thread: Thread): Generator<Wait, void, void> {
    for (;;) {
      const sent = yield* this.#send(thread);
      const received = yield* this.#receive(thread);
      if (sent || received) continue;
      yield thread.block(this.#work);
      yield thread.systemCall(); // the event is taken back
    }
  }

  *#interrupt(thread: Thread): Generator<Wait, void, void> {
    if (!this.state.wantsInterrupt || !this.#handler) return;
    yield thread.systemCall(this.profile.interruptNs);
    if (!this.state.wantsInterrupt) return;
    this.counters.interrupts++;
    this.vm.inject(thread.now, 0, this.#handler);
  }

  /** Descriptors of the guest, a turn of them; false when there were none. */
  *#send(thread: Thread): Generator<Wait, boolean, void> {
    let any = false;
    let reports = false;
    for (let i = 0; i < TURN; i++) {
      const ring = this.state.ring('send');
      if (ring === null || ring.head === ring.tail) break;
      any = true;
      const at = ring.address + ring.head * LEGACY_BYTES;
      const { memory } = this.vm;
      const b = memory.locate(at).slice(memory.at, memory.at + LEGACY_BYTES);
      yield thread.spend(this.profile.commandNs / 2 + this.#collect(thread, b));
      if (TxLegacy.get.eop(b, 0) !== 0) yield* this.#sendFrame(thread, b);
      if (TxLegacy.get.rs(b, 0) !== 0) {
        const own = memory.locate(at);
        TxLegacy.set.dd(own, memory.at, 1);
        reports = true;
      }
      this.state.advance('send', (ring.head + 1) % ring.entries);
    }
    if (!any) return false;
    if (reports) this.state.raise('txdw');
    this.state.raise('txqe');
    yield* this.#interrupt(thread);
    return true;
  }

  /** One piece of a frame into the process's buffer. */
  #collect(thread: Thread, b: Uint8Array): number {
    const address = getAddress(b, TxLegacy.at.address);
    const length = TxLegacy.get.length(b, 0);
    const { memory } = this.vm;
    const isBad = TxLegacy.get.dext(b, 0) !== 0 || !memory.holds(address, length);
    if (isBad || this.#filled + length > FRAME_BYTES) {
      this.#isBad = true;
      return 0;
    }
    const took = this.#copyGuest(thread, address, length, this.#buffer + this.#filled, 'out');
    this.#filled += length;
    return took;
  }

  /** Between the guest's pages and the process's buffer. */
  #copyGuest(
    thread: Thread,
    guest: number,
    length: number,
    own: number,
    way: 'out' | 'in',
  ): number {
    const runs: { address: number; length: number }[] = [];
    addRuns(this.vm.memory, guest, length, runs);
    let took = 0;
    let done = 0;
    for (const run of runs) {
      const [from, to] = way === 'out' ? [run.address, own + done] : [own + done, run.address];
      took += this.#copy(thread, from, to, run.length);
      done += run.length;
    }
    return took;
  }

  #copy(thread: Thread, from: number, to: number, length: number): number {
    const { host } = this.vm;
    const { copyBitsPerSecond } = host.cores.profile;
    const by = { ledger: host.ledger, core: thread.actor, bitsPerSecond: copyBitsPerSecond };
    return copyPhysical(thread.now, by, host.memory, from, to, length);
  }

  /** The frame is whole: its checksum, and a system call that writes it to the tap, which copies it once more. */
  *#sendFrame(thread: Thread, last: Uint8Array): Generator<Wait, void, void> {
    const length = this.#filled;
    const isBad = this.#isBad || length < ETHERNET_BYTES || length > this.mtu + ETHERNET_BYTES;
    this.#filled = 0;
    this.#isBad = false;
    if (isBad) {
      this.counters.refused++;
      return;
    }
    const { memory } = this.vm.host;
    const b = memory.locate(this.#buffer);
    if (TxLegacy.get.ic(last, 0) !== 0)
      yield thread.spend(this.#insertSum(thread, b, last, length));
    const block = this.#pages.take();
    if (block < 0) {
      this.counters.dropped++;
      return;
    }
    const frame = new BridgedFrame();
    frame.add(this.#pages.address(block), length, this.#pages, block);
    frame.checked = true;
    const took = this.#copy(thread, this.#buffer, this.#pages.address(block), length);
    yield thread.systemCall(took);
    this.counters.sent++;
    yield* this.#bridge.send(thread, this, frame);
  }

  /** 3.3.3: the sum from CSS on goes to CSO, where the driver has left that of the pseudo header. */
  #insertSum(thread: Thread, b: Uint8Array, last: Uint8Array, length: number): number {
    const { memory, ledger, kernel, cores } = this.vm.host;
    const from = TxLegacy.get.css(last, 0);
    const to = TxLegacy.get.cso(last, 0);
    if (from >= length || to + 2 > length) return 0;
    const at = memory.at;
    const sum = checksumOfSum(internetSum(b, at + from, at + length));
    b.set([Math.floor(sum / 256), sum % 256], at + to);
    const ns = ((length - from) * kernel!.parts.profile.checksum * 1e9) / cores.profile.hertz;
    ledger.record(thread.now, thread.actor, CHECKSUM_PASS, length - from, Math.ceil(ns), 0);
    return ns;
  }

  /** Frames of the tap, a turn of them; false when none found a buffer. */
  *#receive(thread: Thread): Generator<Wait, boolean, void> {
    let count = 0;
    while (count < TURN && this.#frames.length > 0) {
      const frame = this.#frames[0]!;
      const pieces =
        frame.unit > 0 ? Math.ceil((frame.length - frame.headerLength) / frame.unit) : 1;
      const each = frame.unit > 0 ? frame.headerLength + frame.unit : frame.length;
      if (this.#free() < pieces * Math.ceil(each / BUFFER_BYTES)) {
        this.state.raise('rxo');
        break;
      }
      this.#frames.shift();
      for (let i = 0; i < pieces; i++) yield* this.#receiveFrame(thread, frame, i);
      frame.release();
      count++;
    }
    if (count === 0) return false;
    this.state.raise('rxt0');
    yield* this.#interrupt(thread);
    return true;
  }

  /** Buffers that the guest has given and that are not filled. */
  #free(): number {
    const ring = this.state.ring('receive');
    return ring === null ? 0 : (ring.tail - ring.head + ring.entries) % ring.entries;
  }

  /** A system call reads a frame into the process's buffer; from there it goes into buffers of the guest. */
  *#receiveFrame(thread: Thread, frame: BridgedFrame, index: number): Generator<Wait, void, void> {
    const { length, took } = this.#readTap(thread, frame, index);
    yield thread.systemCall(took);
    yield thread.spend(this.profile.commandNs / 2);
    const { memory } = this.vm;
    for (let done = 0; done < length; ) {
      const ring = this.state.ring('receive');
      if (ring === null || ring.head === ring.tail) return;
      const at = ring.address + ring.head * LEGACY_BYTES;
      const address = getAddress(memory.locate(at), memory.at + RxLegacy.at.address);
      const size = Math.min(length - done, BUFFER_BYTES);
      if (memory.holds(address, size))
        yield thread.spend(this.#copyGuest(thread, address, size, this.#buffer + done, 'in'));
      else this.counters.refused++;
      done += size;
      const b = memory.locate(at);
      const here = memory.at;
      RxLegacy.set.length(b, here, size);
      RxLegacy.set.dd(b, here, 1);
      RxLegacy.set.eop(b, here, done === length ? 1 : 0);
      this.state.advance('receive', (ring.head + 1) % ring.entries);
    }
    this.counters.received++;
  }

  /** A whole frame, or one that the kernel cuts of what was merged: a guest without offloads gets no others. */
  #readTap(thread: Thread, frame: BridgedFrame, index: number): { length: number; took: number } {
    const { headerLength, unit } = frame;
    if (unit === 0)
      return { length: frame.length, took: this.#gather(thread, frame, 0, frame.length, 0) };
    const text = frame.length - headerLength;
    const size = Math.min(unit, text - index * unit);
    let took = this.#gather(thread, frame, 0, headerLength, 0);
    took += this.#gather(thread, frame, headerLength + index * unit, size, headerLength);
    const { memory, kernel, cores } = this.vm.host;
    const b = memory.locate(this.#buffer);
    const { at } = memory;
    const view = this.#view;
    view.read(b, at, Number.POSITIVE_INFINITY);
    view.textAt = at + headerLength;
    pieceHeaders(b, view, index, index * unit, size, text, seqOf(b, view));
    fillTcpChecksum(b, view, at + headerLength + size);
    const { gsoSegment, checksum } = kernel!.parts.profile;
    took += ((gsoSegment + size * checksum) * 1e9) / cores.profile.hertz;
    return { length: headerLength + size, took };
  }

  /** A part of a frame into the process's buffer. */
  #gather(thread: Thread, frame: BridgedFrame, from: number, length: number, to: number): number {
    let took = 0;
    let passed = 0;
    let done = 0;
    for (let i = 0; i < frame.lengths.length && done < length; i++) {
      const begin = Math.max(0, from + done - passed);
      const size = Math.min(frame.lengths[i]! - begin, length - done);
      passed += frame.lengths[i]!;
      if (size <= 0) continue;
      const source = frame.addresses[i]! + begin;
      took += this.#copy(thread, source, this.#buffer + to + done, size);
      done += size;
    }
    return took;
  }
}
