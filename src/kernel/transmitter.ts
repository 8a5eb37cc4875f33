// The way down: packets that TCP and IP have to send become descriptors of their headers and of the pages in which their
// text lies. What the card does not do, checksums and cutting, is done here. One packet at a time, so that each takes its
// time on the core that sends it.

import { internetSum } from '../../protocols/core/checksum/index.js';
import { TCP } from '../../protocols/index.js';
import { CHECKSUM_PASS, type PhysicalMemory } from '../memory/index.js';
import type { Outgoing, TcpConnection } from '../tcp/index.js';
import type { Nanos } from '../time/index.js';
import type { Arrival } from './arrival.js';
import type { NetCard, TransmitSide } from './card.js';
import { ETC, LOCK, MM, NETDEV, SKB, TCP_IP } from './category.js';
import type { KernelParts } from './context.js';
import { PacketView } from './packet-view.js';
import { pieceHeaders, seqOf, setPartial } from './segmentation.js';
import { SendBuffer } from './send-buffer.js';

/** Bytes that may wait in a queue of the card (as byte queue limits settle it). */
const QUEUE_BYTES = 512 * 1024;

export class Transmitter {
  readonly #parts: KernelParts;
  readonly #card: NetCard;
  readonly #rings: readonly TransmitSide[];
  readonly #memory: PhysicalMemory;
  readonly #view = new PacketView();
  // By slot of the frame pool, of packets whose text lies apart: whose it is and where.
  readonly #sources: (SendBuffer | null)[] = [];
  readonly #from: number[] = [];
  readonly #mss: number[] = [];
  readonly #owners: (TcpConnection | null)[] = [];
  /** A packet whose queue was full when it was made. */
  #held = -1;
  /** By core: the queue that it has written to last. */
  readonly written: (TransmitSide | null)[] = [];
  // Of the piece walk.
  #fragment = 0;
  #place = 0;
  /** Packets whose text was gone before they were sent. */
  stale = 0;

  constructor(
    parts: KernelParts,
    card: NetCard,
    /** Entries that one packet may need: all frames of one that the kernel cuts. */
    readonly entriesWanted: number,
  ) {
    this.#parts = parts;
    this.#card = card;
    this.#rings = card.transmitSides;
    this.#memory = parts.memory;
  }

  /** Told by TCP of each packet it makes: its text is still where its source has it. */
  // hot
  apart(slot: number, connection: TcpConnection, out: Outgoing): void {
    const { source } = connection;
    this.#sources[slot] = out.length > 0 && source instanceof SendBuffer ? source : null;
    this.#from[slot] = out.from;
    this.#mss[slot] = out.cutMss;
    this.#owners[slot] = connection;
  }

  /** Sends the next packet, by the queue of core `core` unless its flow has one; false when there is none, or no room. */
  // hot
  next(now: Nanos, core: number): boolean {
    const own = this.#rings[core % this.#rings.length]!;
    const { stack, heads, buffers } = this.#parts;
    if (this.#held < 0 && this.#isFull(own)) {
      own.stopped = true;
      stack.takeReady();
      return false;
    }
    const slot = this.#held >= 0 ? this.#held : stack.transmit(now, 0);
    stack.takeReady(); // who calls here goes on until nothing is left
    if (slot < 0) return false;
    if (stack.isOwnFrame(stack.pool.bytes(slot), stack.pool.at(slot))) {
      this.#loop(slot, core);
      return true;
    }
    const ring = this.#ringOf(slot, own);
    this.#held = this.#isFull(ring) ? slot : -1;
    if (this.#held >= 0) {
      ring.stopped = true;
      return false;
    }
    this.written[core] = ring;
    const { pool } = stack;
    const b = pool.bytes(slot);
    const at = pool.at(slot);
    const length = pool.length(slot);
    const text = this.#textBehind(b, at, length);
    const large = length > heads.blockBytes;
    const home = large ? buffers : heads;
    const block = home.take();
    if (block >= 0) {
      const address = home.address(block);
      const head = this.#memory.locate(address);
      const headAt = this.#memory.at;
      for (let i = 0; i < length; i++) head[headAt + i] = b[at + i]!;
      this.#view.read(head, headAt, headAt + length + text);
      if (text === 0) this.#bare(now, ring, head, length, address, block, large);
      else this.#packet(now, ring, head, length, text, slot, block);
      home.release(block);
    }
    pool.release(slot);
    return true;
  }

  /** A packet to ourselves: its headers are copied as those of others are, its text is referred to where it lies. */
  // hot
  #loop(slot: number, core: number): void {
    const { stack, heads, buffers, profile, bill, loopback } = this.#parts;
    const { pool } = stack;
    const b = pool.bytes(slot);
    const length = pool.length(slot);
    const text = this.#textBehind(b, pool.at(slot), length);
    const home = length > heads.blockBytes ? buffers : heads;
    const block = home.take();
    if (block >= 0) {
      const address = home.address(block);
      const head = this.#memory.locate(address);
      const headAt = this.#memory.at;
      for (let i = 0; i < length; i++) head[headAt + i] = b[pool.at(slot) + i]!;
      this.#view.read(head, headAt, headAt + length + text);
      const arrival = loopback.spare();
      arrival.begin(head, headAt, length, address, block, home);
      arrival.headerLength = length;
      arrival.own = true;
      arrival.hash = this.#card.steering.toeplitz.hash(head, this.#view);
      arrival.stamp = this.#card.receivedBytes;
      const source = this.#sources[slot] ?? null;
      if (text > 0 && source !== null && this.#seek(source, this.#from[slot]!)) {
        arrival.unit = this.#mss[slot]!;
        this.#lend(arrival, source, text);
        bill.charge(TCP_IP, profile.tcpOut);
        bill.charge(LOCK, profile.skbLock);
        bill.charge(ETC, profile.clockOut);
      } else bill.charge(TCP_IP, profile.ackOut);
      bill.charge(SKB, profile.skbAlloc);
      bill.charge(MM, profile.skbMemory);
      bill.charge(NETDEV, profile.loopback);
      loopback.put(core, arrival);
    }
    pool.release(slot);
  }

  // hot
  #lend(arrival: Arrival, source: SendBuffer, length: number): void {
    const { fragments } = source;
    for (let left = length; left > 0; ) {
      const i = this.#fragment;
      const skip = this.#place - fragments.start(i);
      const size = Math.min(left, fragments.end(i) - this.#place);
      const keeper = fragments.keeper(i);
      keeper.hold(fragments.block(i));
      arrival.merge(size, fragments.address(i) + skip, fragments.block(i), keeper);
      this.#place += size;
      left -= size;
      if (this.#place === fragments.end(i)) this.#fragment++;
    }
  }

  // hot
  #isFull(ring: TransmitSide): boolean {
    return ring.waitingBytes >= QUEUE_BYTES || ring.room < this.entriesWanted;
  }

  /** A flow keeps its queue while anything of it is outstanding, or its frames would overtake each other (ooo_okay). */
  // hot
  #ringOf(slot: number, own: TransmitSide): TransmitSide {
    const source = this.#sources[slot] ?? null;
    const owner = this.#owners[slot];
    if (source === null || !owner) return own;
    const known = source.ring as TransmitSide | null;
    if (known !== null && owner.tcb.sndUna < this.#from[slot]! + 1) return known;
    source.ring = own;
    return own;
  }

  /** Text that the IP header counts and the slot does not hold. */
  // hot
  #textBehind(b: Uint8Array, at: number, length: number): number {
    this.#view.read(b, at, Number.POSITIVE_INFINITY);
    const { version, end, isTcp } = this.#view;
    return version === 0 || !isTcp ? 0 : Math.max(0, end - at - length);
  }

  /** An acknowledgment, a SYN, a question for a neighbour: all in one piece. */
  // hot
  #bare(
    now: Nanos,
    ring: TransmitSide,
    head: Uint8Array,
    length: number,
    address: number,
    block: number,
    large: boolean,
  ): void {
    const { profile, bill, heads, buffers } = this.#parts;
    bill.charge(SKB, profile.skbAlloc);
    bill.charge(MM, profile.skbMemory);
    bill.charge(LOCK, profile.queueLock);
    bill.charge(NETDEV, profile.deviceOut);
    bill.charge(TCP_IP, profile.ackOut);
    const sums = this.#view.isTcp && this.#partial(head);
    if (sums && !this.#offloads) this.#checksum(now, head, 0);
    ring.begin(0, 0, sums && this.#offloads);
    ring.piece(address, length, large ? buffers : heads, block);
    ring.end(length);
  }

  get #offloads(): boolean {
    return this.#parts.options.txChecksum ?? true;
  }

  /** Packets of connections have the sum of the pseudo header alone in their field. */
  // hot
  #partial(head: Uint8Array): boolean {
    const { transportAt, end } = this.#view;
    const sum = this.#view.pseudoSum(head) + end - transportAt;
    return (sum % SUM_SPAN) + Math.floor(sum / SUM_SPAN) === TCP.get.checksum(head, transportAt);
  }

  // hot
  #packet(
    now: Nanos,
    ring: TransmitSide,
    head: Uint8Array,
    length: number,
    text: number,
    slot: number,
    block: number,
  ): void {
    const { profile, bill, heads, options } = this.#parts;
    const source = this.#sources[slot] ?? null;
    if (source === null || !this.#seek(source, this.#from[slot]!)) {
      this.stale++;
      return;
    }
    const mss = this.#mss[slot]!;
    bill.charge(TCP_IP, profile.tcpOut);
    bill.charge(LOCK, profile.skbLock);
    bill.charge(ETC, profile.clockOut);
    if (mss > 0 && options.tso === false) {
      return this.#cut(now, ring, head, length, text, mss, source);
    }
    bill.charge(SKB, profile.skbAlloc);
    bill.charge(MM, profile.skbMemory);
    bill.charge(LOCK, profile.queueLock);
    bill.charge(NETDEV, profile.deviceOut);
    if (!this.#offloads) this.#checksum(now, head, text, source);
    ring.begin(mss, length, this.#offloads);
    ring.piece(heads.address(block), length, heads, block);
    this.#text(ring, source, text);
    ring.end(length + text);
  }

  /** Where the walk over the text begins. */
  // hot
  #seek(source: SendBuffer, place: number): boolean {
    this.#place = place;
    this.#fragment = source.fragments.find(place);
    return this.#fragment >= 0;
  }

  /** Descriptors for the next `length` bytes of text. */
  // hot
  #text(ring: TransmitSide, source: SendBuffer, length: number): void {
    const { fragments } = source;
    const { bill, profile } = this.#parts;
    for (let left = length; left > 0; ) {
      const i = this.#fragment;
      const skip = this.#place - fragments.start(i);
      const size = Math.min(left, fragments.end(i) - this.#place);
      ring.piece(fragments.address(i) + skip, size, fragments.keeper(i), fragments.block(i));
      bill.charge(NETDEV, profile.descriptorOut);
      this.#place += size;
      left -= size;
      if (this.#place === fragments.end(i)) this.#fragment++;
    }
  }

  /** Generic segmentation offload: the kernel cuts what the card would not, as late as it can. */
  // hot
  #cut(
    now: Nanos,
    ring: TransmitSide,
    head: Uint8Array,
    length: number,
    text: number,
    mss: number,
    source: SendBuffer,
  ): void {
    const { profile, bill, heads } = this.#parts;
    const view = this.#view;
    const first = view.at;
    const seq = seqOf(head, view);
    for (let from = 0, index = 0; from < text; from += mss, index++) {
      const block = heads.take();
      if (block < 0) return;
      const size = Math.min(mss, text - from);
      const address = heads.address(block);
      const copy = this.#memory.locate(address);
      const at = this.#memory.at;
      for (let i = 0; i < length; i++) copy[at + i] = head[first + i]!;
      view.read(copy, at, Number.POSITIVE_INFINITY);
      pieceHeaders(copy, view, index, from, size, text, seq);
      view.end = at + length + size;
      setPartial(copy, view);
      bill.charge(LOCK, profile.queueLock);
      bill.charge(NETDEV, profile.gsoSegment + profile.deviceOut);
      bill.charge(SKB, profile.skbAlloc);
      bill.charge(MM, profile.skbMemory);
      if (!this.#offloads) this.#checksum(now, copy, size, source);
      ring.begin(0, 0, this.#offloads);
      ring.piece(address, length, heads, block);
      this.#text(ring, source, size);
      ring.end(length + size);
      heads.release(block);
    }
  }

  /** The kernel sums a packet up itself: a pass over its bytes. */
  // hot
  #checksum(now: Nanos, head: Uint8Array, text: number, source?: SendBuffer): void {
    const { profile, bill, ledger, cores } = this.#parts;
    const { transportAt, textAt } = this.#view;
    TCP.set.checksum(head, transportAt, 0);
    const segment = textAt - transportAt + text;
    let sum = internetSum(head, transportAt, textAt, this.#view.pseudoSum(head) + segment);
    if (source) sum = this.#textSum(source, text, sum);
    TCP.set.checksum(head, transportAt, SUM_SPAN - 1 - (sum % SUM_SPAN));
    const cycles = profile.checksum * segment;
    bill.charge(TCP_IP, cycles);
    const { actor } = cores.cores[bill.core]!;
    ledger.record(now, actor, CHECKSUM_PASS, segment, Math.ceil(bill.nsOf(cycles)), 0);
  }

  /** Looks ahead of the walk, without moving it. */
  // hot
  #textSum(source: SendBuffer, text: number, start: number): number {
    const { fragments } = source;
    let sum = start;
    let place = this.#place;
    for (let i = this.#fragment, done = 0; done < text; i++) {
      const size = Math.min(text - done, fragments.end(i) - place);
      const bytes = this.#memory.locate(fragments.address(i) + place - fragments.start(i));
      const at = this.#memory.at;
      sum = internetSum(bytes, at, at + size, sum, done % 2 === 1);
      done += size;
      place += size;
    }
    return sum;
  }
}

const SUM_SPAN = 0x10000;
