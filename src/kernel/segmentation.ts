// Frames cut from one that is too long for the wire (TSO in the card, GSO in the kernel): every one gets the headers, with
// its own lengths, sequence number and flags; and checksums as the card completes them.

import { checksumOfSum, internetSum } from '../../protocols/core/checksum/index.js';
import { asInt } from '../../protocols/core/serial.js';
import { IPv4, IPv6, TCP } from '../../protocols/index.js';
import type { PacketView } from './packet-view.js';

// Functions that a module holds as constants are compiled into their callers; properties are not.
const { seq: getSeq } = TCP.get;
const { seq: setSeq } = TCP.set;
const IDENTIFICATIONS = 0x10000;
const SUM_SPAN = 0x10000;

/** The sequence number of a segment: read once for all pieces, since of two numbers each second one would be an object. */
// hot
export const seqOf = (b: Uint8Array, { transportAt }: PacketView): number =>
  asInt(getSeq(b, transportAt));

/**
 * Turns the headers at `view` into those of one piece: text `from` to `from + length` of `whole` bytes.
 * @param index of the piece: its IPv4 identification counts on
 * @param seq the first one's sequence number, as a signed number (`seqOf`)
 */
// hot
export function pieceHeaders(
  b: Uint8Array,
  view: PacketView,
  index: number,
  from: number,
  length: number,
  whole: number,
  seq: number,
): void {
  const { ipAt, transportAt, textAt } = view;
  const segment = textAt - transportAt + length;
  if (view.version === 4) {
    IPv4.set.totalLength(b, ipAt, transportAt - ipAt + segment);
    const id = IPv4.get.identification(b, ipAt) + index;
    IPv4.set.identification(b, ipAt, id % IDENTIFICATIONS);
    fillIpChecksum(b, view);
  } else IPv6.set.payloadLength(b, ipAt, segment);
  setSeq(b, transportAt, asInt(seq + from));
  if (from + length < whole) {
    TCP.set.psh(b, transportAt, 0);
    TCP.set.fin(b, transportAt, 0);
  }
  if (from > 0) TCP.set.cwr(b, transportAt, 0);
}

// hot
export function fillIpChecksum(b: Uint8Array, { ipAt, transportAt }: PacketView): void {
  IPv4.set.headerChecksum(b, ipAt, 0);
  IPv4.set.headerChecksum(b, ipAt, checksumOfSum(internetSum(b, ipAt, transportAt)));
}

/** TCP's checksum over the segment that ends at `end`. */
// hot
export function fillTcpChecksum(b: Uint8Array, view: PacketView, end: number): void {
  const { transportAt } = view;
  TCP.set.checksum(b, transportAt, 0);
  const sum = internetSum(b, transportAt, end, view.pseudoSum(b) + end - transportAt);
  TCP.set.checksum(b, transportAt, checksumOfSum(sum));
}

/** The field as a card that completes checksums wants it. */
// hot
export function setPartial(b: Uint8Array, view: PacketView): void {
  const sum = view.pseudoSum(b) + view.end - view.transportAt;
  TCP.set.checksum(b, view.transportAt, (sum % SUM_SPAN) + Math.floor(sum / SUM_SPAN));
}
