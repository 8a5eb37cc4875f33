// A received segment, read once into one object that is filled again for each: fields as RFC 9293 3.10.7 calls them
// (SEG.SEQ, SEG.ACK, SEG.LEN, SEG.WND, SEG.UP), and the options that matter to the state machine.

import {
  TCP,
  TCPMSS,
  TCPOption,
  TCPSack,
  TCPSackBlock,
  TCPTimestamps,
  TCPWScale,
} from '../../protocols/index.js';

// Functions that a module holds as constants are compiled into their callers; properties are not.
const {
  srcPort,
  dstPort,
  seq,
  ack,
  dataOffset,
  cwr,
  ece,
  urg,
  ackFlag,
  psh,
  rst,
  syn,
  fin,
  window: windowOf,
  urgentPointer,
} = TCP.get;
const { kind: kindOf, length: lengthOf } = TCPOption.get;
const { leftEdge, rightEdge } = TCPSackBlock.get;
const { tsVal, tsEcr } = TCPTimestamps.get;

/** Data offset counts in these. */
const WORD = 4;
/** SACK blocks that fit into 40 bytes of options. */
export const MOST_SACK_BLOCKS = 4;
const KIND = { eol: 0, nop: 1, mss: 2, wscale: 3, sackPermitted: 4, sack: 5, ts: 8 } as const;

export class Segment {
  bytes: Uint8Array = new Uint8Array(0);
  sourcePort = 0;
  targetPort = 0;
  seq = 0;
  ack = 0;
  /** Text without SYN and FIN: RFC 9293's SEG.LEN is `length + syn + fin`. */
  length = 0;
  /** Text of each of the segments that were merged into it; 0 for one that came alone. */
  unit = 0;
  dataAt = 0;
  window = 0;
  urgentPointer = 0;
  syn = false;
  fin = false;
  rst = false;
  hasAck = false;
  psh = false;
  urg = false;
  ece = false;
  cwr = false;
  /** The IP header's ECN field: 3 is "congestion experienced". */
  ecn = 0;
  /** Where its text or its SYN or FIN begins in the peer's stream, and what it acknowledges of ours. */
  place = 0;
  ackPlace = 0;
  /** From the options; -1 where there is none. */
  mss = -1;
  windowShift = -1;
  sackPermitted = false;
  hasTimestamps = false;
  tsVal = 0;
  tsEcr = 0;
  sackBlocks = 0;
  readonly sackLeft = new Float64Array(MOST_SACK_BLOCKS);
  readonly sackRight = new Float64Array(MOST_SACK_BLOCKS);

  /** Reads bytes `at` to `end`; false when they are no segment. The checksum is somebody else's question. */
  // hot
  read(b: Uint8Array, at: number, end: number, ecn: number): boolean {
    if (end - at < TCP.size) return false;
    const headerEnd = at + dataOffset(b, at) * WORD;
    if (headerEnd < at + TCP.size || headerEnd > end) return false;
    this.bytes = b;
    this.ecn = ecn;
    this.sourcePort = srcPort(b, at);
    this.targetPort = dstPort(b, at);
    this.seq = seq(b, at);
    this.ack = ack(b, at);
    this.dataAt = headerEnd;
    this.length = end - headerEnd;
    this.window = windowOf(b, at);
    this.urgentPointer = urgentPointer(b, at);
    this.syn = syn(b, at) !== 0;
    this.fin = fin(b, at) !== 0;
    this.rst = rst(b, at) !== 0;
    this.hasAck = ackFlag(b, at) !== 0;
    this.psh = psh(b, at) !== 0;
    this.urg = urg(b, at) !== 0;
    this.ece = ece(b, at) !== 0;
    this.cwr = cwr(b, at) !== 0;
    this.mss = -1;
    this.windowShift = -1;
    this.sackPermitted = false;
    this.hasTimestamps = false;
    this.sackBlocks = 0;
    if (headerEnd > at + TCP.size) this.#options(b, at + TCP.size, headerEnd);
    return true;
  }

  /** RFC 9293 3.2; a length that leads nowhere ends the list, as in Linux. Options of other kinds are stepped over. */
  // hot
  #options(b: Uint8Array, from: number, end: number): void {
    for (let at = from; at < end; ) {
      const kind = kindOf(b, at);
      if (kind === KIND.eol) return;
      if (kind === KIND.nop) {
        at++;
        continue;
      }
      if (end - at < TCPOption.size) return;
      const length = lengthOf(b, at);
      if (length < TCPOption.size || length > end - at) return;
      this.#option(b, at, kind, length);
      at += length;
    }
  }

  // hot
  #option(b: Uint8Array, at: number, kind: number, length: number): void {
    if (kind === KIND.ts && length === TCPTimestamps.size) {
      this.hasTimestamps = true;
      this.tsVal = tsVal(b, at);
      this.tsEcr = tsEcr(b, at);
    } else if (kind === KIND.sack && (length - TCPSack.size) % TCPSackBlock.size === 0) {
      const first = at + TCPSack.size;
      this.sackBlocks = (length - TCPSack.size) / TCPSackBlock.size;
      for (let i = 0; i < this.sackBlocks; i++) {
        this.sackLeft[i] = leftEdge(b, first + i * TCPSackBlock.size);
        this.sackRight[i] = rightEdge(b, first + i * TCPSackBlock.size);
      }
    } else if (!this.syn) {
      return; // the others stand in segments with SYN only
    } else if (kind === KIND.mss && length === TCPMSS.size) {
      this.mss = TCPMSS.get.mss(b, at);
    } else if (kind === KIND.wscale && length === TCPWScale.size) {
      this.windowShift = TCPWScale.get.shiftCount(b, at);
    } else if (kind === KIND.sackPermitted && length === TCPOption.size) {
      this.sackPermitted = true;
    }
  }
}
