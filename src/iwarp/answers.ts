// Answers: ours, and when they can be made; the peer's, and what they end.

import { finishSends, type QueuePair } from '../rdma/engine-parts.js';
import type { Nanos } from '../time/index.js';
import type { Stream } from './stream.js';

/** The oldest READ or atomic has its answer. */
// hot
export function answeredJob(s: Stream, qp: QueuePair, now: Nanos): void {
  const job = qp.job(s.oldestAsked);
  s.dropAsked();
  qp.reads--;
  job.done = true;
  finishSends(s.device, qp, now);
  s.device.activate(qp); // a fence, or ORD, may have held others back
}

/** When an answer can be made. */
// hot
export function known(s: Stream, answer: { readyAt: number }, now: Nanos): void {
  const { memory, clock } = s.device;
  if (clock !== null)
    answer.readyAt = Math.max(memory.arrived, now + memory.delay) + clock.timing.answerNs;
  s.device.activate(s.qp!);
}
