// The verbs for resources, by libibverbs' names: protection domains, memory, completion queues, shared receive queues,
// address handles. They change state and return; misuse is a UsageError with the errno of the call.

import { type AhAttr, datagramSourcePort, pathOf } from './address.js';
import {
  CompletionChannel as Channel,
  type CompletionChannel,
  CompletionQueue,
  emptyWc,
  readCqe,
  type Wc,
} from './completion-queue.js';
import { wcOpcodes } from './constant.js';
import type { RdmaDevice } from './device.js';
import { type Actor, type AddressSpace, UsageError } from './memory-parts.js';
import { Ah, Context, Mr, Mw, Pd, Srq } from './objects.js';
import { Cqe } from './queue-format.js';
import { ReceiveQueue, type RecvWr } from './receive-queue.js';
import { demandFacility } from './transport.js';

/** A process opens the device: its address space, and the core that it runs on. */
export const openDevice = (device: RdmaDevice, space: AddressSpace, core: Actor): Context =>
  new Context(device, space, core);

/** ibv_alloc_pd. */
export const allocPd = (context: Context): Pd =>
  new Pd(context, context.device.memory.keys.allocatePd());

/** @throws UsageError EBUSY when something belongs to it */
export function deallocPd(pd: Pd): void {
  if (pd.domain.uses > 0) throw new UsageError('EBUSY', `${pd.domain.uses} objects use the domain`);
}

/** What ibv_reg_mr_iova and replaying captures need. */
export interface RegMrOptions {
  /** Address by which it is accessed, ibv_reg_mr_iova. */
  readonly iova?: bigint;
  /** The whole key, for replaying what was captured. */
  readonly key?: number;
}

/** ibv_reg_mr. */
export function regMr(
  pd: Pd,
  addr: bigint,
  length: number,
  access: number,
  options: RegMrOptions = {},
): Mr {
  const { device, space } = pd.context;
  const region = device.memory.keys.register(pd.domain, space, addr, length, access, options);
  return new Mr(pd, region, addr, length);
}

/** ib_alloc_mr: a region that IBV_WR_REG_MR registers. */
export function allocMr(pd: Pd, maxPages: number): Mr {
  const region = pd.context.device.memory.keys.allocateFast(pd.domain, maxPages);
  return new Mr(pd, region, 0n, 0);
}

/** ib_get_dma_mr, a kernel's own: all memory by machine address. */
export const getDmaMr = (pd: Pd, access: number): Mr =>
  new Mr(pd, pd.context.device.memory.keys.registerPhysical(pd.domain, access), 0n, 0);

/** ibv_dereg_mr. */
export const deregMr = (mr: Mr): void => mr.pd.context.device.memory.keys.deregister(mr.region);

/** ibv_alloc_mw. */
export const allocMw = (pd: Pd, type: 1 | 2): Mw =>
  new Mw(pd, pd.context.device.memory.keys.allocateWindow(pd.domain, type));

/** ibv_dealloc_mw. */
export const deallocMw = (mw: Mw): void =>
  mw.pd.context.device.memory.keys.deallocateWindow(mw.window);

/** ibv_create_comp_channel. */
export const createCompChannel = (): CompletionChannel => new Channel();

/** @throws UsageError EINVAL when `cqe` is none or more than the device has */
export function createCq(
  context: Context,
  cqe: number,
  channel: CompletionChannel | null = null,
  compVector?: number,
): CompletionQueue {
  const { device } = context;
  const { maxCqe, maxCq } = device.profile;
  if (!(Number.isInteger(cqe) && cqe > 0 && cqe <= maxCqe))
    throw new UsageError('EINVAL', `${cqe} entries, not 1 to ${maxCqe}`);
  if (device.cqs.size >= maxCq) throw new UsageError('ENOMEM', `${maxCq} completion queues`);
  const cq = new CompletionQueue(device.cqs.size, context.space, cqe, channel, compVector);
  device.cqs.add(cq);
  return cq;
}

/** ibv_modify_cq: an event after `count` completions, or `periodUs` after the first. */
export function modifyCq(cq: CompletionQueue, count: number, periodUs: number): void {
  if (!(count >= 1 && periodUs >= 0)) throw new UsageError('EINVAL', `${count} in ${periodUs} us`);
  cq.moderationCount = count;
  cq.moderationNs = Math.round(periodUs * 1000);
}

/** ibv_resize_cq. @throws UsageError EINVAL when the device has no such queue, or what waits does not fit */
export function resizeCq(context: Context, cq: CompletionQueue, cqe: number): void {
  const { device, core } = context;
  const { maxCqe } = device.profile;
  if (!(Number.isInteger(cqe) && cqe > 0 && cqe <= maxCqe))
    throw new UsageError('EINVAL', `${cqe} entries, not 1 to ${maxCqe}`);
  const copied = cq.resize(cqe);
  if (copied < 0) throw new UsageError('EINVAL', `more than ${cqe} completions wait`);
  device.memory.copied(device.now, core, copied);
}

/** ibv_destroy_cq. */
export function destroyCq({ device }: Context, cq: CompletionQueue): void {
  if (cq.users > 0) throw new UsageError('EBUSY', `${cq.users} queues report here`);
  if (cq.unacked > 0) throw new UsageError('EBUSY', `${cq.unacked} events are not acknowledged`);
  device.cqs.delete(cq);
  device.forget(-1, cq);
  cq.ring.release();
}

/**
 * Takes up to `numEntries` completions into `wc`, whose objects are used again.
 * @returns how many
 */
export function pollCq(
  { device }: Context,
  cq: CompletionQueue,
  numEntries: number,
  wc: Wc[],
): number {
  const { bytes } = cq.ring;
  let count = 0;
  for (; count < numEntries; count++) {
    const at = cq.peek();
    if (at < 0) break;
    wc[count] ??= emptyWc();
    readCqe(bytes, at, wc[count]!);
    release(device, cq, bytes, at);
    cq.consumed++;
  }
  return count;
}

/** The queue entry of a completion, and in a send queue all before it, may be written again. */
function release(device: RdmaDevice, cq: CompletionQueue, b: Uint8Array, at: number): void {
  const index = Cqe.get.wqeIndex(b, at);
  const srqNum = Cqe.get.srqNum(b, at);
  if (srqNum !== 0) {
    device.srqOf(srqNum)?.free(index);
    return;
  }
  const qp = device.qps.get(Cqe.get.qpNum(b, at));
  if (!qp) return;
  if (Cqe.get.opcode(b, at) >= wcOpcodes.IBV_WC_RECV) qp.rq?.free(index);
  else if (qp.sendCq === cq) {
    qp.freed += ((index - (qp.freed % 2 ** 32) + 2 ** 32) % 2 ** 32) + 1;
  }
}

/** The next completion (of a solicited message only, if so wished) raises an event, once. */
export function reqNotifyCq(cq: CompletionQueue, solicitedOnly = false): void {
  // IBA 11.4.2.2: asking for any wins over asking for solicited ones.
  if (cq.armed !== 'any') cq.armed = solicitedOnly ? 'solicited' : 'any';
}

/** The next event of a channel; undefined when none waits. */
export const getCqEvent = (channel: CompletionChannel): CompletionQueue | undefined =>
  channel.events.shift();

/** ibv_ack_cq_events. */
export function ackCqEvents(cq: CompletionQueue, count: number): void {
  if (count > cq.unacked) throw new UsageError('EINVAL', `${count} events of ${cq.unacked}`);
  cq.unacked -= count;
}

/** struct ibv_srq_init_attr. */
export interface SrqInit {
  readonly maxWr: number;
  readonly maxSge: number;
  readonly srqLimit?: number;
  /** For XRC: where completions go. */
  readonly cq?: CompletionQueue;
}

/** ibv_create_srq. */
export function createSrq(pd: Pd, init: SrqInit): Srq {
  const { device, space } = pd.context;
  const { maxSrq, maxSrqWr, maxSge } = device.profile;
  if (init.cq) demandFacility(device, 'XRC shared queues');
  if (!(init.maxWr >= 1 && init.maxWr <= maxSrqWr && init.maxSge >= 0 && init.maxSge <= maxSge))
    throw new UsageError('EINVAL', `${init.maxWr} requests of ${init.maxSge} entries`);
  if (device.srqs.size >= maxSrq) throw new UsageError('ENOMEM', `${maxSrq} shared queues`);
  const queue = new ReceiveQueue(space, init.maxWr, init.maxSge, device.nextHandle());
  queue.limit = init.srqLimit ?? 0;
  device.srqs.set(queue.handle, queue);
  queue.cq = init.cq ?? null;
  if (init.cq) init.cq.users++;
  pd.domain.uses++;
  return new Srq(pd, queue, init.cq ?? null);
}

/** Arms the limit event (IBA 10.2.9.2). */
export function modifySrq(srq: Srq, srqLimit: number): void {
  if (!(srqLimit >= 0 && srqLimit <= srq.queue.maxWr))
    throw new UsageError('EINVAL', `a limit of ${srqLimit} in ${srq.queue.maxWr}`);
  srq.queue.limit = srqLimit;
  srq.pd.context.device.srqTaken(srq.queue);
}

/** @throws UsageError EBUSY when a queue pair uses it */
export function destroySrq(srq: Srq): void {
  const { device } = srq.pd.context;
  for (const qp of device.qps.values()) {
    if (qp.rq === srq.queue) throw new UsageError('EBUSY', `queue pair ${qp.qpn} uses it`);
  }
  device.srqs.delete(srq.srqNum);
  srq.queue.ring.release();
  if (srq.cq) srq.cq.users--;
  srq.pd.domain.uses--;
}

/** Posts a list of receive requests to a shared queue, with one doorbell. */
export function postSrqRecv(srq: Srq, wrs: RecvWr | readonly RecvWr[]): void {
  const { device, core } = srq.pd.context;
  const list = Array.isArray(wrs) ? (wrs as readonly RecvWr[]) : [wrs as RecvWr];
  try {
    for (const wr of list) srq.queue.post(wr);
  } finally {
    device.ringReceive(srq.queue, null, core);
  }
}

/** @throws UsageError EINVAL when the address cannot be reached */
export function createAh(pd: Pd, attr: AhAttr): Ah {
  const { device } = pd.context;
  demandFacility(device, 'address handles');
  if (device.ahs.size >= device.profile.maxAh) throw new UsageError('ENOMEM', 'address handles');
  const handle = device.nextHandle();
  // The port is the queue pair's own, which sends patch; GSI's for those who never ask.
  const path = pathOf(
    device.address,
    device.neighbours,
    attr,
    datagramSourcePort(1),
    device.profile.migReq,
    device.firstIdentification(),
  );
  device.ahs.set(handle, path);
  pd.domain.uses++;
  return new Ah(pd, handle);
}

/** ibv_destroy_ah. */
export function destroyAh(ah: Ah): void {
  ah.pd.context.device.ahs.delete(ah.handle);
  ah.pd.domain.uses--;
}
