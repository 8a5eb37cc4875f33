// Posting work requests: entries are written to the queue's memory, and one doorbell rings for the whole list.

import {
  IBV_SEND_FENCE,
  IBV_SEND_INLINE,
  IBV_SEND_SIGNALED,
  IBV_SEND_SOLICITED,
  type WrOpcode,
  wrOpcodes,
} from './constant.js';
import type { RdmaDevice } from './device.js';
import { highHalf, lowHalf, UsageError } from './memory-parts.js';
import type { Ah, Context, Mr, Mw } from './objects.js';
import { AddressWqe, headBytes, highOf, lowOf, OperandWqe, SendWqe, Sge } from './queue-format.js';
import type { QueuePair } from './queue-pair.js';
import { type RecvWr, type SgeInput, writeSge } from './receive-queue.js';

/** struct ibv_send_wr. */
export interface SendWr {
  readonly wrId?: number;
  readonly opcode: WrOpcode;
  readonly sgList?: readonly SgeInput[];
  /** IBV_SEND_INLINE: the bytes themselves, in place of a scatter-gather list. */
  readonly inlineData?: Uint8Array;
  readonly sendFlags?: number;
  readonly immData?: number;
  readonly invalidateRkey?: number;
  readonly rdma?: { readonly remoteAddr: bigint; readonly rkey: number };
  readonly atomic?: {
    readonly remoteAddr: bigint;
    readonly rkey: number;
    readonly compareAdd: bigint;
    readonly swap?: bigint;
  };
  readonly ud?: { readonly ah: Ah; readonly remoteQpn: number; readonly remoteQkey: number };
  readonly bindMw?: {
    readonly mw: Mw;
    readonly rkey: number;
    readonly mr: Mr;
    readonly addr: bigint;
    readonly length: number;
    readonly access: number;
  };
  readonly regMr?: { readonly mr: Mr; readonly key: number; readonly access: number };
  /** FLUSH: bytes, placement (1 global, 2 persistent) and level (0 range, 1 region). */
  readonly flush?: { readonly length: number; readonly type: number; readonly level: number };
  readonly atomicWrite?: bigint;
  readonly xrcSrqn?: number;
}

/**
 * Posts a list of work requests with one doorbell. When one is refused, those before it are posted.
 * @throws UsageError EINVAL or ENOMEM
 */
export function postSend(
  { device, core }: Context,
  qp: QueuePair,
  wrs: SendWr | readonly SendWr[],
): void {
  if (qp.sq === null || !qp.allows.postSend)
    throw new UsageError('EINVAL', `nothing can be sent in ${qp.state}`);
  const list = Array.isArray(wrs) ? (wrs as readonly SendWr[]) : [wrs as SendWr];
  try {
    for (let i = 0; i < list.length; i++) writeWqe(device, core, qp, list[i]!);
  } finally {
    if (qp.bells !== qp.posted) {
      device.ringSend(qp, core);
    }
  }
}

const NOTHING: readonly SgeInput[] = [];
const has = (flags: number, flag: number): number => ((flags & flag) === flag ? 1 : 0);

function writeWqe(device: RdmaDevice, core: Context['core'], qp: QueuePair, wr: SendWr): void {
  const ring = qp.sq!;
  if (qp.posted - qp.freed >= qp.cap.maxSendWr)
    throw new UsageError('ENOMEM', `the send queue's ${qp.cap.maxSendWr} entries are all posted`);
  const code = wrOpcodes[wr.opcode];
  if (code === undefined) throw new UsageError('EINVAL', `there is no ${wr.opcode}`);
  const flags = wr.sendFlags ?? 0;
  const { inlineData } = wr;
  const sges = wr.sgList ?? NOTHING;
  if (sges.length > qp.cap.maxSendSge)
    throw new UsageError('EINVAL', `${sges.length} entries, not at most ${qp.cap.maxSendSge}`);
  if (inlineData && inlineData.length > qp.cap.maxInlineData)
    throw new UsageError('EINVAL', `${inlineData.length} bytes inline`);
  const refused = device.transport?.refusesRequest(wr) ?? '';
  if (refused !== '') throw new UsageError('EOPNOTSUPP', refused);
  if (qp.datagram && !wr.ud) throw new UsageError('EINVAL', 'a datagram needs an address handle');
  const { bytes } = ring;
  const at = ring.at(qp.posted);
  bytes.fill(0, at, at + SendWqe.size);
  const { set } = SendWqe;
  set.opcode(bytes, at, code);
  set.fence(bytes, at, has(flags, IBV_SEND_FENCE));
  set.signaled(bytes, at, has(flags, IBV_SEND_SIGNALED));
  set.solicited(bytes, at, has(flags, IBV_SEND_SOLICITED));
  set.inline(bytes, at, inlineData ? 1 : has(flags, IBV_SEND_INLINE));
  set.numSge(bytes, at, sges.length);
  let total = inlineData?.length ?? 0;
  if (!inlineData) for (let i = 0; i < sges.length; i++) total += sges[i]!.length;
  set.length(bytes, at, wr.flush?.length ?? total);
  set.wrIdHigh(bytes, at, highOf(wr.wrId ?? 0));
  set.wrIdLow(bytes, at, lowOf(wr.wrId ?? 0));
  const data = writeOperation(bytes, at, wr);
  for (let i = 0; i < sges.length; i++) {
    writeSge(bytes, data + i * Sge.size, sges[i]!);
  }
  if (inlineData) {
    bytes.set(inlineData, data);
    device.memory.copied(device.now, core, inlineData.length);
  }
  qp.posted++;
}

/** The fields that depend on what is asked for; where the data follows. */
function writeOperation(b: Uint8Array, at: number, wr: SendWr): number {
  const { set } = SendWqe;
  const { rdma, regMr, bindMw, atomic, atomicWrite, ud, xrcSrqn } = wr;
  if (atomic || atomicWrite !== undefined || bindMw || regMr) set.operands(b, at, 1);
  if (ud || xrcSrqn !== undefined) set.address(b, at, 1);
  const data = at + headBytes(b, at);
  if (data > at + SendWqe.size) b.fill(0, at + SendWqe.size, data);
  set.immediate(b, at, wr.immData ?? wr.invalidateRkey ?? 0);
  if (wr.opcode === 'IBV_WR_LOCAL_INV') set.rkey(b, at, wr.invalidateRkey ?? 0);
  if (rdma) {
    setAddress(b, at, rdma.remoteAddr);
    set.rkey(b, at, rdma.rkey);
  }
  if (wr.flush) set.immediate(b, at, wr.flush.level * FLUSH_LEVEL + wr.flush.type);
  if (atomicWrite !== undefined) setSwap(b, at, atomicWrite);
  if (atomic) writeAtomic(b, at, atomic, wr.opcode === 'IBV_WR_ATOMIC_CMP_AND_SWP');
  if (xrcSrqn !== undefined) AddressWqe.set.xrcSrq(b, data - AddressWqe.size, xrcSrqn);
  if (ud) {
    AddressWqe.set.ah(b, data - AddressWqe.size, ud.ah.handle);
    AddressWqe.set.remoteQpn(b, data - AddressWqe.size, ud.remoteQpn);
    AddressWqe.set.remoteQkey(b, data - AddressWqe.size, ud.remoteQkey);
  }
  if (bindMw) {
    setAddress(b, at, bindMw.addr);
    set.length(b, at, bindMw.length);
    set.immediate(b, at, bindMw.mw.rkey);
    set.rkey(b, at, bindMw.rkey);
    setRegion(b, at, bindMw.mr.lkey, bindMw.access);
  }
  if (regMr) {
    set.rkey(b, at, regMr.key);
    setRegion(b, at, regMr.mr.lkey, regMr.access);
  }
  return data;
}

function writeAtomic(
  b: Uint8Array,
  at: number,
  atomic: NonNullable<SendWr['atomic']>,
  isSwap: boolean,
): void {
  setAddress(b, at, atomic.remoteAddr);
  SendWqe.set.rkey(b, at, atomic.rkey);
  setSwap(b, at, isSwap ? (atomic.swap ?? 0n) : atomic.compareAdd);
  const compare = isSwap ? atomic.compareAdd : 0n;
  OperandWqe.set.compareHigh(b, at + SendWqe.size, highHalf(compare));
  OperandWqe.set.compareLow(b, at + SendWqe.size, lowHalf(compare));
}

function setAddress(b: Uint8Array, at: number, value: bigint): void {
  SendWqe.set.vaHigh(b, at, highHalf(value));
  SendWqe.set.vaLow(b, at, lowHalf(value));
}

function setSwap(b: Uint8Array, at: number, value: bigint): void {
  OperandWqe.set.swapHigh(b, at + SendWqe.size, highHalf(value));
  OperandWqe.set.swapLow(b, at + SendWqe.size, lowHalf(value));
}

function setRegion(b: Uint8Array, at: number, region: number, access: number): void {
  OperandWqe.set.compareLow(b, at + SendWqe.size, region);
  OperandWqe.set.swapLow(b, at + SendWqe.size, access);
}

/** FETH.sel stands above the four bits of FETH.plt. */
const FLUSH_LEVEL = 16;

/** Posts a list of receive requests with one doorbell. */
export function postRecv(
  { device, core }: Context,
  qp: QueuePair,
  wrs: RecvWr | readonly RecvWr[],
): void {
  const { rq } = qp;
  if (rq === null || rq.shared || !qp.allows.postRecv)
    throw new UsageError('EINVAL', `nothing can be posted for receiving in ${qp.state}`);
  const list = Array.isArray(wrs) ? (wrs as readonly RecvWr[]) : [wrs as RecvWr];
  try {
    for (const wr of list) rq.post(wr);
  } finally {
    if (rq.rung !== rq.posted) device.ringReceive(rq, qp, core);
  }
}
