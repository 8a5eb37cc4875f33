// READ responses under selective repeat: what comes behind a gap goes where it belongs at once, and a READ request for the
// missing part alone asks for that again, as Mellanox has it (US patent 10,430,374, claim 1). The responder sees the duplicate of
// a part of a request, which IBA allows (9.7.5.1.5), and needs nothing for it. One that is lost again is found by the timer.

import type { Nanos } from '../time/index.js';
import type { Engine } from './engine.js';
import { isReadLike, workKind } from './opcode-map.js';
import type { QueuePair } from './queue-pair.js';
import { writeRequest } from './request-packet.js';
import { psnAdd, psnDiff } from './wire.js';
import type { SendJob } from './work-request.js';

const NONE = -1;

/** What a requester knows of the responses to its READs. */
export class ReadRepeat {
  readonly #got: Int32Array;
  /** Behind the newest PSN that the responder has come to, as far as responses tell. */
  heard = 0;
  /** What is missing in here has to be asked for again. */
  askFrom = 0;
  askEnd = 0;

  constructor(readonly window: number) {
    this.#got = new Int32Array(window).fill(NONE);
  }

  get pending(): boolean {
    return psnDiff(this.askFrom, this.askEnd) < 0;
  }

  has(psn: number): boolean {
    return this.#got[psn % this.window] === psn;
  }

  take(psn: number): boolean {
    if (!this.has(psn)) return false;
    this.#got[psn % this.window] = NONE;
    return true;
  }

  put(psn: number): void {
    this.#got[psn % this.window] = psn;
  }

  /** The responder has come to `psn`: of what lies before, whatever was not heard of is missing. */
  reached(unacked: number, psn: number): void {
    if (psnDiff(this.heard, unacked) < 0) this.heard = unacked;
    if (psnDiff(psn, this.heard) < 0) return;
    if (!this.pending) this.askFrom = this.heard;
    this.askEnd = psn;
    this.heard = psnAdd(psn, 1);
  }

  clear(psn: number): void {
    this.#got.fill(NONE);
    this.heard = psn;
    this.askFrom = psn;
    this.askEnd = psn;
  }
}

/** Puts a READ request for the next part that is missing into a slot; -1 when there is none. */
export function askAgain(dev: Engine, qp: QueuePair, reads: ReadRepeat, now: Nanos): number {
  if (psnDiff(reads.askFrom, qp.unackedPsn) < 0) reads.askFrom = qp.unackedPsn;
  for (let i = qp.tail; i < qp.fetched && reads.pending; i++) {
    const job = qp.job(i);
    if (!job.begun) break;
    const end = psnAdd(job.firstPsn, job.packets);
    if (job.packets === 0 || psnDiff(reads.askFrom, end) >= 0) continue;
    if (job.done || !isReadLike(workKind(job.opcode))) {
      reads.askFrom = end;
      continue;
    }
    while (reads.pending && reads.askFrom !== end && reads.has(reads.askFrom))
      reads.askFrom = psnAdd(reads.askFrom, 1);
    if (!reads.pending || reads.askFrom === end) continue;
    return askPart(dev, qp, reads, job, now);
  }
  reads.askFrom = reads.askEnd;
  return NONE;
}

/** Asks for as many packets as are missing side by side. */
function askPart(dev: Engine, qp: QueuePair, reads: ReadRepeat, job: SendJob, now: Nanos): number {
  const from = reads.askFrom;
  const end = psnAdd(job.firstPsn, job.packets);
  let to = psnAdd(from, 1);
  while (to !== end && psnDiff(to, reads.askEnd) < 0 && !reads.has(to)) to = psnAdd(to, 1);
  const turn = qp.sendPsn;
  qp.sendPsn = from;
  qp.partPackets = psnDiff(to, from);
  const slot = writeRequest(dev, qp, job, now);
  qp.partPackets = 0;
  qp.sendPsn = turn;
  if (slot < 0) return slot;
  reads.askFrom = to;
  dev.counters.add('sent_pkts');
  dev.counters.add('selective_retransmits');
  return slot;
}

/** What had come before its turn has it now; requests in between were carried out if later ones were answered. */
export function takeKept(qp: QueuePair, reads: ReadRepeat): void {
  for (let i = qp.tail; i < qp.fetched; i++) {
    const job = qp.job(i);
    if (!job.begun) return;
    if (job.done || job.packets === 0) continue;
    const end = psnAdd(job.firstPsn, job.packets);
    if (isReadLike(workKind(job.opcode))) {
      while (qp.unackedPsn !== end && reads.take(qp.unackedPsn)) {
        qp.unackedPsn = psnAdd(qp.unackedPsn, 1);
        job.answered++;
      }
      if (qp.unackedPsn !== end) return;
      qp.reads--;
    } else if (psnDiff(reads.heard, end) < 0) return;
    job.done = true;
    qp.unackedPsn = end;
  }
}
