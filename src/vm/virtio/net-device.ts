// A virtio-net device on the host (virtio 1.2, 5.1): its thread (vhost-net) copies frames out of the guest's buffers into the
// host's and hands them to the bridge, and copies what the bridge has for the guest into the guest's buffers, several of them for
// a large frame.

import { NetConfig } from '../../../protocols/virtio/index.js';
import type { Thread, Wait } from '../../cpu/index.js';
import {
  type Bridge,
  BridgedFrame,
  PacketView,
  type PagePool,
  type Tap,
} from '../../kernel/index.js';
import { copyPhysical } from '../../memory/index.js';
import { vhostLinux } from '../../profiles/virtio.js';
import type { Nanos } from '../../time/index.js';
import type { Vm } from '../vm.js';
import type { VirtioDeviceOptions } from './blk-device.js';
import { RING_FEATURES } from './blk-device.js';
import { Chain } from './chain.js';
import { DeviceThread } from './device-thread.js';
import { netTable } from './features.js';
import { chainRuns } from './guest-segments.js';
import { NET_HEADER_BYTES, NetOffload } from './net-header.js';
import { PciFunction } from './pci-function.js';
import type { VirtioProfile } from './profile.js';
import type { DeviceQueue } from './queue.js';

export interface VirtioNetOptions extends Omit<VirtioDeviceOptions, 'queues'> {
  readonly bridge: Bridge;
  readonly mac: Uint8Array;
  readonly mtu?: number;
}

/** vhost-net: as many as QEMU allows it (rx_queue_size, tx_queue_size). */
const QUEUE_SIZE = 1024;
/** Frames that wait for the guest's buffers (tun's tx_queue_len). */
const WAITING = 1000;
const ETHERNET_BYTES = 14;
const MOST_BYTES = 65_535 + ETHERNET_BYTES;
/** Frames of one turn before the other direction has one (VHOST_NET_PKT_WEIGHT). */
const TURN = 256;
export const RECEIVE = 0;
export const TRANSMIT = 1;

/** A buffer of the guest's that waits to be filled. */
interface Waiting {
  readonly id: number;
  readonly slots: number;
  readonly bytes: number;
  readonly runs: ReturnType<typeof chainRuns>;
}

export class VirtioNet implements Tap {
  readonly name: string;
  readonly vm: Vm;
  readonly mac: Uint8Array;
  readonly mtu: number;
  readonly profile: VirtioProfile;
  readonly pci: PciFunction;
  readonly device: DeviceThread;
  readonly counters = { sent: 0, received: 0, dropped: 0, refused: 0 };
  readonly #bridge: Bridge;
  readonly #pages: PagePool;
  readonly #chain = new Chain();
  readonly #header = new Uint8Array(NET_HEADER_BYTES);
  readonly #offload = new NetOffload();
  readonly #view = new PacketView();
  #frames: BridgedFrame[] = [];
  #buffers: Waiting[] = [];

  constructor(options: VirtioNetOptions) {
    const { name, vm, bridge, mac, mtu = 1500, profile = vhostLinux } = options;
    const { kernel } = vm.host;
    if (!kernel) throw new RangeError(`${vm.host.name} has no kernel to be bridged`);
    this.name = name;
    this.vm = vm;
    this.mac = mac;
    this.mtu = mtu;
    this.profile = profile;
    this.#bridge = bridge;
    this.#pages = kernel.parts.pages;
    this.pci = new PciFunction({
      memory: vm.memory,
      table: netTable,
      features: [
        ...(options.ringFeatures ?? RING_FEATURES),
        ...['MAC', 'MTU', 'CSUM', 'GUEST_CSUM', 'HOST_TSO4', 'HOST_TSO6'],
        ...['GUEST_TSO4', 'GUEST_TSO6', 'MRG_RXBUF'],
      ],
      queues: 2,
      queueSize: options.queueSize ?? QUEUE_SIZE,
      config: NetConfig.encode({ mac, mtu, linkUp: 1, maxVirtqueuePairs: 1 }),
      started: () => this.device.work.raise(vm.host.now),
      reset: () => {
        this.#buffers = [];
        for (const frame of this.#frames.splice(0)) frame.release();
      },
    });
    this.device = new DeviceThread({
      name: `vhost ${name}`,
      vm,
      profile,
      ioeventfd: options.ioeventfd ?? true,
      ...(options.core !== undefined && { core: options.core }),
      ...(options.busyPollNs !== undefined && { busyPollNs: options.busyPollNs }),
      serve: (thread) => this.#serve(thread),
      arm: () => this.#arm(),
      disarm: () => {
        this.pci.queue(TRANSMIT)?.disarm();
        this.pci.queue(RECEIVE)?.disarm();
      },
    });
    bridge.attach(this);
  }

  // Tap

  offer(now: Nanos, frame: BridgedFrame): boolean {
    if (!this.pci.isRunning || this.#frames.length >= WAITING) {
      this.counters.dropped++;
      return false;
    }
    this.#frames.push(frame);
    this.device.work.raise(now);
    return true;
  }

  #arm(): boolean {
    if (!this.pci.isRunning) return false;
    const transmit = this.pci.queue(TRANSMIT);
    if (transmit && transmit.refusals.broken === null && transmit.arm()) return true;
    // Of new buffers it wants to hear only while frames wait for them.
    if (this.#frames.length === 0) return false;
    const receive = this.pci.queue(RECEIVE);
    return receive?.refusals.broken === null && receive.arm();
  }

  *#serve(thread: Thread): Generator<Wait, void, void> {
    for (let any = true; any && this.pci.isRunning; ) {
      const transmit = this.pci.queue(TRANSMIT);
      const receive = this.pci.queue(RECEIVE);
      any = transmit !== null && (yield* this.#send(thread, transmit));
      if (receive !== null && (yield* this.#receive(thread, receive))) any = true;
      if (transmit?.refusals.broken || receive?.refusals.broken) this.pci.fail();
    }
  }

  /** Frames of the guest, a turn of them; false when there were none. */
  *#send(thread: Thread, queue: DeviceQueue): Generator<Wait, boolean, void> {
    const chain = this.#chain;
    let count = 0;
    for (; count < TURN && queue.take(chain) === 'chain'; count++) {
      const { id, slots, readableBytes } = chain;
      yield thread.spend(this.profile.deviceTakeNs);
      const length = readableBytes - NET_HEADER_BYTES;
      if (length < ETHERNET_BYTES || length > MOST_BYTES) this.counters.refused++;
      else {
        const frame = this.#copied(length);
        if (frame === null) this.counters.dropped++;
        else {
          yield thread.spend(this.#copyOut(thread, frame, length));
          if (this.#isSound(frame)) {
            this.counters.sent++;
            yield* this.#bridge.send(thread, this, frame);
          } else {
            this.counters.refused++;
            frame.release();
          }
        }
      }
      queue.give(id, slots, 0, 0);
      yield thread.spend(this.profile.deviceGiveNs);
    }
    if (count > 0) yield* this.device.interrupt(thread, TRANSMIT, queue.flush());
    return count > 0;
  }

  /** Room in the host's pages. */
  #copied(length: number): BridgedFrame | null {
    const frame = new BridgedFrame();
    for (let left = length; left > 0; ) {
      const block = this.#pages.take();
      if (block < 0) {
        frame.release();
        return null;
      }
      const size = Math.min(left, this.#pages.blockBytes);
      frame.add(this.#pages.address(block), size, this.#pages, block);
      left -= size;
    }
    return frame;
  }

  /** Header and frame out of the guest's buffer: the core copies, and the ledger has it. */
  #copyOut(thread: Thread, frame: BridgedFrame, length: number): number {
    const { memory } = this.vm;
    this.#chain.copyOut(memory, 0, NET_HEADER_BYTES, this.#header);
    const { unit, partial } = this.#offload.read(this.#header, 0);
    frame.unit = unit;
    frame.partial = partial;
    frame.checked = true;
    const runs = chainRuns(memory, this.#chain, 'readable', NET_HEADER_BYTES, length);
    let took = 0;
    let piece = 0;
    let filled = 0;
    for (const run of runs)
      for (let done = 0; done < run.length; ) {
        if (filled === frame.lengths[piece]) {
          piece++;
          filled = 0;
        }
        const size = Math.min(run.length - done, frame.lengths[piece]! - filled);
        took += this.#copy(thread, run.address + done, frame.addresses[piece]! + filled, size);
        done += size;
        filled += size;
      }
    return took;
  }

  #copy(thread: Thread, from: number, to: number, length: number): number {
    const { host } = this.vm;
    const { copyBitsPerSecond } = host.cores.profile;
    const by = { ledger: host.ledger, core: thread.actor, bitsPerSecond: copyBitsPerSecond };
    return copyPhysical(thread.now, by, host.memory, from, to, length);
  }

  /** A frame that is to be cut is TCP with its headers where they should be; others are no longer than the link takes. */
  #isSound(frame: BridgedFrame): boolean {
    const { memory } = this.vm.host;
    const b = memory.locate(frame.addresses[0]!);
    const { at } = memory;
    const view = this.#view;
    view.read(b, at, at + frame.length);
    if (frame.unit === 0) return frame.length <= this.mtu + ETHERNET_BYTES;
    frame.headerLength = view.textAt - at;
    return view.isTcp && view.end === at + frame.length && frame.headerLength <= MOST_HEADERS;
  }

  /** Frames for the guest, as far as it has buffers; false when none was given. */
  *#receive(thread: Thread, queue: DeviceQueue): Generator<Wait, boolean, void> {
    let count = 0;
    for (; count < TURN && this.#frames.length > 0; count++) {
      const frame = this.#frames[0]!;
      if (!(yield* this.#gather(thread, queue, frame.length + NET_HEADER_BYTES))) break;
      if (this.#frames[0] !== frame) break; // a reset meanwhile
      this.#frames.shift();
      yield thread.spend(this.#fill(thread, queue, frame));
      frame.release();
      this.counters.received++;
    }
    if (count > 0) yield* this.device.interrupt(thread, RECEIVE, queue.flush());
    return count > 0;
  }

  /** Takes buffers until so many bytes fit; false when the guest has not given as many. */
  *#gather(thread: Thread, queue: DeviceQueue, bytes: number): Generator<Wait, boolean, void> {
    const chain = this.#chain;
    for (;;) {
      const room = this.#buffers.reduce((sum, one) => sum + one.bytes, 0);
      if (room >= bytes) return true;
      if (queue.take(chain) !== 'chain') return false;
      const { id, slots, writableBytes, readableBytes } = chain;
      if (readableBytes > 0 || writableBytes < NET_HEADER_BYTES) {
        queue.refusals.refuse('no-request');
        return false;
      }
      const runs = chainRuns(this.vm.memory, chain, 'writable', 0, writableBytes);
      this.#buffers.push({ id, slots, bytes: writableBytes, runs });
      yield thread.spend(this.profile.deviceTakeNs);
    }
  }

  /** Header and frame into the guest's buffers, which go back with what was written of each. */
  #fill(thread: Thread, queue: DeviceQueue, frame: BridgedFrame): number {
    const used: Waiting[] = [];
    for (let left = frame.length + NET_HEADER_BYTES; left > 0; ) {
      const one = this.#buffers.shift()!;
      used.push(one);
      left -= one.bytes;
    }
    const into = used.flatMap(({ runs }) => runs.map((run) => ({ ...run })));
    let took = used.length * this.profile.deviceGiveNs;
    const target = new RunWalk(into);
    this.#writeHeader(frame, used.length);
    target.write(this.vm.host.memory, this.#header);
    frame.lengths.forEach((length, i) => {
      for (let done = 0; done < length; ) {
        const { address, room } = target;
        const size = Math.min(length - done, room);
        took += this.#copy(thread, frame.addresses[i]! + done, address, size);
        target.skip(size);
        done += size;
      }
    });
    let left = frame.length + NET_HEADER_BYTES;
    for (const { id, slots, bytes } of used) {
      queue.give(id, slots, Math.min(left, bytes), bytes);
      left -= bytes;
    }
    return took;
  }

  #writeHeader(frame: BridgedFrame, buffers: number): void {
    const { memory } = this.vm.host;
    const b = memory.locate(frame.addresses[0]!);
    const { at } = memory;
    const view = this.#view;
    view.read(b, at, at + frame.length);
    const offload = this.#offload;
    offload.unit = frame.unit;
    offload.headerLength = frame.headerLength;
    offload.valid = frame.checked;
    // 5.1.6.4.1: with a GSO type the checksum is said to be partial.
    offload.partial = frame.unit > 0;
    offload.buffers = buffers;
    offload.write(this.#header, 0, view.version, view.transportAt - at);
  }
}

/** Ethernet, IP and TCP with all options. */
const MOST_HEADERS = 14 + 60 + 60;

/** Where the next byte goes, in runs of machine memory. */
class RunWalk {
  #run = 0;
  #done = 0;

  constructor(readonly runs: readonly { readonly address: number; readonly length: number }[]) {}

  get address(): number {
    return this.runs[this.#run]!.address + this.#done;
  }

  get room(): number {
    return this.runs[this.#run]!.length - this.#done;
  }

  skip(length: number): void {
    this.#done += length;
    if (this.room > 0) return;
    this.#run++;
    this.#done = 0;
  }

  write(
    memory: { readonly at: number; locate(address: number): Uint8Array },
    bytes: Uint8Array,
  ): void {
    for (let done = 0; done < bytes.length; ) {
      const size = Math.min(bytes.length - done, this.room);
      const into = memory.locate(this.address);
      into.set(bytes.subarray(done, done + size), memory.at);
      this.skip(size);
      done += size;
    }
  }
}
