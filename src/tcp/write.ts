// Writes a segment's header and options where the frame is being made. Options stand as Linux arranges them, on
// boundaries of four bytes.

import { asInt } from '../../protocols/core/serial.js';
import {
  TCP,
  TCPMSS,
  TCPOption,
  TCPSack,
  TCPSackBlock,
  TCPTimestamps,
  TCPWScale,
} from '../../protocols/index.js';
import type { Outgoing } from './outgoing.js';

// Functions that a module holds as constants are compiled into their callers; properties are not.
const {
  srcPort: setSrcPort,
  dstPort: setDstPort,
  seq: setSeq,
  ack: setAck,
  dataOffset: setDataOffset,
  cwr: setCwr,
  ece: setEce,
  urg: setUrg,
  ackFlag: setAckFlag,
  psh: setPsh,
  rst: setRst,
  syn: setSyn,
  fin: setFin,
  window: setWindow,
  urgentPointer: setUrgentPointer,
} = TCP.set;
const { leftEdge, rightEdge } = TCPSackBlock.set;
const WORD = 4;
const NOP = 1;
const KIND = { mss: 2, wscale: 3, sackPermitted: 4, sack: 5, ts: 8 } as const;

const nops = (b: Uint8Array, at: number, count: number): number => {
  for (let i = 0; i < count; i++) b[at + i] = NOP;
  return at + count;
};

function begin(b: Uint8Array, at: number, kind: number, length: number): number {
  TCPOption.set.kind(b, at, kind);
  TCPOption.set.length(b, at, length);
  return at + length;
}

/** Options of a SYN: MSS, SACK permitted with timestamps, window scale. Returns where they end. */
function synOptions(out: Outgoing, b: Uint8Array, from: number): number {
  let at = from;
  if (out.mss >= 0) {
    TCPMSS.set.mss(b, at, out.mss);
    at = begin(b, at, KIND.mss, TCPMSS.size);
  }
  if (out.sackPermitted) {
    if (!out.hasTimestamps) at = nops(b, at, WORD - TCPOption.size);
    at = begin(b, at, KIND.sackPermitted, TCPOption.size);
  } else if (out.hasTimestamps) at = nops(b, at, WORD - TCPOption.size);
  if (out.hasTimestamps) at = timestamps(out, b, at);
  if (out.windowShift >= 0) {
    at = nops(b, at, 1);
    TCPWScale.set.shiftCount(b, at, out.windowShift);
    at = begin(b, at, KIND.wscale, TCPWScale.size);
  }
  return at;
}

// hot
function timestamps(out: Outgoing, b: Uint8Array, at: number): number {
  TCPTimestamps.set.tsVal(b, at, asInt(out.tsVal));
  TCPTimestamps.set.tsEcr(b, at, asInt(out.tsEcr));
  return begin(b, at, KIND.ts, TCPTimestamps.size);
}

// hot
function sack(out: Outgoing, b: Uint8Array, from: number): number {
  const at = nops(b, from, 2);
  let block = at + TCPSack.size;
  for (let i = 0; i < out.sackBlocks; i++) {
    leftEdge(b, block, asInt(out.sackLeft[i]!));
    rightEdge(b, block, asInt(out.sackRight[i]!));
    block += TCPSackBlock.size;
  }
  return begin(b, at, KIND.sack, TCPSack.size + out.sackBlocks * TCPSackBlock.size);
}

/** Fills a header in but for its checksum, which is zero then. Returns where the text begins. */
// hot
export function writeHeader(
  out: Outgoing,
  b: Uint8Array,
  at: number,
  sourcePort: number,
  targetPort: number,
): number {
  let end = at + TCP.size;
  for (let i = at; i < end; i++) b[i] = 0;
  setSrcPort(b, at, sourcePort);
  setDstPort(b, at, targetPort);
  setSeq(b, at, asInt(out.seq));
  if (out.hasAck) {
    setAckFlag(b, at, 1);
    setAck(b, at, asInt(out.ack));
  }
  setWindow(b, at, out.window);
  if (out.psh) setPsh(b, at, 1);
  if (out.fin) setFin(b, at, 1);
  if (out.syn) setSyn(b, at, 1);
  if (out.rst) setRst(b, at, 1);
  if (out.ece) setEce(b, at, 1);
  if (out.cwr) setCwr(b, at, 1);
  if (out.urg) {
    setUrg(b, at, 1);
    setUrgentPointer(b, at, out.urgentPointer);
  }
  if (out.syn) end = synOptions(out, b, end);
  else {
    if (out.hasTimestamps) end = timestamps(out, b, nops(b, end, 2));
    if (out.sackBlocks > 0) end = sack(out, b, end);
  }
  setDataOffset(b, at, (end - at) / WORD);
  return end;
}

/** Bytes of the options that `writeHeader` will write behind a segment that is no SYN. */
export const sackBytes = (blocks: number): number =>
  blocks === 0 ? 0 : 2 + TCPSack.size + blocks * TCPSackBlock.size;
