// Management datagrams in packets of InfiniBand's own link: found in a frame and written into one, with their ICRC. The
// VCRC is the port's.

import type { FramePool } from '../frame/index.js';
import {
  BTH,
  byteSwap32,
  DETH,
  GRH,
  globalCover,
  ICRC,
  icrcWith,
  LRH,
  localCover,
  MAD_SIZE,
  VCRC,
} from './wire.js';

const UD_SEND_ONLY = 0x64;
/** LRH.LNH: behind it comes a BTH, or a GRH with a BTH. */
const LNH = { local: 2, global: 3 } as const;
const HEAD = LRH.size + BTH.size + DETH.size;
const WORD = 4;
const DEFAULT_P_KEY = 0xffff;
/** Lane of subnet management; other datagrams take the one of their service level. */
export const MANAGEMENT_LANE = 15;
/** Q_Key of queue pair 1 (IBA 10.2.5). */
const GSI_QKEY = 0x80010000;

export interface MadHead {
  readonly slid: number;
  readonly dlid: number;
  readonly sl: number;
  /** 0 or 1, at both ends. */
  readonly qp: number;
  readonly sourceQp: number;
  readonly psn: number;
}

/** Where the BTH is; -1 when the frame is no datagram of a MAD's length. */
export function bthOfMad(b: Uint8Array, at: number, length: number): number {
  const lnh = LRH.get.lnh(b, at);
  if (lnh !== LNH.local && lnh !== LNH.global) return -1;
  const extra = lnh === LNH.global ? GRH.size : 0;
  if (length !== HEAD + extra + MAD_SIZE + ICRC.size + VCRC.size) return -1;
  const bth = at + LRH.size + extra;
  return BTH.get.opcode(b, bth) === UD_SEND_ONLY && BTH.get.padCount(b, bth) === 0 ? bth : -1;
}

/** Where the MAD behind a BTH is. */
export const madBehind = (bth: number): number => bth + BTH.size + DETH.size;

function icrcOf(b: Uint8Array, at: number, bth: number): number {
  const local = bth === at + LRH.size;
  const end = madBehind(bth) + MAD_SIZE;
  return byteSwap32(icrcWith(local ? localCover : globalCover, b, local ? at : at + LRH.size, end));
}

export const icrcIsRight = (b: Uint8Array, at: number, bth: number): boolean =>
  ICRC.get.icrc(b, madBehind(bth) + MAD_SIZE) === icrcOf(b, at, bth);

/** Writes the ICRC anew: the MAD has changed, as it does at every hop of a directed route. */
export function sealIcrc(b: Uint8Array, at: number, bth: number): void {
  ICRC.set.icrc(b, madBehind(bth) + MAD_SIZE, icrcOf(b, at, bth));
}

/** A packet with the MAD in a new slot; -1 when there is none. */
export function packetOf(pool: FramePool, head: MadHead, mad: Uint8Array): number {
  const slot = pool.take();
  if (slot < 0) return -1;
  const b = pool.bytes(slot);
  const at = pool.at(slot);
  b.fill(0, at, at + HEAD);
  LRH.set.vl(b, at, head.qp === 0 ? MANAGEMENT_LANE : 0);
  LRH.set.sl(b, at, head.qp === 0 ? 0 : head.sl);
  LRH.set.lnh(b, at, LNH.local);
  LRH.set.dlid(b, at, head.dlid);
  LRH.set.pktLen(b, at, (HEAD + MAD_SIZE + ICRC.size) / WORD);
  LRH.set.slid(b, at, head.slid);
  const bth = at + LRH.size;
  BTH.set.opcode(b, bth, UD_SEND_ONLY);
  BTH.set.migReq(b, bth, 1);
  BTH.set.pkey(b, bth, DEFAULT_P_KEY);
  BTH.set.destQp(b, bth, head.qp);
  BTH.set.psn(b, bth, head.psn);
  DETH.set.qkey(b, bth + BTH.size, head.qp === 0 ? 0 : GSI_QKEY);
  DETH.set.srcQp(b, bth + BTH.size, head.sourceQp);
  b.set(mad, madBehind(bth));
  sealIcrc(b, at, bth);
  pool.setLength(slot, HEAD + MAD_SIZE + ICRC.size + VCRC.size);
  return slot;
}

/** The sender becomes the receiver, as answers by LID have it. */
export function turnAround(b: Uint8Array, at: number, bth: number): void {
  const dlid = LRH.get.dlid(b, at);
  LRH.set.dlid(b, at, LRH.get.slid(b, at));
  LRH.set.slid(b, at, dlid);
  const deth = bth + BTH.size;
  const source = DETH.get.srcQp(b, deth);
  DETH.set.srcQp(b, deth, BTH.get.destQp(b, bth));
  BTH.set.destQp(b, bth, source);
}
