// Atomic operations (RFC 7306 5): carried out in memory by DMA, and their answers taken.

import { IBV_ACCESS_REMOTE_ATOMIC, type QueuePair, WC, workKind } from '../rdma/engine-parts.js';
import type { Nanos } from '../time/index.js';
import { answeredJob, known } from './answers.js';
import { ATOMIC } from './opcodes.js';
import type { Stream } from './stream.js';
import type { StreamError } from './terminate-error.js';
import { sourceErrorOf } from './verdict.js';
import { DDPUntagged, Halves, RDMAPAtomicRequest, RDMAPAtomicResponse } from './wire.js';

const ALL_ONES = 0xffffffff;
/** The highest bit of the high half: where carries end anyway. */
const HIGHEST = 0x80000000;
const ATOMIC_BYTES = 8;

/** RFC 7306 5: fields that end inside the word, and parts of a word, are not there. */
// hot
export function atomicRequest(
  s: Stream,
  qp: QueuePair,
  b: Uint8Array,
  at: number,
  now: Nanos,
): StreamError | '' {
  const { get, at: field } = RDMAPAtomicRequest;
  const { high, low } = Halves.get;
  const { memory } = s.device;
  const opcode = get.opcode(b, at);
  const isSwap = opcode === ATOMIC.compareSwap;
  if (!isSwap && opcode !== ATOMIC.fetchAdd) return 'unexpected-opcode';
  if (!isWhole(b, at + field.addOrSwapMask, isSwap)) return 'unspecified';
  if (isSwap && !isWhole(b, at + field.compareMask, true)) return 'unspecified';
  const to = at + field.remoteTo;
  const right = IBV_ACCESS_REMOTE_ATOMIC;
  const key = get.remoteStag(b, at);
  const va = high(b, to);
  const verdict = memory.keys.check(key, qp.pd, qp.qpn, va, low(b, to), ATOMIC_BYTES, right);
  if (verdict !== 'allowed') return sourceErrorOf(verdict);
  const { translation, offset } = memory.keys;
  const { dma } = memory;
  memory.walk(now, ATOMIC_BYTES);
  memory.atomic = true;
  const data = at + field.addOrSwapData;
  if (isSwap) {
    const compare = at + field.compareData;
    memory.came(
      dma.compareSwap(
        now,
        translation,
        offset,
        high(b, compare),
        low(b, compare),
        high(b, data),
        low(b, data),
      ),
    );
  } else memory.came(dma.fetchAdd(now, translation, offset, high(b, data), low(b, data)));
  const answer = s.addAnswer()!;
  answer.kind = 'atomic';
  answer.identifier = get.requestIdentifier(b, at);
  answer.high = dma.originalHigh;
  answer.low = dma.originalLow;
  known(s, answer, now);
  return '';
}

/** Is the mask all ones, or of an addition all zeros (or the highest bit alone, where a carry ends anyway)? */
// hot
function isWhole(b: Uint8Array, at: number, isSwap: boolean): boolean {
  const high = Halves.get.high(b, at);
  const low = Halves.get.low(b, at);
  if (isSwap) return high === ALL_ONES && low === ALL_ONES;
  return low === 0 && (high === 0 || high === HIGHEST);
}

const value = new Uint8Array(ATOMIC_BYTES);

// hot
export function atomicResponse(
  s: Stream,
  qp: QueuePair,
  b: Uint8Array,
  at: number,
  length: number,
  now: Nanos,
): StreamError | '' {
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
