// How send work requests end: in order, each with its completion where one is wanted; the first that failed takes
// the queue pair with it.

import type { Nanos } from '../time/index.js';
import { WC } from './constant.js';
import type { Engine } from './engine.js';
import { isReadLike, workKind } from './opcode-map.js';
import type { QueuePair } from './queue-pair.js';
import type { SendJob } from './work-request.js';

/** Completes what is done at the head of the send queue (IBA 10.8.6). */
// hot
export function finishSends(dev: Engine, qp: QueuePair, now: Nanos): void {
  while (qp.tail < qp.fetched) {
    const job = qp.job(qp.tail);
    if (!job.done) break;
    qp.tail++;
    if (job.status !== WC.SUCCESS) {
      if (qp.cursor < qp.tail) qp.cursor = qp.tail;
      dev.completeSend(now, qp, job, job.status);
      dev.sendFailed(now, qp);
      return;
    }
    if (job.signaled || qp.sqSigAll) dev.completeSend(now, qp, job, WC.SUCCESS);
  }
  if (qp.state === 'SQD' && qp.notifyDrained && isDrained(qp)) {
    qp.notifyDrained = false;
    dev.event('IBV_EVENT_SQ_DRAINED', qp);
  }
}

/** Is everything that was begun complete (IBA 10.3.1.5)? */
export const isDrained = (qp: QueuePair): boolean =>
  qp.tail === qp.fetched || !qp.job(qp.tail).begun;

/** The job is lost; it is reported when those before it are. */
export function fail(dev: Engine, qp: QueuePair, job: SendJob, status: number, now: Nanos): void {
  if (isReadLike(workKind(job.opcode)) && !job.done && job.packets > 0) qp.reads--;
  job.begun = true;
  job.done = true;
  job.status = status;
  finishSends(dev, qp, now);
}
