// A software bridge in a host's kernel: its card on one side, guests' taps on the others. What comes for a guest goes to its
// tap instead of up the stack; what guests send goes to each other, or out by the card's queues.

import { asWord } from '../../protocols/core/serial.js';
import type { Thread, Wait } from '../cpu/index.js';
import type { Nanos } from '../time/index.js';
import type { Arrival, PieceTaker } from './arrival.js';
import { cutFrame, entriesOf } from './bridge-cut.js';
import type { TransmitSide } from './card.js';
import { LOCK, NETDEV, SKB } from './category.js';
import type { Kernel } from './kernel.js';
import { PacketView } from './packet-view.js';
import type { Keeper } from './page-pool.js';

/** A frame in the host's memory, or several of one flow that were merged, on its way between ports. */
export class BridgedFrame implements PieceTaker {
  readonly addresses: number[] = [];
  readonly lengths: number[] = [];
  readonly keepers: Keeper[] = [];
  readonly blocks: number[] = [];
  length = 0;
  headerLength = 0;
  /** Text of each frame that it was merged of, or is to be cut into; 0: it is one frame. */
  unit = 0;
  /** Its checksums are right, or not yet made. */
  checked = false;
  /** The card is to make its checksum. */
  partial = false;
  /** Of what the card brought: bytes that it had received by then, and the core that took them. */
  stamp = 0;
  core = 0;

  /** A piece whose block somebody refers to on the frame's behalf. */
  add(address: number, length: number, keeper: Keeper, block: number): void {
    this.addresses.push(address);
    this.lengths.push(length);
    this.keepers.push(keeper);
    this.blocks.push(block);
    this.length += length;
  }

  /** Bytes that still fit behind the last piece, in a block of so many; 0 without a piece. */
  lastRoom(blockBytes: number): number {
    return blockBytes - (this.lengths.at(-1) ?? blockBytes);
  }

  /** Where they go. */
  get end(): number {
    return this.addresses.at(-1)! + this.lengths.at(-1)!;
  }

  /** They are there. */
  grow(lengthBytes: number): void {
    this.lengths[this.lengths.length - 1]! += lengthBytes;
    this.length += lengthBytes;
  }

  piece(_offset: number, length: number, address: number, keeper: Keeper, block: number): void {
    keeper.hold(block);
    this.add(address, length, keeper, block);
  }

  release(): void {
    for (const [i, block] of this.blocks.splice(0).entries()) this.keepers[i]!.release(block);
  }
}

/** A port of the bridge that is not the card. */
export interface Tap {
  readonly mac: Uint8Array;
  /** A frame for it, which it releases; false when it has no room, and the frame stays the caller's. */
  offer(now: Nanos, frame: BridgedFrame): boolean;
}

/** Bytes that may wait in a queue of the card, and pieces of one frame. */
const QUEUE_BYTES = 512 * 1024;
const MOST_PIECES = 64;

export class Bridge {
  readonly counters = { forwarded: 0, tap_dropped: 0, card_dropped: 0 };
  readonly #kernel: Kernel;
  readonly #taps: Tap[] = [];
  readonly #view = new PacketView();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    kernel.bridge = this;
  }

  attach(tap: Tap): void {
    this.#taps.push(tap);
  }

  /** Does it go to a guest, and to nobody else? */
  // hot
  isForTap({ bytes, at, own }: Arrival): boolean {
    return !own && this.#tapOf(bytes, at) !== null;
  }

  // hot
  #tapOf(b: Uint8Array, at: number): Tap | null {
    for (let i = 0; i < this.#taps.length; i++) {
      const tap = this.#taps[i]!;
      if (sameMac(tap.mac, b, at)) return tap;
    }
    return null;
  }

  /** Something came up from the card; true when it was for a guest alone. */
  takes(now: Nanos, arrival: Arrival): boolean {
    if (arrival.own) return false;
    const tap = this.#tapOf(arrival.bytes, arrival.at);
    const toAll = isGroup(arrival.bytes, arrival.at);
    if (tap === null && !toAll) return false;
    for (const one of tap === null ? this.#taps : [tap]) {
      const frame = new BridgedFrame();
      arrival.pieces(0, arrival.length, frame);
      frame.headerLength = arrival.headerLength;
      frame.unit = arrival.unit;
      frame.checked = arrival.checked;
      frame.stamp = arrival.stamp;
      frame.core = this.#kernel.bill.core;
      this.#offer(now, one, frame);
    }
    return !toAll;
  }

  #offer(now: Nanos, tap: Tap, frame: BridgedFrame): void {
    this.counters.forwarded++;
    if (tap.offer(now, frame)) return;
    this.counters.tap_dropped++;
    frame.release();
  }

  /** A guest's frame goes out by the card alone. */
  leaves({ addresses }: BridgedFrame): boolean {
    const { memory } = this.#kernel;
    const b = memory.locate(addresses[0]!);
    return !isGroup(b, memory.at) && this.#tapOf(b, memory.at) === null;
  }

  /** A guest's frame, as work of the thread that took it from the guest. */
  *send(thread: Thread, from: Tap, frame: BridgedFrame): Generator<Wait, void, void> {
    const kernel = this.#kernel;
    const { memory, profile, bill } = kernel.parts;
    const b = memory.locate(frame.addresses[0]!);
    const { at } = memory;
    const tap = this.#tapOf(b, at);
    kernel.enter(thread.now, thread.core);
    bill.charge(SKB, profile.skbAlloc);
    bill.charge(LOCK, profile.queueLock);
    bill.charge(NETDEV, profile.deviceOut);
    yield kernel.spend(thread);
    if (tap !== null) {
      frame.stamp = kernel.card.receivedBytes; // the cache has what was copied just now
      frame.core = thread.core;
      return this.#offer(thread.now, tap, frame);
    }
    if (isGroup(b, at)) this.#copies(thread.now, from, frame);
    kernel.enter(thread.now, thread.core);
    const side = this.#sideOf(b, at, frame.length);
    const cuts = frame.unit > 0 && kernel.parts.options.tso === false;
    const entries = cuts ? entriesOf(frame) : MOST_PIECES;
    if (side.waitingBytes >= QUEUE_BYTES || side.room < entries) {
      this.counters.card_dropped++;
      return frame.release();
    }
    if (cuts) cutFrame(kernel.parts, frame, side);
    else this.#put(frame, side);
    frame.release();
    this.counters.forwarded++;
    bill.charge(NETDEV, profile.doorbell);
    yield kernel.spend(thread);
    side.ring(thread.now, thread.core);
  }

  /** A flow keeps its queue, whoever sends its frames on which core (skb_tx_hash): they must not overtake each other. */
  // hot
  #sideOf(b: Uint8Array, at: number, length: number): TransmitSide {
    const { steering, transmitSides } = this.#kernel.card;
    this.#view.read(b, at, at + length);
    return transmitSides[asWord(steering.toeplitz.hash(b, this.#view)) % transmitSides.length]!;
  }

  // hot
  #put(frame: BridgedFrame, side: TransmitSide): void {
    const { bill, profile } = this.#kernel.parts;
    side.begin(frame.unit, frame.unit > 0 ? frame.headerLength : 0, frame.partial);
    for (let i = 0; i < frame.addresses.length; i++)
      side.piece(frame.addresses[i]!, frame.lengths[i]!, frame.keepers[i]!, frame.blocks[i]!);
    bill.charge(NETDEV, profile.descriptorOut * (frame.addresses.length - 1));
    side.end(frame.length);
  }

  /** To all other taps as well. */
  #copies(now: Nanos, from: Tap, frame: BridgedFrame): void {
    for (const tap of this.#taps) {
      if (tap === from) continue;
      const copy = new BridgedFrame();
      for (let i = 0; i < frame.addresses.length; i++)
        copy.piece(0, frame.lengths[i]!, frame.addresses[i]!, frame.keepers[i]!, frame.blocks[i]!);
      copy.checked = frame.checked;
      copy.stamp = this.#kernel.card.receivedBytes;
      this.#offer(now, tap, copy);
    }
  }
}

const isGroup = (b: Uint8Array, at: number): boolean => b[at]! % 2 === 1;

// hot
function sameMac(mac: Uint8Array, b: Uint8Array, at: number): boolean {
  for (let i = 0; i < mac.length; i++) if (mac[i] !== b[at + i]) return false;
  return true;
}
