// From work requests to DDP segments: what may begin, one message after the other, answers to the peer's requests between
// them. Each call makes one FPDU, of at most MULPDU.

import {
  fail,
  fetchJob,
  finishSends,
  IBV_ACCESS_REMOTE_READ,
  isReadLike,
  local,
  type QueuePair,
  type SendJob,
  WC,
  workKind,
  wrOpcodes,
} from '../rdma/engine-parts.js';
import type { Nanos } from '../time/index.js';
import { UNIT } from './fpdu-source.js';
import { ATOMIC, QUEUE, RDMAP, sendOpcode } from './opcodes.js';
import type { Answer, Stream } from './stream.js';
import { terminate } from './terminate.js';
import { sourceErrorOf } from './verdict.js';
import {
  DDPTagged,
  DDPUntagged,
  Halves,
  RDMAPAtomicRequest,
  RDMAPAtomicResponse,
  RDMAPImmediate,
  RDMAPReadRequest,
} from './wire.js';

const WORD = 2 ** 32;
const ALL_ONES = 0xffffffff;
const ATOMIC_BYTES = 8;
/** Lengths are 32 bits on the wire, and those of the verbs end here. */
const MAX_MESSAGE = 2 ** 31;

/** Frames what the queue pair has to say, as far ahead as is useful. */
// hot
export function feed(s: Stream, qp: QueuePair, now: Nanos): void {
  const { aheadBytes } = s.options;
  while (s.phase === 'rts' && s.maySend && s.ahead < aheadBytes && s.hasRoom) {
    if (!frame(s, qp, now)) return;
  }
}

// hot
function frame(s: Stream, qp: QueuePair, now: Nanos): boolean {
  const { memory, clock } = s.device;
  memory.begin(now);
  if (clock !== null) memory.delay = clock.caches.context(now, qp.qpn);
  if (s.sending === 'request') {
    const job = qp.job(qp.cursor);
    // One that failed waits for those before it, and nothing goes out behind its half.
    return !job.done && requestSegment(s, qp, job, now);
  }
  if (s.sending === 'answer') return answerSegment(s, qp, now);
  if (s.answersCount > 0 && !(s.requestsFirst && begins(s, qp, now))) {
    s.requestsFirst = true;
    return answerSegment(s, qp, now);
  }
  s.requestsFirst = false;
  if (s.sending === 'nothing' && !begins(s, qp, now)) return false;
  return requestSegment(s, qp, qp.job(qp.cursor), now);
}

/** Takes the next work request up, if there is one that may begin; what is local is done on the way. */
// hot
function begins(s: Stream, qp: QueuePair, now: Nanos): boolean {
  const dev = s.device;
  while (qp.state === 'RTS' && qp.cursor < qp.rung) {
    let job = qp.job(qp.cursor);
    if (qp.cursor === qp.fetched) {
      if (!dev.entryReady(qp, now)) return false;
      job = fetchJob(dev, qp, now);
    }
    if (job.done || !mayBegin(qp, job)) return false;
    const status = begin(s, qp, job);
    if (status !== WC.SUCCESS) {
      fail(dev, qp, job, status, now);
      return false;
    }
    if (!job.done) {
      s.sending = 'request';
      s.offset = 0;
      return true;
    }
    qp.cursor++;
    finishSends(dev, qp, now);
  }
  return false;
}

/** Fences and ORD (RFC 5040 5.5, RFC 5040 6.1). */
// hot
function mayBegin(qp: QueuePair, job: SendJob): boolean {
  if (job.fence && qp.reads > 0) return false;
  return !isReadLike(workKind(job.opcode)) || qp.maxRdAtomic === 0 || qp.reads < qp.maxRdAtomic;
}

// hot
function begin(s: Stream, qp: QueuePair, job: SendJob): number {
  const kind = workKind(job.opcode);
  if (kind === undefined || kind === 'flush' || kind === 'atomic-write') return WC.LOC_QP_OP_ERR;
  job.begun = true;
  if (kind === 'local') return local(s.device, qp, job);
  if (isReadLike(kind) && qp.maxRdAtomic === 0) return WC.LOC_QP_OP_ERR;
  if (kind === 'atomic' && job.sges.total !== ATOMIC_BYTES) return WC.LOC_LEN_ERR;
  if (!job.inline) job.length = job.sges.total;
  if (job.length > MAX_MESSAGE) return WC.LOC_LEN_ERR;
  job.packets = 1; // it has gone to the wire: a flush must not forget what was done
  job.byteLen = isReadLike(kind) ? job.length : 0;
  if (isReadLike(kind)) {
    qp.reads++;
    s.ask(job.index);
  }
  return WC.SUCCESS;
}

/** The next segment of the request under way; false when it cannot be made. */
// hot
function requestSegment(s: Stream, qp: QueuePair, job: SendJob, now: Nanos): boolean {
  const what = s.offset === 0 ? UNIT.entry : 0;
  switch (workKind(job.opcode)) {
    case 'read':
      return readRequest(s, qp, job, now);
    case 'atomic':
      return atomicRequest(s, qp, job, now);
    case 'write':
      if (s.offset > job.length) return immediate(s, qp, job, now);
      return dataSegment(s, qp, job, now, true, what);
    default:
      return dataSegment(s, qp, job, now, false, what);
  }
}

/** A segment of a Send or a Write. */
// hot
function dataSegment(
  s: Stream,
  qp: QueuePair,
  job: SendJob,
  now: Nanos,
  isWrite: boolean,
  what: number,
): boolean {
  const { offset } = s;
  const head = isWrite ? DDPTagged.size : DDPUntagged.size;
  const size = Math.min(job.length - offset, s.mulpdu - head);
  const isLast = offset + size === job.length;
  const at = isWrite ? writeHead(s, job, isLast) : sendHead(s, job, isLast);
  if (!gather(s, qp, job, now, size, at)) return false;
  s.offset += size;
  const hasMore = isWrite && job.opcode === wrOpcodes.IBV_WR_RDMA_WRITE_WITH_IMM;
  commit(s, now, at + size, isLast && !hasMore ? job.index : -1, what);
  if (!isLast) return true;
  if (hasMore)
    s.offset = job.length + 1; // the immediate data is next
  else sentWhole(s, qp);
  if (!isWrite) s.sendMsn = nextMsn(s.sendMsn);
  return true;
}

// hot
function writeHead(s: Stream, job: SendJob, isLast: boolean): number {
  const low = job.vaLow + s.offset;
  const high = low >= WORD ? job.vaHigh + 1 : job.vaHigh;
  return s.tagged(RDMAP.WRITE, isLast, job.rkey, high, low % WORD);
}

// hot
function sendHead(s: Stream, job: SendJob, isLast: boolean): number {
  const opcode = sendOpcode(job.opcode, job.solicited);
  const isInvalidating = job.opcode === wrOpcodes.IBV_WR_SEND_WITH_INV;
  const stag = isInvalidating ? job.immediate : 0;
  return s.untagged(opcode, isLast, stag, QUEUE.send, s.sendMsn, s.offset);
}

/** Brings the payload by DMA; where that is refused the request fails, and the stream with it. */
// hot
function gather(
  s: Stream,
  qp: QueuePair,
  job: SendJob,
  now: Nanos,
  size: number,
  at: number,
): boolean {
  const { bytes } = s.source;
  if (job.inline) {
    for (let i = 0; i < size; i++) bytes[at + i] = job.inlineBytes[s.offset + i]!;
    return true;
  }
  if (size === 0) return true;
  const { memory } = s.device;
  const verdict = memory.gather(now, qp.pd, qp.qpn, job.sges, s.offset, size, bytes, at);
  if (verdict === 'allowed') return true;
  fail(s.device, qp, job, WC.LOC_PROT_ERR, now);
  return false;
}

// hot
function commit(s: Stream, now: Nanos, end: number, job: number, what: number): void {
  const { memory } = s.device;
  const known = now + memory.delay;
  s.source.nextReady = memory.arrived > known ? memory.arrived : known;
  s.commit(end, job, what);
}

// hot
function sentWhole(s: Stream, qp: QueuePair): void {
  s.sending = 'nothing';
  s.offset = 0;
  qp.cursor++;
}

/** RFC 5040 4.4; the sink is the only entry of the request. */
// hot
function readRequest(s: Stream, qp: QueuePair, job: SendJob, now: Nanos): boolean {
  const at = s.untagged(RDMAP.READ_REQUEST, true, 0, QUEUE.request, s.readMsn, 0);
  const b = s.source.bytes;
  const { sges } = job;
  const has = sges.count > 0;
  const { set, at: field } = RDMAPReadRequest;
  set.sinkStag(b, at, has ? sges.keys[0]! : 0);
  Halves.set.high(b, at + field.sinkTo, has ? sges.highs[0]! : 0);
  Halves.set.low(b, at + field.sinkTo, has ? sges.lows[0]! : 0);
  set.size(b, at, job.length);
  set.sourceStag(b, at, job.rkey);
  Halves.set.high(b, at + field.sourceTo, job.vaHigh);
  Halves.set.low(b, at + field.sourceTo, job.vaLow);
  asked(s, qp, now, at + RDMAPReadRequest.size);
  return true;
}

/** RFC 7306 5.2.1: whole words, so every mask is all ones, but that of an addition, whose ones would stop carries. */
// hot
function atomicRequest(s: Stream, qp: QueuePair, job: SendJob, now: Nanos): boolean {
  const at = s.untagged(RDMAP.ATOMIC_REQUEST, true, 0, QUEUE.request, s.readMsn, 0);
  const b = s.source.bytes;
  b.fill(0, at, at + RDMAPAtomicRequest.size);
  const { set, at: field } = RDMAPAtomicRequest;
  const isSwap = job.opcode === wrOpcodes.IBV_WR_ATOMIC_CMP_AND_SWP;
  set.opcode(b, at, isSwap ? ATOMIC.compareSwap : ATOMIC.fetchAdd);
  set.requestIdentifier(b, at, s.readMsn);
  set.remoteStag(b, at, job.rkey);
  const { high, low } = Halves.set;
  high(b, at + field.remoteTo, job.vaHigh);
  low(b, at + field.remoteTo, job.vaLow);
  high(b, at + field.addOrSwapData, job.swapHigh);
  low(b, at + field.addOrSwapData, job.swapLow);
  if (isSwap) {
    high(b, at + field.addOrSwapMask, ALL_ONES);
    low(b, at + field.addOrSwapMask, ALL_ONES);
    high(b, at + field.compareData, job.compareHigh);
    low(b, at + field.compareData, job.compareLow);
    high(b, at + field.compareMask, ALL_ONES);
    low(b, at + field.compareMask, ALL_ONES);
  }
  asked(s, qp, now, at + RDMAPAtomicRequest.size);
  return true;
}

// hot
function asked(s: Stream, qp: QueuePair, now: Nanos, end: number): void {
  commit(s, now, end, -1, UNIT.entry);
  s.readMsn = nextMsn(s.readMsn);
  sentWhole(s, qp);
}

/** RFC 7306 6: a message of its own behind the Write. Of its eight bytes the verbs have four. */
// hot
function immediate(s: Stream, qp: QueuePair, job: SendJob, now: Nanos): boolean {
  const opcode = job.solicited ? RDMAP.IMMEDIATE_SE : RDMAP.IMMEDIATE;
  const at = s.untagged(opcode, true, 0, QUEUE.send, s.sendMsn, 0);
  const b = s.source.bytes;
  Halves.set.high(b, at, job.immediate);
  Halves.set.low(b, at, 0);
  commit(s, now, at + RDMAPImmediate.size, job.index, 0);
  s.sendMsn = nextMsn(s.sendMsn);
  sentWhole(s, qp);
  return true;
}

/** The next segment of the oldest answer. */
// hot
function answerSegment(s: Stream, qp: QueuePair, now: Nanos): boolean {
  const answer = s.answers[s.answersFirst]!;
  if (answer.readyAt > now) s.device.memory.await(now, answer.readyAt);
  return answer.kind === 'read' ? readResponse(s, qp, answer, now) : atomicResponse(s, answer, now);
}

// hot
function readResponse(s: Stream, qp: QueuePair, answer: Answer, now: Nanos): boolean {
  const { sent, length } = answer;
  const size = Math.min(length - sent, s.mulpdu - DDPTagged.size);
  const isLast = sent + size === length;
  const low = answer.sinkLow + sent;
  const high = low >= WORD ? answer.sinkHigh + 1 : answer.sinkHigh;
  const at = s.tagged(RDMAP.READ_RESPONSE, isLast, answer.sinkStag, high, low % WORD);
  if (size > 0 && !readSource(s, qp, answer, now, size, at)) return false;
  answer.sent += size;
  commit(s, now, at + size, -1, UNIT.data);
  s.sending = isLast ? 'nothing' : 'answer';
  if (isLast) s.dropAnswer();
  return true;
}

/** Brings a piece of what the peer reads: its key is looked at again, for the region may have gone meanwhile. */
// hot
function readSource(
  s: Stream,
  qp: QueuePair,
  answer: Answer,
  now: Nanos,
  size: number,
  at: number,
): boolean {
  const { memory } = s.device;
  const low = answer.sourceLow + answer.sent;
  const high = low >= WORD ? answer.sourceHigh + 1 : answer.sourceHigh;
  const right = IBV_ACCESS_REMOTE_READ;
  const key = answer.sourceStag;
  const verdict = memory.keys.check(key, qp.pd, qp.qpn, high, low % WORD, size, right);
  if (verdict !== 'allowed') {
    terminate(s, now, sourceErrorOf(verdict));
    return false;
  }
  memory.readChecked(now, size, s.source.bytes, at);
  return true;
}

/** RFC 7306 5.2.2 */
// hot
function atomicResponse(s: Stream, answer: Answer, now: Nanos): boolean {
  const queue = QUEUE.atomicResponse;
  const at = s.untagged(RDMAP.ATOMIC_RESPONSE, true, 0, queue, s.answerMsn, 0);
  const b = s.source.bytes;
  const value = at + RDMAPAtomicResponse.at.originalRemoteDataValue;
  RDMAPAtomicResponse.set.originalRequestIdentifier(b, at, answer.identifier);
  Halves.set.high(b, value, answer.high);
  Halves.set.low(b, value, answer.low);
  commit(s, now, at + RDMAPAtomicResponse.size, -1, 0);
  s.answerMsn = nextMsn(s.answerMsn);
  s.dropAnswer();
  return true;
}

/** MSNs go round (RFC 5041 4.3). */
// hot
export const nextMsn = (msn: number): number => (msn + 1) >>> 0;

/** What TCP has taken is sent: requests that have no answer are complete (RFC 5040 6.4). */
// hot
export function reportSent(s: Stream, qp: QueuePair, now: Nanos): void {
  const { sentJob } = s.source;
  if (sentJob < s.reported) return;
  for (let i = Math.max(s.reported, qp.tail); i <= sentJob; i++) {
    const job = qp.job(i);
    if (!isReadLike(workKind(job.opcode))) job.done = true;
  }
  s.reported = sentJob + 1;
  finishSends(s.device, qp, now);
}
