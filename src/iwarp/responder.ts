// DDP segments of the peer: checked in the order of the layers (MPA, DDP, RDMAP), placed, and delivered. What is wrong ends
// the stream with the error that the standards name.

import {
  IBV_ACCESS_REMOTE_READ,
  IBV_ACCESS_REMOTE_WRITE,
  invalidateRemotely,
  type QueuePair,
  WC,
  wcOpcodes,
  workKind,
} from '../rdma/engine-parts.js';
import type { Nanos } from '../time/index.js';
import { answeredJob, known } from './answers.js';
import { atomicRequest, atomicResponse } from './atomic.js';
import { QUEUE, RDMAP } from './opcodes.js';
import { nextMsn } from './requester.js';
import type { Segment, Stream } from './stream.js';
import { terminate, terminated } from './terminate.js';
import type { StreamError } from './terminate-error.js';
import { sinkErrorOf, sourceErrorOf } from './verdict.js';
import {
  DDPTagged,
  DDPUntagged,
  Halves,
  RDMAPAtomicRequest,
  RDMAPImmediate,
  RDMAPReadRequest,
  RDMAPTerminate,
} from './wire.js';

const WORD = 2 ** 32;

/** Opcodes of tagged messages, and the queue of each untagged one; -1 where there is none. */
const queueOf = new Int8Array(16).fill(-1);
for (const code of [
  RDMAP.SEND,
  RDMAP.SEND_SE,
  RDMAP.SEND_INVALIDATE,
  RDMAP.SEND_SE_INVALIDATE,
  RDMAP.IMMEDIATE,
  RDMAP.IMMEDIATE_SE,
])
  queueOf[code] = QUEUE.send;
queueOf[RDMAP.READ_REQUEST] = QUEUE.request;
queueOf[RDMAP.ATOMIC_REQUEST] = QUEUE.request;
queueOf[RDMAP.TERMINATE] = QUEUE.terminate;
queueOf[RDMAP.ATOMIC_RESPONSE] = QUEUE.atomicResponse;

/** A ULPDU of `length` bytes. */
// hot
export function receiveSegment(
  s: Stream,
  b: Uint8Array,
  at: number,
  length: number,
  now: Nanos,
): void {
  const qp = s.qp!;
  const { device } = s;
  device.memory.begin(now);
  if (device.clock !== null) device.memory.delay = device.clock.caches.context(now, qp.qpn);
  const { segment } = s;
  segment.bytes = b;
  segment.at = at;
  segment.length = length;
  const error = judge(s, qp, segment, now);
  if (error === '') device.judged(now, qp, false);
  else terminate(s, now, error, segment);
}

// hot
function judge(s: Stream, qp: QueuePair, g: Segment, now: Nanos): StreamError | '' {
  const { bytes: b, at, length } = g;
  if (length === 0) return ''; // an RTR that is no message
  const isTagged = DDPTagged.get.tagged(b, at) === 1;
  const { get } = DDPUntagged;
  if (length < (isTagged ? DDPTagged.size : DDPUntagged.size)) return 'unspecified';
  if (get.dv(b, at) !== 1) return isTagged ? 'ddp-version-tagged' : 'ddp-version-untagged';
  if (get.rv(b, at) !== 1) return 'rdmap-version';
  if (isTagged) {
    const opcode = get.opcode(b, at);
    if (opcode === RDMAP.WRITE) return write(s, qp, g, now);
    if (opcode === RDMAP.READ_RESPONSE) return readResponse(s, qp, g, now);
    return 'unexpected-opcode';
  }
  return untagged(s, qp, g, now);
}

/** RFC 5040 5.2 */
// hot
function write(s: Stream, qp: QueuePair, g: Segment, now: Nanos): StreamError | '' {
  const { bytes: b, at, length } = g;
  const size = length - DDPTagged.size;
  if (size > 0) {
    const { memory } = s.device;
    const high = Halves.get.high(b, at + DDPTagged.at.to);
    const low = Halves.get.low(b, at + DDPTagged.at.to);
    const stag = DDPTagged.get.stag(b, at);
    const right = IBV_ACCESS_REMOTE_WRITE;
    const verdict = memory.keys.check(stag, qp.pd, qp.qpn, high, low, size, right);
    if (verdict !== 'allowed') return sinkErrorOf(verdict);
    memory.writeChecked(now, size, b, at + DDPTagged.size);
  }
  s.written += size;
  if (DDPTagged.get.last(b, at) === 1) {
    s.lastWrite = s.written; // what an Immediate that follows speaks of
    s.written = 0;
  }
  return '';
}

/** Data for the oldest READ, exactly where it was asked for (RFC 5040 5.3). */
// hot
function readResponse(s: Stream, qp: QueuePair, g: Segment, now: Nanos): StreamError | '' {
  const { bytes: b, at, length } = g;
  const size = length - DDPTagged.size;
  const isLast = DDPTagged.get.last(b, at) === 1;
  if (s.rtrRead && s.askedCount === 0) {
    if (size > 0 || !isLast) return 'sink-bounds';
    s.rtrRead = false;
    return '';
  }
  const index = s.oldestAsked;
  if (index < 0) return 'unexpected-opcode';
  const job = qp.job(index);
  if (workKind(job.opcode) !== 'read') return 'unexpected-opcode';
  const { sges } = job;
  const has = sges.count > 0;
  if (DDPTagged.get.stag(b, at) !== (has ? sges.keys[0]! : 0)) return 'sink-stag';
  const low = (has ? sges.lows[0]! : 0) + job.answered;
  const high = (has ? sges.highs[0]! : 0) + (low >= WORD ? 1 : 0);
  if (Halves.get.low(b, at + DDPTagged.at.to) !== low % WORD) return 'sink-bounds';
  if (Halves.get.high(b, at + DDPTagged.at.to) !== high) return 'sink-bounds';
  if (job.answered + size > job.length) return 'sink-bounds';
  if (isLast && job.answered + size !== job.length) return 'sink-bounds';
  if (size > 0) {
    const { memory } = s.device;
    const from = at + DDPTagged.size;
    const verdict = memory.scatter(now, qp.pd, qp.qpn, sges, job.answered, size, b, from);
    if (verdict !== 'allowed') {
      job.status = WC.LOC_PROT_ERR;
      answeredJob(s, qp, now);
      return 'sink-stag';
    }
    job.answered += size;
  }
  if (isLast) answeredJob(s, qp, now);
  return '';
}

/** Queue, MSN and offset (RFC 5041 5.4), then what the message is. */
// hot
function untagged(s: Stream, qp: QueuePair, g: Segment, now: Nanos): StreamError | '' {
  const { bytes: b, at, length } = g;
  const { get } = DDPUntagged;
  const opcode = get.opcode(b, at);
  const queue = get.qn(b, at);
  if (queue > QUEUE.atomicResponse) return 'invalid-queue';
  const right = queueOf[opcode]!;
  if (right < 0) return 'unexpected-opcode';
  if (right !== queue) return 'invalid-queue';
  const msn = get.msn(b, at);
  switch (queue) {
    case QUEUE.send:
      return msn === s.receiveMsn ? queueZero(s, qp, g, now) : 'msn-range';
    case QUEUE.request:
      if (msn !== s.requestMsn) return 'msn-range';
      s.requestMsn = nextMsn(msn);
      return request(s, qp, g, now);
    case QUEUE.atomicResponse:
      if (msn !== s.responseMsn) return 'msn-range';
      s.responseMsn = nextMsn(msn);
      return atomicResponse(s, qp, g, now);
    default:
      if (length >= DDPUntagged.size + RDMAPTerminate.size)
        terminated(s, now, b, at + DDPUntagged.size, at + length);
      else return 'unspecified';
      return '';
  }
}

// hot
function queueZero(s: Stream, qp: QueuePair, g: Segment, now: Nanos): StreamError | '' {
  const { bytes: b, at, length } = g;
  const { get } = DDPUntagged;
  const opcode = get.opcode(b, at);
  if (get.mo(b, at) !== s.received) return 'invalid-offset';
  const { device } = s;
  if (!s.inSend) {
    const queue = qp.rq;
    if (!queue?.take(now, device.memory, qp.recvJob)) return 'no-buffer';
    qp.hasRecv = true;
    s.inSend = true;
    if (queue.shared) device.srqTaken(queue);
  }
  const isLast = get.last(b, at) === 1;
  if (opcode === RDMAP.IMMEDIATE || opcode === RDMAP.IMMEDIATE_SE) {
    if (!isLast || length !== DDPUntagged.size + RDMAPImmediate.size) return 'unspecified';
    const data = Halves.get.high(b, at + DDPUntagged.size);
    complete(s, qp, now, wcOpcodes.IBV_WC_RECV_RDMA_WITH_IMM, opcode, data, s.lastWrite);
    return '';
  }
  const size = length - DDPUntagged.size;
  const { sges } = qp.recvJob;
  if (s.received + size > sges.total) {
    refuse(s, qp, WC.LOC_LEN_ERR, now);
    return 'too-long';
  }
  if (size > 0) {
    const from = at + DDPUntagged.size;
    const { memory } = device;
    const verdict = memory.scatter(now, qp.pd, qp.qpn, sges, s.received, size, b, from);
    if (verdict !== 'allowed') {
      refuse(s, qp, WC.LOC_PROT_ERR, now);
      return 'stream-catastrophe';
    }
    s.received += size;
  }
  if (!isLast) return '';
  let key = 0;
  if (opcode === RDMAP.SEND_INVALIDATE || opcode === RDMAP.SEND_SE_INVALIDATE) {
    key = get.invalidateStag(b, at);
    const by = { pd: qp.pd, qp: qp.qpn };
    if (invalidateRemotely(device.memory.keys, by, key) !== 'done') {
      refuse(s, qp, WC.REM_INV_REQ_ERR, now);
      return 'cannot-invalidate';
    }
  }
  complete(s, qp, now, wcOpcodes.IBV_WC_RECV, opcode, key, s.received);
  return '';
}

/** The receive request that was taken ends badly. */
function refuse(s: Stream, qp: QueuePair, status: number, now: Nanos): void {
  s.inSend = false;
  qp.hasRecv = false;
  s.device.completeRecv(now, qp, qp.recvJob, status);
}

// hot
function complete(
  s: Stream,
  qp: QueuePair,
  now: Nanos,
  wcOpcode: number,
  opcode: number,
  data: number,
  byteLen: number,
): void {
  const { arrival } = s.device;
  arrival.opcode = wcOpcode;
  arrival.byteLen = byteLen;
  arrival.withImm = wcOpcode === wcOpcodes.IBV_WC_RECV_RDMA_WITH_IMM;
  arrival.withInv = opcode === RDMAP.SEND_INVALIDATE || opcode === RDMAP.SEND_SE_INVALIDATE;
  arrival.immediate = data;
  arrival.solicited =
    opcode === RDMAP.SEND_SE ||
    opcode === RDMAP.SEND_SE_INVALIDATE ||
    opcode === RDMAP.IMMEDIATE_SE;
  arrival.grh = false;
  s.inSend = false;
  s.received = 0;
  s.receiveMsn = nextMsn(s.receiveMsn);
  qp.hasRecv = false;
  s.device.completeRecv(now, qp, qp.recvJob, WC.SUCCESS);
}

/** Read and Atomic Requests: one segment each, as many at a time as IRD (RFC 5040 6.1). */
// hot
function request(s: Stream, qp: QueuePair, g: Segment, now: Nanos): StreamError | '' {
  const { bytes: b, at, length } = g;
  const { get } = DDPUntagged;
  const isRead = get.opcode(b, at) === RDMAP.READ_REQUEST;
  if (get.mo(b, at) !== 0) return 'invalid-offset';
  const size = isRead ? RDMAPReadRequest.size : RDMAPAtomicRequest.size;
  if (length !== DDPUntagged.size + size || get.last(b, at) === 0) return 'too-long';
  if (!isRead && s.device.profile.atomics === false) return 'unexpected-opcode';
  if (s.answersCount === s.answers.length) return 'no-buffer';
  return isRead ? readRequest(s, qp, g, now) : atomicRequest(s, qp, g, now);
}

// hot
function readRequest(s: Stream, qp: QueuePair, g: Segment, now: Nanos): StreamError | '' {
  const { bytes: b } = g;
  const at = g.at + DDPUntagged.size;
  const { get, at: field } = RDMAPReadRequest;
  const { high, low } = Halves.get;
  const { memory } = s.device;
  const length = get.size(b, at);
  const stag = get.sourceStag(b, at);
  const sourceHigh = high(b, at + field.sourceTo);
  const sourceLow = low(b, at + field.sourceTo);
  if (length > 0) {
    const right = IBV_ACCESS_REMOTE_READ;
    const verdict = memory.keys.check(stag, qp.pd, qp.qpn, sourceHigh, sourceLow, length, right);
    if (verdict !== 'allowed') return sourceErrorOf(verdict);
  }
  const answer = s.addAnswer()!;
  answer.kind = 'read';
  answer.sinkStag = get.sinkStag(b, at);
  answer.sinkHigh = high(b, at + field.sinkTo);
  answer.sinkLow = low(b, at + field.sinkTo);
  answer.sourceStag = stag;
  answer.sourceHigh = sourceHigh;
  answer.sourceLow = sourceLow;
  answer.length = length;
  known(s, answer, now);
  return '';
}
