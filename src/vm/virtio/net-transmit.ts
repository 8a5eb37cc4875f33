// The frames of a guest on their way to the bridge: the device's thread copies them into pages of the host's, or copies their
// headers and lends the rest to the host's card where it lies (vhost_net's zero copy).

import type { Thread, Wait } from '../../cpu/index.js';
import { BridgedFrame, copyOnBill, MM, PacketView } from '../../kernel/index.js';
import { PAGE_4K } from '../../memory/index.js';
import { Chain } from './chain.js';
import { chainRuns } from './guest-segments.js';
import { NET_HEADER_BYTES, NetOffload } from './net-header.js';
import { LentBuffers, type Piece } from './net-lent.js';
import { ETHERNET_BYTES, type NetParts, TRANSMIT, TURN } from './net-parts.js';
import type { DeviceQueue } from './queue.js';

const MOST_BYTES = 65_535 + ETHERNET_BYTES;
/** Ethernet, IP and TCP with all options: what is copied of every frame. */
const MOST_HEADERS = 14 + 60 + 60;
/** Shorter frames are not worth lending (VHOST_GOODCOPY_LEN), nor are those in more pages than a packet refers to (MAX_SKB_FRAGS). */
const WORTH_BYTES = 256;
const MOST_PAGES = 17;

export class NetTransmit {
  readonly #parts: NetParts;
  readonly #lent: LentBuffers;
  readonly #chain = new Chain();
  readonly #header = new Uint8Array(NET_HEADER_BYTES);
  readonly #offload = new NetOffload();
  readonly #view = new PacketView();

  constructor(parts: NetParts) {
    this.#parts = parts;
    const news = () => parts.device.work.raise(parts.kernel.now);
    this.#lent = new LentBuffers(parts.vm.memory, news);
  }

  /** Asks for kicks, unless it has lent what it may; true when there is something to serve already. */
  arm(queue: DeviceQueue): boolean {
    return this.#lent.hasReturned || (!this.#lent.full && queue.arm());
  }

  reset(): void {
    this.#lent.forget();
  }

  /** A turn of frames; false when there was nothing to do. */
  *serve(thread: Thread, queue: DeviceQueue): Generator<Wait, boolean, void> {
    const { profile, device } = this.#parts;
    const chain = this.#chain;
    let any = yield* this.#giveBack(thread, queue);
    for (let i = 0; i < TURN && !this.#lent.full && queue.take(chain) === 'chain'; i++) {
      const { id, slots } = chain;
      yield thread.spend(profile.deviceTakeNs);
      const isLent = yield* this.#take(thread);
      if (!isLent) yield* this.#give(thread, queue, id, slots);
      yield* this.#giveBack(thread, queue);
      any = true;
    }
    if (any) yield* device.interrupt(thread, TRANSMIT, queue.flush());
    return any;
  }

  /** Lent buffers that nobody reads any more. */
  *#giveBack(thread: Thread, queue: DeviceQueue): Generator<Wait, boolean, void> {
    let any = false;
    for (; this.#lent.hasReturned; any = true) {
      const { id, slots } = this.#lent.takeReturned();
      yield* this.#give(thread, queue, id, slots);
    }
    return any;
  }

  *#give(thread: Thread, queue: DeviceQueue, id: number, slots: number) {
    queue.give(id, slots, 0, 0);
    yield thread.spend(this.#parts.profile.deviceGiveNs);
  }

  /** The frame in the buffer goes to the bridge, if it is one; true when the buffer was lent. */
  *#take(thread: Thread): Generator<Wait, boolean, void> {
    const { bridge, counters, kernel, tap, vm } = this.#parts;
    const length = this.#chain.readableBytes - NET_HEADER_BYTES;
    if (length < ETHERNET_BYTES || length > MOST_BYTES) {
      counters.refused++;
      return false;
    }
    this.#chain.copyOut(vm.memory, 0, NET_HEADER_BYTES, this.#header);
    const frame = new BridgedFrame();
    const linear = Math.min(length, MOST_HEADERS);
    kernel.enter(thread.now, thread.core);
    let whole = this.#copy(thread, frame, 0, linear);
    const lends = whole && this.#isWorthLending(frame, length);
    if (lends) this.#lend(frame, linear, length - linear);
    else whole &&= this.#copy(thread, frame, linear, length - linear);
    yield kernel.spend(thread);
    if (whole && this.#isSound(frame)) {
      counters.sent++;
      yield* bridge.send(thread, tap, frame);
    } else {
      counters[whole ? 'refused' : 'dropped']++;
      frame.release();
    }
    return lends;
  }

  /** Copies bytes of the guest's frame behind what there is; false when the host has no pages. */
  #copy(thread: Thread, frame: BridgedFrame, skip: number, length: number): boolean {
    const { kernel, vm } = this.#parts;
    const { pages, profile } = kernel.parts;
    const from = NET_HEADER_BYTES + skip;
    const by = kernel.copying.at(thread.actor, profile.copyIn);
    for (const run of chainRuns(vm.memory, this.#chain, 'readable', from, length))
      for (let done = 0; done < run.length; ) {
        if (frame.lastRoom(pages.blockBytes) === 0) {
          const block = pages.take();
          if (block < 0) return false;
          frame.add(pages.address(block), 0, pages, block);
        }
        const size = Math.min(run.length - done, frame.lastRoom(pages.blockBytes));
        copyOnBill(kernel, thread, by, run.address + done, frame.end, size);
        frame.grow(size);
        done += size;
      }
    return true;
  }

  /** It goes out by the card, whose driver does not mind whose pages it sends: another guest would keep them. */
  #isWorthLending(frame: BridgedFrame, length: number): boolean {
    const { bridge, lends } = this.#parts;
    return (
      lends && length >= WORTH_BYTES && this.#pages(length) <= MOST_PAGES && bridge.leaves(frame)
    );
  }

  /** Pages in which the frame lies behind its headers. */
  #pages(length: number): number {
    const pieces = this.#pieces(MOST_HEADERS, length - MOST_HEADERS);
    return pieces.reduce((sum, piece) => sum + pagesOf(piece), 0);
  }

  /** A part of the frame by guest-physical addresses. */
  #pieces(skip: number, length: number): Piece[] {
    const { addresses, lengths, readable } = this.#chain;
    const pieces: Piece[] = [];
    const end = NET_HEADER_BYTES + skip + length;
    for (let i = 0, at = 0; i < readable; i++) {
      const from = Math.max(0, NET_HEADER_BYTES + skip - at);
      const to = Math.min(lengths[i]!, end - at);
      if (to > from) pieces.push({ address: addresses[i]! + from, length: to - from });
      at += lengths[i]!;
    }
    return pieces;
  }

  #lend(frame: BridgedFrame, skip: number, length: number): void {
    const { kernel, vm } = this.#parts;
    const { id, slots } = this.#chain;
    const lent = this.#lent;
    const pieces = this.#pieces(skip, length);
    const number = lent.lend(id, slots, pieces);
    for (const piece of pieces)
      kernel.bill.charge(MM, kernel.parts.profile.pagePin * pagesOf(piece));
    const from = NET_HEADER_BYTES + skip;
    for (const run of chainRuns(vm.memory, this.#chain, 'readable', from, length)) {
      lent.hold(number);
      frame.add(run.address, run.length, lent, number);
    }
    lent.release(number);
  }

  /** A frame that is to be cut is TCP with its headers where they should be; others are no longer than the link takes. */
  #isSound(frame: BridgedFrame): boolean {
    const { kernel, mtu } = this.#parts;
    const { memory } = kernel.parts;
    const { unit, partial } = this.#offload.read(this.#header, 0);
    frame.unit = unit;
    frame.partial = partial;
    frame.checked = true;
    const b = memory.locate(frame.addresses[0]!);
    const { at } = memory;
    const view = this.#view;
    view.read(b, at, at + frame.length);
    if (unit === 0) return frame.length <= mtu + ETHERNET_BYTES;
    frame.headerLength = view.textAt - at;
    return view.isTcp && view.end === at + frame.length && frame.headerLength <= MOST_HEADERS;
  }
}

const pagesOf = ({ address, length }: Piece): number =>
  Math.ceil(((address % PAGE_4K) + length) / PAGE_4K);
