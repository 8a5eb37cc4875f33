// Frames of the bridge on their way into a guest: the device's thread copies them into the guest's buffers, several of them for a
// large frame.

import type { Thread, Wait } from '../../cpu/index.js';
import { type BridgedFrame, copyOnBill, PacketView } from '../../kernel/index.js';
import { Chain } from './chain.js';
import { chainRuns } from './guest-segments.js';
import { NET_HEADER_BYTES, NetOffload } from './net-header.js';
import { type NetParts, RECEIVE, TURN } from './net-parts.js';
import type { DeviceQueue } from './queue.js';

/** Frames that wait for the guest's buffers (tun's tx_queue_len). */
const WAITING = 1000;

/** A buffer of the guest's that waits to be filled. */
interface Waiting {
  readonly id: number;
  readonly slots: number;
  readonly bytes: number;
  readonly runs: ReturnType<typeof chainRuns>;
}

export class NetReceive {
  readonly #parts: NetParts;
  readonly #chain = new Chain();
  readonly #header = new Uint8Array(NET_HEADER_BYTES);
  readonly #offload = new NetOffload();
  readonly #view = new PacketView();
  readonly #frames: BridgedFrame[] = [];
  #buffers: Waiting[] = [];

  constructor(parts: NetParts) {
    this.#parts = parts;
  }

  /** False when it has no room. */
  offer(frame: BridgedFrame): boolean {
    if (this.#frames.length >= WAITING) return false;
    this.#frames.push(frame);
    return true;
  }

  /** Of new buffers it wants to hear only while frames wait for them. */
  arm(queue: DeviceQueue): boolean {
    return this.#frames.length > 0 && queue.arm();
  }

  reset(): void {
    this.#buffers = [];
    for (const frame of this.#frames.splice(0)) frame.release();
  }

  /** A turn of frames, as far as there are buffers; false when none was given. */
  *serve(thread: Thread, queue: DeviceQueue): Generator<Wait, boolean, void> {
    const { counters, device, kernel } = this.#parts;
    let count = 0;
    for (; count < TURN && this.#frames.length > 0; count++) {
      const frame = this.#frames[0]!;
      if (!(yield* this.#gather(thread, queue, frame.length + NET_HEADER_BYTES))) break;
      if (this.#frames[0] !== frame) break; // a reset meanwhile
      this.#frames.shift();
      const used = this.#fill(thread, queue, frame);
      yield kernel.spend(thread);
      yield thread.spend(used * this.#parts.profile.deviceGiveNs);
      frame.release();
      counters.received++;
    }
    if (count > 0) yield* device.interrupt(thread, RECEIVE, queue.flush());
    return count > 0;
  }

  /** Takes buffers until so many bytes fit; false when the guest has not given as many. */
  *#gather(thread: Thread, queue: DeviceQueue, bytes: number): Generator<Wait, boolean, void> {
    const { profile, vm } = this.#parts;
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
      const runs = chainRuns(vm.memory, chain, 'writable', 0, writableBytes);
      this.#buffers.push({ id, slots, bytes: writableBytes, runs });
      yield thread.spend(profile.deviceTakeNs);
    }
  }

  /** Header and frame into the guest's buffers, which go back with what was written of each; how many of them. */
  #fill(thread: Thread, queue: DeviceQueue, frame: BridgedFrame): number {
    const { kernel } = this.#parts;
    const used: Waiting[] = [];
    for (let left = frame.length + NET_HEADER_BYTES; left > 0; ) {
      const one = this.#buffers.shift()!;
      used.push(one);
      left -= one.bytes;
    }
    const target = new RunWalk(used.flatMap(({ runs }) => runs));
    this.#writeHeader(frame, used.length);
    target.write(kernel.memory, this.#header);
    kernel.enter(thread.now, thread.core);
    const isElsewhere = frame.core !== thread.core;
    const by = kernel.copying.out(thread.actor, kernel, frame.stamp, isElsewhere);
    frame.lengths.forEach((length, i) => {
      for (let done = 0; done < length; ) {
        const { address, room } = target;
        const size = Math.min(length - done, room);
        copyOnBill(kernel, thread, by, frame.addresses[i]! + done, address, size);
        target.skip(size);
        done += size;
      }
    });
    let left = frame.length + NET_HEADER_BYTES;
    for (const { id, slots, bytes } of used) {
      queue.give(id, slots, Math.min(left, bytes), bytes);
      left -= bytes;
    }
    return used.length;
  }

  #writeHeader(frame: BridgedFrame, buffers: number): void {
    const { memory } = this.#parts.kernel;
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
