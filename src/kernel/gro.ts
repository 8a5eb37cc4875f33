// Generic receive offload: segments of one flow that follow each other are handed up as one. What may be merged is what
// Linux merges (tcp_gro_receive): no flags but ACK and PSH, the same acknowledgment, window and options.

import { seqAdd } from '../../protocols/core/serial.js';
import { Ethernet, IPv4, IPv6, TCP } from '../../protocols/index.js';
import { type Arrival, MOST_MERGED } from './arrival.js';
import { PacketView } from './packet-view.js';
import { fillIpChecksum } from './segmentation.js';

/** Flows that are held at once (MAX_GRO_SKBS in each of GRO_HASH_BUCKETS). */
const MOST_HELD = 64;

const scratch = new PacketView();

/** Merged packets go where the poll hands them up. */
export interface ArrivalQueue {
  put(arrival: Arrival): void;
}

export class Gro {
  readonly #held: Arrival[] = [];
  readonly #up: ArrivalQueue;

  constructor(up: ArrivalQueue) {
    this.#up = up;
  }

  get holds(): boolean {
    return this.#held.length > 0;
  }

  /**
   * A frame that lies at `address` of `b`; true when it became part of another, so that it has no headers any more.
   * Otherwise `arrival`, made of it, is held or handed up.
   */
  // hot
  take(b: Uint8Array, view: PacketView, address: number, block: number, arrival: Arrival): boolean {
    const text = view.isTcp ? view.end - view.textAt : 0;
    const plain = view.isTcp && arrival.checked && isPlain(b, view);
    const at = this.#find(arrival.hash, b, view);
    if (at >= 0) {
      const head = this.#held[at]!;
      if (plain && text > 0 && this.#fits(head, b, view, text)) {
        this.#merge(head, b, view, text, address, block);
        const ends = text < head.unit || TCP.get.psh(b, view.transportAt) !== 0;
        if (ends || head.full) this.#flush(at);
        return true;
      }
      this.#flush(at);
    }
    if (!plain || text === 0 || TCP.get.psh(b, view.transportAt) !== 0) {
      this.#up.put(arrival);
      return false;
    }
    arrival.unit = text;
    arrival.nextSeq = seqAdd(TCP.get.seq(b, view.transportAt), text);
    if (this.#held.length === MOST_HELD) this.#flush(0);
    this.#held.push(arrival);
    return false;
  }

  /** A packet that the card has merged goes up as it is, behind what is held of its flow. */
  // hot
  pass(b: Uint8Array, view: PacketView, arrival: Arrival): void {
    const at = this.#find(arrival.hash, b, view);
    if (at >= 0) this.#flush(at);
    this.#up.put(arrival);
  }

  /** Nothing more came: all go up. */
  // hot
  flush(): void {
    while (this.#held.length > 0) this.#flush(0);
  }

  // hot
  #flush(at: number): void {
    const arrival = this.#held[at]!;
    for (let i = at + 1; i < this.#held.length; i++) this.#held[i - 1] = this.#held[i]!;
    this.#held.length--;
    if (arrival.count === 1) arrival.unit = 0;
    else tellLength(arrival.bytes, arrival.at, arrival.length);
    this.#up.put(arrival);
  }

  /** The held packet of the same flow, or -1. */
  // hot
  #find(hash: number, b: Uint8Array, view: PacketView): number {
    if (!view.isTcp) return -1;
    for (let i = 0; i < this.#held.length; i++) {
      const head = this.#held[i]!;
      if (head.hash === hash && sameFlow(head, b, view)) return i;
    }
    return -1;
  }

  // hot
  #fits(head: Arrival, b: Uint8Array, view: PacketView, text: number): boolean {
    const { transportAt } = view;
    if (TCP.get.seq(b, transportAt) !== head.nextSeq || text > head.unit) return false;
    if (!sameMark(head, b, view)) return false;
    if (view.textAt - view.at !== head.headerLength) return false;
    if (head.length + text > MOST_MERGED) return false;
    const first = head.at + transportAt - view.at;
    const { ack, window } = TCP.get;
    if (ack(b, transportAt) !== ack(head.bytes, first)) return false;
    if (window(b, transportAt) !== window(head.bytes, first)) return false;
    return sameBytes(
      b,
      transportAt + TCP.size,
      head.bytes,
      first + TCP.size,
      view.textAt - transportAt - TCP.size,
    );
  }

  // hot
  #merge(
    head: Arrival,
    b: Uint8Array,
    view: PacketView,
    text: number,
    address: number,
    block: number,
  ): void {
    head.merge(text, address + view.textAt - view.at, block);
    head.nextSeq = seqAdd(head.nextSeq, text);
    const first = head.at + view.transportAt - view.at;
    if (TCP.get.psh(b, view.transportAt) !== 0) TCP.set.psh(head.bytes, first, 1);
  }
}

/** ACK, and PSH perhaps; no ECN mark, no IP options, no extension headers. */
// hot
export function isPlain(b: Uint8Array, view: PacketView): boolean {
  const { get } = TCP;
  const at = view.transportAt;
  const flags =
    get.syn(b, at) +
    get.fin(b, at) +
    get.rst(b, at) +
    get.urg(b, at) +
    get.ece(b, at) +
    get.cwr(b, at);
  if (flags !== 0 || get.ackFlag(b, at) === 0) return false;
  const ip = view.version === 4 ? IPv4 : IPv6;
  return view.transportAt - view.ipAt === ip.size;
}

// hot
export function sameFlow(
  head: Pick<Arrival, 'bytes' | 'at'>,
  b: Uint8Array,
  view: PacketView,
): boolean {
  const shift = head.at - view.at;
  const { addressesAt, transportAt } = view;
  return (
    sameBytes(b, addressesAt, head.bytes, addressesAt + shift, view.addressBytes) &&
    sameBytes(b, transportAt, head.bytes, transportAt + shift, TCP.at.seq)
  );
}

/** A mark of congestion is no other flow: the segment does not join what is held, but comes behind it. */
// hot
export const sameMark = (
  head: Pick<Arrival, 'bytes' | 'at'>,
  b: Uint8Array,
  view: PacketView,
): boolean => ecnOf(b, view, 0) === ecnOf(head.bytes, view, head.at - view.at);

const ecnOf = (b: Uint8Array, { version, ipAt }: PacketView, shift: number): number =>
  version === 4 ? IPv4.get.ecn(b, ipAt + shift) : IPv6.get.ecn(b, ipAt + shift);

// hot
function sameBytes(
  a: Uint8Array,
  at: number,
  b: Uint8Array,
  from: number,
  length: number,
): boolean {
  for (let i = 0; i < length; i++) if (a[at + i] !== b[from + i]) return false;
  return true;
}

/** The first frame's IP header counts all of them now, as Linux has it (inet_gro_complete). */
export function tellLength(bytes: Uint8Array, at: number, length: number): void {
  const ipAt = at + Ethernet.size;
  if (IPv4.get.version(bytes, ipAt) === 4) {
    IPv4.set.totalLength(bytes, ipAt, length - Ethernet.size);
    scratch.ipAt = ipAt;
    scratch.transportAt = ipAt + IPv4.size;
    fillIpChecksum(bytes, scratch);
  } else IPv6.set.payloadLength(bytes, ipAt, length - Ethernet.size - IPv6.size);
}
