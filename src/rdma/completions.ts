// Writing completions, and what follows when a queue pair fails: its work requests are flushed in order (IBA 10.3.1.7,
// 10.8.6), a completion queue that runs over takes those who need it with it.

import { type Nanos, NEVER } from '../time/index.js';
import type { CompletionQueue } from './completion-queue.js';
import { WC, wcOpcodeOf, wcOpcodes } from './constant.js';
import type { RdmaDevice } from './device.js';
import { INTERRUPT } from './memory-parts.js';
import { Cqe } from './queue-format.js';
import type { QueuePair } from './queue-pair.js';
import { fetchJob } from './requester.js';
import type { RecvJob, SendJob } from './work-request.js';

export class Completions {
  /** When a moderated event is due at the latest. */
  wakeAt: Nanos = NEVER;
  readonly #dev: RdmaDevice;

  constructor(dev: RdmaDevice) {
    this.#dev = dev;
  }

  // hot
  send(now: Nanos, qp: QueuePair, job: SendJob, status: number): void {
    const { set } = Cqe;
    const { entry } = qp.sendCq;
    entry.fill(0);
    set.opcode(entry, 0, wcOpcodeOf[job.opcode] ?? 0);
    set.status(entry, 0, status);
    set.byteLen(entry, 0, status === WC.SUCCESS ? job.byteLen : 0);
    set.wrIdHigh(entry, 0, job.wrIdHigh);
    set.wrIdLow(entry, 0, job.wrIdLow);
    set.qpNum(entry, 0, qp.qpn);
    set.wqeIndex(entry, 0, job.index % 2 ** 32);
    this.#write(now, qp.sendCq, status !== WC.SUCCESS, qp.qpn);
  }

  // hot
  receive(now: Nanos, qp: QueuePair, job: RecvJob, status: number): void {
    const { set } = Cqe;
    const { arrival } = this.#dev;
    const cq = (qp.rq === null ? this.#dev.srqOf(job.srqNum)?.cq : null) ?? qp.recvCq;
    const { entry } = cq;
    const good = status === WC.SUCCESS;
    entry.fill(0);
    set.opcode(entry, 0, good ? arrival.opcode : wcOpcodes.IBV_WC_RECV);
    set.status(entry, 0, status);
    if (good) {
      set.grh(entry, 0, arrival.grh ? 1 : 0);
      set.withImm(entry, 0, arrival.withImm ? 1 : 0);
      set.withInv(entry, 0, arrival.withInv ? 1 : 0);
      set.solicited(entry, 0, arrival.solicited ? 1 : 0);
      set.byteLen(entry, 0, arrival.byteLen);
      set.immediate(entry, 0, arrival.immediate);
      set.srcQp(entry, 0, arrival.srcQp);
      set.slid(entry, 0, arrival.slid);
      set.sl(entry, 0, arrival.sl);
    }
    set.wrIdHigh(entry, 0, job.wrIdHigh);
    set.wrIdLow(entry, 0, job.wrIdLow);
    set.qpNum(entry, 0, qp.qpn);
    set.wqeIndex(entry, 0, job.index % 2 ** 32);
    set.srqNum(entry, 0, job.srqNum);
    this.#write(now, cq, !good || arrival.solicited, qp.qpn);
  }

  // hot
  #write(now: Nanos, cq: CompletionQueue, solicited: boolean, qpn: number): void {
    const { clock } = this.#dev;
    if (clock === null) this.written(now, now, cq, solicited);
    else clock.complete(now, cq, solicited, qpn);
  }

  /** The entry in `cq.entry`, which the device sent at `sent`, is in memory. */
  // hot
  written(now: Nanos, sent: number, cq: CompletionQueue, solicited: boolean): void {
    const dev = this.#dev;
    const wasOverrun = cq.overrun;
    const result = cq.write(now, dev.memory, solicited, sent);
    if (result === 'event') this.#interrupt(now, cq);
    if (cq.eventAt < this.wakeAt) this.wakeAt = cq.eventAt;
    if (result !== 'overrun' || wasOverrun) return;
    dev.report({ type: 'IBV_EVENT_CQ_ERR', cq });
    for (const qp of dev.qps.values()) {
      if (qp.sendCq !== cq && qp.recvCq !== cq) continue;
      if (qp.state === 'ERR' || qp.state === 'RESET') continue;
      dev.event('IBV_EVENT_QP_FATAL', qp);
      dev.toError(now, qp);
    }
  }

  #interrupt(now: Nanos, cq: CompletionQueue): void {
    const { memory, interrupts } = this.#dev;
    memory.dma.ledger.record(now, memory.dma.device, INTERRUPT, 0, 0, 0);
    if (interrupts) interrupts.interrupt(now, cq);
    else cq.channel?.signal.raise(now);
  }

  /** Events that moderation held back. */
  expire(now: Nanos): void {
    if (this.wakeAt > now) return;
    this.wakeAt = NEVER;
    for (const cq of this.#dev.cqs) {
      if (cq.eventAt <= now) {
        cq.raise();
        this.#interrupt(now, cq);
      } else if (cq.eventAt < this.wakeAt) this.wakeAt = cq.eventAt;
    }
  }

  /** A send request failed: services with acknowledgement are in error, others only their send queue. */
  sendFailed(now: Nanos, qp: QueuePair): void {
    if (qp.reliable) {
      this.#dev.toError(now, qp);
      return;
    }
    qp.state = 'SQE';
    this.flush(now, qp);
  }

  toError(now: Nanos, qp: QueuePair): void {
    if (qp.state === 'ERR') return;
    qp.state = 'ERR';
    qp.timeoutAt = NEVER;
    qp.rnrUntil = 0 as Nanos;
    this.flush(now, qp);
    if (qp.rq?.shared) this.#dev.event('IBV_EVENT_QP_LAST_WQE_REACHED', qp);
  }

  /** Completes what is posted as flushed, in the order of posting. */
  flush(now: Nanos, qp: QueuePair): void {
    const { flushesSend, flushesRecv } = qp.allows;
    const dev = this.#dev;
    if (flushesSend) {
      while (qp.tail < qp.rung) {
        const job = qp.tail < qp.fetched ? qp.job(qp.tail) : fetchJob(dev, qp, now);
        qp.tail++;
        // What was done already but had to wait for its turn is done all the same; what failed behind another
        // failure is flushed like the rest (IBA 10.8.6).
        const done = job.done && job.status === WC.SUCCESS && job.packets > 0;
        if (!done) this.send(now, qp, job, WC.WR_FLUSH_ERR);
        else if (job.signaled || qp.sqSigAll) this.send(now, qp, job, WC.SUCCESS);
      }
      qp.cursor = qp.tail;
      qp.reads = 0;
      qp.newPsn = qp.sentPsn;
      qp.unackedPsn = qp.sentPsn;
      qp.sendPsn = qp.sentPsn;
    }
    if (!flushesRecv) return;
    if (qp.hasRecv) {
      qp.hasRecv = false;
      this.receive(now, qp, qp.recvJob, WC.WR_FLUSH_ERR);
    }
    const { rq } = qp;
    if (rq === null || rq.shared) return;
    while (rq.take(now, dev.memory, qp.recvJob)) {
      this.receive(now, qp, qp.recvJob, WC.WR_FLUSH_ERR);
    }
  }
}
