// Atomic operations (RFC 7306 5): carried out in memory by DMA, and their answers taken.

import {
  IBV_ACCESS_REMOTE_ATOMIC,
  type QueuePair,
  WC,
  WordOperation,
  workKind,
} from '../rdma/engine-parts.js';
import type { Nanos } from '../time/index.js';
import { answeredJob, known } from './answers.js';
import { ATOMIC } from './opcodes.js';
import type { Segment, Stream } from './stream.js';
import type { StreamError } from './terminate-error.js';
import { sourceErrorOf } from './verdict.js';
import { DDPUntagged, Halves, RDMAPAtomicRequest, RDMAPAtomicResponse } from './wire.js';

const ATOMIC_BYTES = 8;

const operation = new WordOperation();

/** RFC 7306 5.2.1, with the masks of 5.1. */
// hot
export function atomicRequest(s: Stream, qp: QueuePair, g: Segment, now: Nanos): StreamError | '' {
  const { bytes: b } = g;
  const at = g.at + DDPUntagged.size;
  const { get, at: field } = RDMAPAtomicRequest;
  const { high, low } = Halves.get;
  const { memory } = s.device;
  const opcode = get.opcode(b, at);
  operation.swaps = opcode === ATOMIC.compareSwap;
  if (!operation.swaps && opcode !== ATOMIC.fetchAdd) return 'unexpected-opcode';
  operation.dataHigh = high(b, at + field.addOrSwapData);
  operation.dataLow = low(b, at + field.addOrSwapData);
  operation.maskHigh = high(b, at + field.addOrSwapMask);
  operation.maskLow = low(b, at + field.addOrSwapMask);
  operation.compareHigh = high(b, at + field.compareData);
  operation.compareLow = low(b, at + field.compareData);
  operation.compareMaskHigh = high(b, at + field.compareMask);
  operation.compareMaskLow = low(b, at + field.compareMask);
  const to = at + field.remoteTo;
  const right = IBV_ACCESS_REMOTE_ATOMIC;
  const stag = get.remoteStag(b, at);
  const verdict = memory.change(now, qp, stag, high(b, to), low(b, to), right, operation);
  if (verdict !== 'allowed') return sourceErrorOf(verdict);
  const answer = s.addAnswer()!;
  answer.kind = 'atomic';
  answer.identifier = get.requestIdentifier(b, at);
  answer.high = memory.dma.originalHigh;
  answer.low = memory.dma.originalLow;
  known(s, answer, now);
  return '';
}

const value = new Uint8Array(ATOMIC_BYTES);

// hot
export function atomicResponse(s: Stream, qp: QueuePair, g: Segment, now: Nanos): StreamError | '' {
  const { bytes: b, at, length } = g;
  const { get } = DDPUntagged;
  if (length !== DDPUntagged.size + RDMAPAtomicResponse.size) return 'too-long';
  if (get.mo(b, at) !== 0 || get.last(b, at) === 0) return 'invalid-offset';
  const index = s.oldestAsked;
  if (index < 0) return 'unexpected-opcode';
  const job = qp.job(index);
  if (workKind(job.opcode) !== 'atomic') return 'unexpected-opcode';
  const from = at + DDPUntagged.size + RDMAPAtomicResponse.at.originalRemoteDataValue;
  // As the host keeps its words, which is the other way round.
  for (let i = 0; i < ATOMIC_BYTES; i++) value[i] = b[from + ATOMIC_BYTES - 1 - i]!;
  const { memory } = s.device;
  const verdict = memory.scatter(now, qp.pd, qp.qpn, job.sges, 0, ATOMIC_BYTES, value, 0);
  if (verdict !== 'allowed') job.status = WC.LOC_PROT_ERR;
  answeredJob(s, qp, now);
  return verdict === 'allowed' ? '' : 'local-catastrophe';
}
