// Posting work requests: entries are written to the queue's memory, and one doorbell rings for the whole list.

import {
  IBV_SEND_FENCE,
  IBV_SEND_INLINE,
  IBV_SEND_SIGNALED,
  IBV_SEND_SOLICITED,
  wrOpcodes,
} from './constant.js';
import type { RdmaDevice } from './device.js';
import { type Address, highHalf, lowHalf, UsageError } from './memory-parts.js';
import type { Context } from './objects.js';
import { AddressWqe, headBytes, highOf, lowOf, OperandWqe, SendWqe, Sge } from './queue-format.js';
import type { QueuePair } from './queue-pair.js';
import { type RecvWr, type SgeInput, writeSge } from './receive-queue.js';
import type { SendWr } from './send-wr.js';

// hot
const isList = <T extends object>(wrs: T | readonly T[]): wrs is readonly T[] => Array.isArray(wrs);

/**
 * Posts a list of work requests with one doorbell. When one is refused, those before it are posted.
 * @throws UsageError EINVAL or ENOMEM
 */
// hot
export function postSend(
  { device, core }: Context,
  qp: QueuePair,
  wrs: SendWr | readonly SendWr[],
): void {
  if (qp.sq === null || !qp.allows.postSend)
    throw new UsageError('EINVAL', `nothing can be sent in ${qp.state}`);
  try {
    if (isList(wrs)) for (let i = 0; i < wrs.length; i++) writeWqe(device, core, qp, wrs[i]!);
    else writeWqe(device, core, qp, wrs);
  } finally {
    if (qp.bells !== qp.posted) {
      device.ringSend(qp, core);
    }
  }
}

const NOTHING: readonly SgeInput[] = [];
const has = (flags: number, flag: number): number => ((flags & flag) === flag ? 1 : 0);

// hot
function writeWqe(device: RdmaDevice, core: Context['core'], qp: QueuePair, wr: SendWr): void {
  const { opcode, inlineData, sgList: sges = NOTHING, sendFlags: flags = 0, wrId = 0 } = wr;
  const code = wrOpcodes[opcode];
  refuse(device, qp, wr, code, sges, inlineData);
  const { bytes } = qp.sq!;
  const at = qp.sq!.at(qp.posted);
  for (let i = at; i < at + SendWqe.size; i++) bytes[i] = 0;
  const { set } = SendWqe;
  set.opcode(bytes, at, code);
  if (flags !== 0) {
    set.fence(bytes, at, has(flags, IBV_SEND_FENCE));
    set.signaled(bytes, at, has(flags, IBV_SEND_SIGNALED));
    set.solicited(bytes, at, has(flags, IBV_SEND_SOLICITED));
    set.inline(bytes, at, has(flags, IBV_SEND_INLINE));
  }
  set.numSge(bytes, at, sges.length);
  let total = 0;
  if (inlineData) total = inlineData.length;
  else for (let i = 0; i < sges.length; i++) total += sges[i]!.length;
  set.length(bytes, at, total);
  set.wrIdHigh(bytes, at, highOf(wrId));
  set.wrIdLow(bytes, at, lowOf(wrId));
  const data = writeOperation(qp, bytes, at, wr, code);
  for (let i = 0; i < sges.length; i++) writeSge(bytes, data + i * Sge.size, sges[i]!);
  if (inlineData) {
    set.inline(bytes, at, 1);
    bytes.set(inlineData, data);
    device.memory.copied(device.now, core, inlineData.length);
  }
  qp.posted++;
}

/** @throws UsageError where a work request is not one that the queue pair can be given */
// hot
function refuse(
  device: RdmaDevice,
  qp: QueuePair,
  wr: SendWr,
  code: number | undefined,
  sges: readonly SgeInput[],
  inlineData: Uint8Array | undefined,
): void {
  const { maxSendWr, maxSendSge, maxInlineData } = qp.cap;
  if (qp.posted - qp.freed >= maxSendWr)
    throw new UsageError('ENOMEM', `the send queue's ${maxSendWr} entries are all posted`);
  if (code === undefined) throw new UsageError('EINVAL', `there is no ${wr.opcode}`);
  if (sges.length > maxSendSge)
    throw new UsageError('EINVAL', `${sges.length} entries, not at most ${maxSendSge}`);
  if (inlineData && inlineData.length > maxInlineData)
    throw new UsageError('EINVAL', `${inlineData.length} bytes inline`);
  if (device.transport !== null) {
    const refused = device.transport.refusesRequest(wr);
    if (refused !== '') throw new UsageError('EOPNOTSUPP', refused);
  }
  if (qp.datagram && !wr.ud) throw new UsageError('EINVAL', 'a datagram needs an address handle');
}

/** The fields that depend on what is asked for; where the data follows. */
// hot
function writeOperation(
  qp: QueuePair,
  b: Uint8Array,
  at: number,
  wr: SendWr,
  code: number,
): number {
  const { set } = SendWqe;
  switch (code) {
    case wrOpcodes.IBV_WR_SEND:
    case wrOpcodes.IBV_WR_SEND_WITH_IMM:
      set.immediate(b, at, wr.immData ?? 0);
      break;
    case wrOpcodes.IBV_WR_SEND_WITH_INV:
      set.immediate(b, at, wr.invalidateRkey ?? 0);
      break;
    case wrOpcodes.IBV_WR_LOCAL_INV:
      set.immediate(b, at, wr.invalidateRkey ?? 0);
      set.rkey(b, at, wr.invalidateRkey ?? 0);
      break;
    case wrOpcodes.IBV_WR_REG_MR:
    case wrOpcodes.IBV_WR_BIND_MW:
      writeMemoryOperation(b, at, wr);
      break;
    case wrOpcodes.IBV_WR_ATOMIC_CMP_AND_SWP:
    case wrOpcodes.IBV_WR_ATOMIC_FETCH_AND_ADD:
      writeAtomic(b, at, wr, code === wrOpcodes.IBV_WR_ATOMIC_CMP_AND_SWP);
      break;
    default:
      writeRemote(b, at, wr);
  }
  if (!qp.addressed) return at + headBytes(b, at);
  return writeAddress(b, at, wr);
}

/** RDMA WRITE and READ, FLUSH and ATOMIC WRITE. */
// hot
function writeRemote(b: Uint8Array, at: number, { rdma, immData, flush, atomicWrite }: SendWr) {
  const { set } = SendWqe;
  set.immediate(b, at, immData ?? 0);
  if (rdma) {
    setAddress(b, at, rdma.remoteAddr);
    set.rkey(b, at, rdma.rkey);
  }
  if (flush) {
    set.length(b, at, flush.length);
    set.immediate(b, at, flush.level * FLUSH_LEVEL + flush.type);
  }
  if (atomicWrite === undefined) return;
  beginOperands(b, at);
  setSwap(b, at, atomicWrite);
}

/** What changes keys. */
// hot
function writeMemoryOperation(b: Uint8Array, at: number, { regMr, bindMw }: SendWr): void {
  const { set } = SendWqe;
  beginOperands(b, at);
  if (regMr) {
    set.rkey(b, at, regMr.key);
    setRegion(b, at, regMr.mr.lkey, regMr.access);
  }
  if (!bindMw) return;
  setAddress(b, at, bindMw.addr);
  set.length(b, at, bindMw.length);
  set.immediate(b, at, bindMw.mw.rkey);
  set.rkey(b, at, bindMw.rkey);
  setRegion(b, at, bindMw.mr.lkey, bindMw.access);
}

function writeAtomic(b: Uint8Array, at: number, { atomic }: SendWr, isSwap: boolean): void {
  beginOperands(b, at);
  if (!atomic) return;
  setAddress(b, at, atomic.remoteAddr);
  SendWqe.set.rkey(b, at, atomic.rkey);
  setSwap(b, at, isSwap ? (atomic.swap ?? 0n) : atomic.compareAdd);
  const compare = isSwap ? atomic.compareAdd : 0n;
  OperandWqe.set.compareHigh(b, at + SendWqe.size, highHalf(compare));
  OperandWqe.set.compareLow(b, at + SendWqe.size, lowHalf(compare));
}

/** Where a datagram goes, or which shared queue receives; where the data follows. */
function writeAddress(b: Uint8Array, at: number, { ud, xrcSrqn }: SendWr): number {
  if (ud || xrcSrqn !== undefined) SendWqe.set.address(b, at, 1);
  const data = at + headBytes(b, at);
  const address = data - AddressWqe.size;
  const { set } = AddressWqe;
  if (ud || xrcSrqn !== undefined) b.fill(0, address, data);
  if (xrcSrqn !== undefined) set.xrcSrq(b, address, xrcSrqn);
  if (ud) {
    set.ah(b, address, ud.ah.handle);
    set.remoteQpn(b, address, ud.remoteQpn);
    set.remoteQkey(b, address, ud.remoteQkey);
  }
  return data;
}

/** Operands follow the head: all zero so far. */
// hot
function beginOperands(b: Uint8Array, at: number): void {
  SendWqe.set.operands(b, at, 1);
  const from = at + SendWqe.size;
  for (let i = from; i < from + OperandWqe.size; i++) b[i] = 0;
}

// hot
function setAddress(b: Uint8Array, at: number, value: Address): void {
  SendWqe.set.vaHigh(b, at, highHalf(value));
  SendWqe.set.vaLow(b, at, lowHalf(value));
}

function setSwap(b: Uint8Array, at: number, value: bigint): void {
  OperandWqe.set.swapHigh(b, at + SendWqe.size, highHalf(value));
  OperandWqe.set.swapLow(b, at + SendWqe.size, lowHalf(value));
}

// hot
function setRegion(b: Uint8Array, at: number, region: number, access: number): void {
  OperandWqe.set.compareLow(b, at + SendWqe.size, region);
  OperandWqe.set.swapLow(b, at + SendWqe.size, access);
}

/** FETH.sel stands above the four bits of FETH.plt. */
const FLUSH_LEVEL = 16;

/** Posts a list of receive requests with one doorbell. */
// hot
export function postRecv(
  { device, core }: Context,
  qp: QueuePair,
  wrs: RecvWr | readonly RecvWr[],
): void {
  const { rq } = qp;
  if (rq === null || rq.shared || !qp.allows.postRecv)
    throw new UsageError('EINVAL', `nothing can be posted for receiving in ${qp.state}`);
  try {
    if (isList(wrs)) for (let i = 0; i < wrs.length; i++) rq.post(wrs[i]!);
    else rq.post(wrs);
  } finally {
    if (rq.rung !== rq.posted) device.ringReceive(rq, qp, core);
  }
}
