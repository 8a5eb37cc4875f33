// The requester (IBA 9.7.3): which work request is next, whether it may begin, what its packets are. After a loss it
// goes back to the oldest packet that was not acknowledged and sends from there again.

import { after, type Nanos, NEVER } from '../time/index.js';
import { WC, wrOpcodes } from './constant.js';
import type { Engine } from './engine.js';
import { fail, finishSends } from './finish.js';
import { bindWindow, fastRegister, invalidateLocally, joined, Region } from './memory-parts.js';
import { canDo, isReadLike, middleCode, takesReceive, workKind } from './opcode-map.js';
import type { QueuePair } from './queue-pair.js';
import { writeRequest } from './request-packet.js';
import { resendLost, resendUnheard } from './selective-repeat.js';
import { psnAdd, psnDiff } from './wire.js';
import type { SendJob } from './work-request.js';

/** Longest message (IBA 9.7.4.1.6). */
const MAX_MESSAGE = 2 ** 31;
/** The local ACK timeout's unit in nanoseconds (IBA 9.7.6.1.3). */
const TIMEOUT_UNIT_NS = 4096;
export const FOREVER = 7;

/** By the five bits of its code (IBA 9.7.6.1.3): raising to a power at each packet costs more than the rest of its timer. */
const timeouts = Float64Array.from({ length: 32 }, (_, code) => TIMEOUT_UNIT_NS * 2 ** code);

// hot
export const timeoutNs = (code: number): number => timeouts[code]!;

/** Puts the next request packet into a slot; -1 when there is nothing to send now. */
// hot
export function nextRequest(dev: Engine, qp: QueuePair, now: Nanos): number {
  for (;;) {
    const { sends } = qp.allows;
    if (sends === 'no' || now < qp.rnrUntil) return -1;
    if (qp.repeat?.pending) {
      const missing = resendLost(dev, qp, qp.repeat, now);
      if (missing >= 0) return missing;
    }
    const job = currentJob(dev, qp, now);
    if (job === null) return -1;
    if (job.begun && job.done) {
      // One that failed waits for those before it, and nothing behind it begins.
      if (job.status !== WC.SUCCESS) return -1;
      qp.cursor++;
      continue;
    }
    if (!job.begun) {
      if (sends === 'begun' || !mayBegin(dev, qp, job)) return -1;
      const status = begin(dev, qp, job);
      if (status !== WC.SUCCESS) {
        fail(dev, qp, job, status, now);
        return -1;
      }
      if (job.done) {
        qp.cursor++;
        finishSends(dev, qp, now);
        continue;
      }
    }
    if (qp.reliable && psnDiff(qp.sendPsn, qp.unackedPsn) >= mostUnacked(dev, qp)) return -1;
    qp.repeat?.unmark(qp.sendPsn);
    const slot = writeRequest(dev, qp, job, now);
    if (slot >= 0) sent(dev, qp, job, now);
    return slot;
  }
}

// hot
function mostUnacked(dev: Engine, qp: QueuePair): number {
  const { maxUnackedPackets: most } = dev.profile;
  return qp.repeat !== null && qp.repeat.window < most ? qp.repeat.window : most;
}

/** The job at the cursor, fetched from memory when it is new; null when none is rung for. */
// hot
function currentJob(dev: Engine, qp: QueuePair, now: Nanos): SendJob | null {
  if (qp.cursor < qp.fetched) return qp.job(qp.cursor);
  if (qp.cursor >= qp.rung || !dev.entryReady(qp, now)) return null;
  return fetchJob(dev, qp, now);
}

/** Takes the next entry: it has come already, or is fetched by DMA now. */
// hot
export function fetchJob(dev: Engine, qp: QueuePair, now: Nanos): SendJob {
  const ring = qp.sq!;
  const job = qp.job(qp.fetched);
  const { stride } = ring;
  const at = (qp.fetched % (qp.scratch.length / stride)) * stride;
  if (qp.fetched >= qp.entriesEnd) {
    dev.memory.came(ring.fetch(now, dev.memory, qp.fetched, 0, stride, qp.scratch, at));
  }
  job.fetch(qp.scratch, at, qp.fetched);
  qp.fetched++;
  return job;
}

/** Fences, limits of READs and atomics, credits (IBA 10.8.3.3, 9.7.3.2.2, 9.7.7.2). */
// hot
function mayBegin(dev: Engine, qp: QueuePair, job: SendJob): boolean {
  if (job.fence && qp.reads > 0) return false;
  if (isReadLike(workKind(job.opcode)) && qp.maxRdAtomic > 0) return qp.reads < qp.maxRdAtomic;
  if (!dev.profile.heedsCredits || qp.creditLimit < 0 || !takesReceive(job.opcode)) return true;
  const ahead = psnDiff(psnAdd(qp.ssn, 1), qp.creditLimit);
  // Without credits one request may go, to hear of new ones.
  return ahead <= 0 || qp.unackedPsn === qp.newPsn;
}

/** Gives the job its PSNs, or does it on the spot when it is local. Answers a completion status. */
// hot
function begin(dev: Engine, qp: QueuePair, job: SendJob): number {
  const kind = workKind(job.opcode);
  if (kind === undefined || !canDo(qp.type, job.opcode)) return WC.LOC_QP_OP_ERR;
  job.begun = true;
  if (kind === 'local') return local(dev, qp, job);
  const readLike = isReadLike(kind);
  if (readLike && qp.maxRdAtomic === 0) return WC.LOC_QP_OP_ERR;
  if (!job.inline && (kind === 'send' || kind === 'write' || kind === 'read')) {
    job.length = job.sges.total;
  }
  if (job.length > (qp.datagram ? qp.mtu : MAX_MESSAGE)) return WC.LOC_LEN_ERR;
  if (kind === 'atomic' && job.sges.total !== 8) return WC.LOC_LEN_ERR;
  const spread = kind === 'send' || kind === 'write' || kind === 'read';
  job.packets = spread ? Math.max(1, Math.ceil(job.length / qp.mtu)) : 1;
  job.byteLen = kind === 'read' ? job.length : kind === 'atomic' ? 8 : 0;
  job.middleCode = middleCode(qp.type, job.opcode);
  job.lastMiddle = job.middleCode < 0 ? 0 : job.packets - 2;
  job.firstPsn = qp.newPsn;
  job.endPsn = psnAdd(qp.newPsn, job.packets);
  job.reads = kind === 'read';
  qp.newPsn = job.endPsn;
  qp.ssn = psnAdd(qp.ssn, 1);
  job.ssn = qp.ssn;
  if (readLike) qp.reads++;
  return WC.SUCCESS;
}

/** LOCAL_INV, BIND_MW, REG_MR (IBA 11.4.1.1): no packet. */
export function local(dev: Engine, qp: QueuePair, job: SendJob): number {
  const { keys } = dev.memory;
  const by = { pd: qp.pd, qp: qp.qpn };
  job.done = true;
  if (job.opcode === wrOpcodes.IBV_WR_LOCAL_INV) {
    return invalidateLocally(keys, by, job.rkey) === 'done' ? WC.SUCCESS : WC.LOC_QP_OP_ERR;
  }
  if (job.opcode === wrOpcodes.IBV_WR_BIND_MW) {
    const verdict = bindWindow(keys, by, {
      window: job.immediate,
      newKey: job.rkey,
      region: job.compareLow,
      va: joined(job.vaHigh, job.vaLow),
      lengthBytes: job.length,
      access: job.swapLow,
    });
    return verdict === 'done' ? WC.SUCCESS : WC.MW_BIND_ERR;
  }
  const region = keys.find(job.compareLow);
  if (!(region instanceof Region)) return WC.LOC_QP_OP_ERR;
  const verdict = fastRegister(keys, by, region, job.rkey, job.swapLow);
  return verdict === 'done' ? WC.SUCCESS : WC.LOC_QP_OP_ERR;
}

/** A packet of `job` went out: where the requester stands now. */
// hot
function sent(dev: Engine, qp: QueuePair, job: SendJob, now: Nanos): void {
  dev.counters.sent.count++;
  const end = job.endPsn;
  qp.sendPsn = job.reads ? end : psnAdd(qp.sendPsn, 1);
  if (psnDiff(qp.sendPsn, qp.sentPsn) > 0) qp.sentPsn = qp.sendPsn;
  if (qp.sendPsn === end) qp.cursor++;
  if (qp.reliable) {
    if (qp.timeoutAt === NEVER) arm(dev, qp, now);
    return;
  }
  if (!dev.makesAhead) left(dev, qp, qp.sendPsn, now);
}

/** Without acknowledgements, what the port has taken is done; everything before `end` was. */
// hot
export function left(dev: Engine, qp: QueuePair, end: number, now: Nanos): void {
  if (psnDiff(end, qp.unackedPsn) <= 0) return; // flushed meanwhile
  qp.unackedPsn = end;
  for (let i = qp.tail; i < qp.fetched; i++) {
    const job = qp.job(i);
    if (!job.begun) break;
    if (job.done) continue;
    if (psnDiff(end, psnAdd(job.firstPsn, job.packets)) < 0) break;
    job.done = true;
  }
  finishSends(dev, qp, now);
}

/** Starts the transport timer, if there is one (IBA 9.7.6.1.3; 0: none). */
// hot
export function arm(dev: Engine, qp: QueuePair, now: Nanos): void {
  if (qp.timeoutCode === 0) return;
  qp.timeoutAt = after(now, timeoutNs(qp.timeoutCode));
  dev.schedule(qp, qp.timeoutAt);
}

/** Puts the cursor where `unackedPsn` is: everything from there on is sent again. */
export function rewind(qp: QueuePair): void {
  qp.sendPsn = qp.unackedPsn;
  qp.repeat?.clear(qp.unackedPsn);
  for (let i = qp.tail; i < qp.fetched; i++) {
    const job = qp.job(i);
    if (!job.begun) break;
    if (job.done || job.packets === 0) continue;
    if (psnDiff(qp.unackedPsn, job.endPsn) >= 0) continue;
    qp.cursor = i;
    return;
  }
}

/** Goes back and sends again, or gives up when it was tried often enough (IBA 9.7.6.1). */
export function retry(dev: Engine, qp: QueuePair, now: Nanos, why: string): void {
  const oldest = oldestUnanswered(qp);
  if (oldest === null) return;
  dev.tracer?.verdict(now, qp.qpn, qp.unackedPsn, why);
  dev.counters.add(why);
  const forever = qp.retryCount === FOREVER && dev.profile.retrySevenIsForever;
  if (!forever) {
    if (qp.retriesLeft === 0) {
      dev.counters.add('retry_exceeded_err');
      fail(dev, qp, oldest, WC.RETRY_EXC_ERR, now);
      return;
    }
    qp.retriesLeft--;
  }
  const timedOut = why === 'local_ack_timeout_err';
  if (!(timedOut && qp.repeat !== null && resendUnheard(qp, qp.repeat))) {
    qp.rewound = true;
    rewind(qp);
  }
  arm(dev, qp, now);
  dev.activate(qp);
}

/** The request that the oldest missing answer belongs to. */
export function oldestUnanswered(qp: QueuePair): SendJob | null {
  for (let i = qp.tail; i < qp.fetched; i++) {
    const job = qp.job(i);
    if (!job.begun) return null;
    if (!job.done && job.packets > 0) return job;
  }
  return null;
}

/** The transport timer fired. */
export function timedOut(dev: Engine, qp: QueuePair, now: Nanos): void {
  qp.timeoutAt = NEVER;
  if (qp.unackedPsn === qp.sentPsn || !qp.allows.receives) return;
  retry(dev, qp, now, 'local_ack_timeout_err');
}
