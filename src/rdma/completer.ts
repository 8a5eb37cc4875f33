// The completer (IBA 9.7.6): what the responder's answers mean for the requests that wait. ACK n acknowledges all up to
// n; a READ response acknowledges what came before its request; an answer to a later request than the one that is
// due says that the due one was lost (implied NAK).

import { after, type Nanos, NEVER } from '../time/index.js';
import { WC } from './constant.js';
import type { Engine } from './engine.js';
import { fail, finishSends } from './finish.js';
import { isReadLike, workKind } from './opcode-map.js';
import type { Packet } from './packet.js';
import { HostWord } from './queue-format.js';
import type { QueuePair } from './queue-pair.js';
import { takeKept } from './read-repeat.js';
import { arm, FOREVER, oldestUnanswered, retry, rewind } from './requester.js';
import { heardOfGap } from './selective-repeat.js';
import { type DropReason, NAK_PSN_SEQUENCE, nakStatus } from './verdict.js';
import {
  AETH,
  AtomicAckETH,
  creditCounts,
  Halves,
  psnAdd,
  psnDiff,
  rnrTimersUs,
  syndromeParts,
} from './wire.js';
import type { SendJob } from './work-request.js';

const NS_PER_US = 1000;
const ATOMIC_BYTES = 8;

/** Type and value of every syndrome, so that nothing is made for a packet. */
const syndromeTypes = Array.from({ length: 256 }, (_, code) => syndromeParts(code).type);
const syndromeValues = Uint8Array.from({ length: 256 }, (_, code) => syndromeParts(code).value);

/** Takes a response; answers why it was dropped, '' when it was not. */
// hot
export function receiveResponse(
  dev: Engine,
  qp: QueuePair,
  pkt: Packet,
  now: Nanos,
): DropReason | '' {
  if (psnDiff(pkt.psn, qp.sentPsn) >= 0) return 'ghost-response';
  const reason =
    pkt.opcode.does === 'ACKNOWLEDGE'
      ? acknowledged(dev, qp, pkt, now)
      : answered(dev, qp, pkt, now);
  finishSends(dev, qp, now);
  dev.activate(qp);
  return reason;
}

// hot
function acknowledged(dev: Engine, qp: QueuePair, pkt: Packet, now: Nanos): DropReason | '' {
  const syndrome = AETH.get.syndrome(pkt.bytes, pkt.aethAt);
  const value = syndromeValues[syndrome]!;
  switch (syndromeTypes[syndrome]) {
    case 'ACK':
      takeCredits(qp, AETH.get.msn(pkt.bytes, pkt.aethAt), value);
      if (psnDiff(pkt.psn, qp.unackedPsn) < 0) return 'stale-response';
      acknowledgeUpTo(dev, qp, psnAdd(pkt.psn, 1), now);
      return '';
    case 'RNR_NAK':
      if (psnDiff(pkt.psn, qp.unackedPsn) < 0) return 'stale-response';
      if (!acknowledgeUpTo(dev, qp, pkt.psn, now)) return '';
      return waitForReceiver(dev, qp, value, now);
    case 'NAK':
      if (psnDiff(pkt.psn, qp.unackedPsn) < 0) return 'stale-response';
      if (!acknowledgeUpTo(dev, qp, pkt.psn, now)) return '';
      if (value === NAK_PSN_SEQUENCE && qp.repeat !== null && heardOfGap(dev, qp, qp.repeat, pkt)) {
        dev.counters.add('rcvd_seq_err');
        return '';
      }
      return refused(dev, qp, value, now);
    default:
      return 'bad-header';
  }
}

/** Credits count from the message that the responder completed last (IBA 9.7.7.2.4). */
// hot
function takeCredits(qp: QueuePair, msn: number, code: number): void {
  const count = creditCounts[code];
  qp.creditLimit = count === undefined ? -1 : psnAdd(msn, count);
}

/**
 * Everything before `end` was received.
 * @returns false when that tells of a lost answer instead
 */
// hot
function acknowledgeUpTo(dev: Engine, qp: QueuePair, end: number, now: Nanos): boolean {
  const before = qp.unackedPsn;
  let intact = true;
  for (let i = qp.tail; i < qp.fetched; i++) {
    const job = qp.job(i);
    if (!job.begun) break;
    if (job.done || job.packets === 0) continue;
    if (psnDiff(end, job.firstPsn) <= 0) break;
    if (isReadLike(workKind(job.opcode))) {
      intact = false;
      break;
    }
    const last = job.endPsn;
    if (psnDiff(end, last) < 0) {
      qp.unackedPsn = end;
      break;
    }
    job.done = true;
    qp.unackedPsn = last;
  }
  if (qp.unackedPsn !== before) progressed(dev, qp, now);
  // 9.7.5.1.1: the READ or atomic that was passed over must be asked for again.
  if (!intact) missed(dev, qp, psnAdd(end, -1), now);
  return intact;
}

/** The responder has come to `psn`, and answers before that are missing. */
function missed(dev: Engine, qp: QueuePair, psn: number, now: Nanos): void {
  const { repeat } = qp;
  if (repeat === null || psnDiff(psn, qp.unackedPsn) >= repeat.window) {
    if (!qp.rewound) retry(dev, qp, now, 'implied_nak_seq_err');
    return;
  }
  repeat.reads.reached(qp.unackedPsn, psn);
  if (!repeat.reads.pending) return;
  repeat.pending = true;
  dev.activate(qp);
}

/** Something was acknowledged: counts and timers begin anew (IBA 9.7.6.1.2). */
// hot
function progressed(dev: Engine, qp: QueuePair, now: Nanos): void {
  qp.retriesLeft = qp.retryCount;
  qp.rnrRetriesLeft = qp.rnrRetry;
  qp.rewound = false;
  qp.repeat?.progressed(qp.unackedPsn);
  // What was about to be sent again came through after all.
  if (psnDiff(qp.unackedPsn, qp.sendPsn) > 0) {
    qp.sendPsn = qp.unackedPsn;
    while (qp.cursor < qp.fetched && qp.job(qp.cursor).begun && qp.job(qp.cursor).done) qp.cursor++;
  }
  if (qp.unackedPsn === qp.sentPsn) qp.timeoutAt = NEVER;
  else arm(dev, qp, now);
}

/** RNR NAK: wait for what the responder says, then send again (IBA 9.7.5.2.8). */
function waitForReceiver(dev: Engine, qp: QueuePair, code: number, now: Nanos): DropReason | '' {
  if (now < qp.rnrUntil || qp.unackedPsn === qp.sentPsn) return 'stale-response';
  dev.counters.add('rcvd_rnr_err');
  if (qp.rnrRetry !== FOREVER) {
    if (qp.rnrRetriesLeft === 0) {
      dev.counters.add('retry_rnr_exceeded_err');
      const oldest = oldestUnanswered(qp);
      if (oldest !== null) fail(dev, qp, oldest, WC.RNR_RETRY_EXC_ERR, now);
      return '';
    }
    qp.rnrRetriesLeft--;
  }
  qp.rnrUntil = after(now, rnrTimersUs[code]! * NS_PER_US);
  qp.timeoutAt = NEVER;
  rewind(qp);
  dev.schedule(qp, qp.rnrUntil);
  return '';
}

/** A NAK: of the sequence, go back; any other ends the request that it names (IBA 9.9.2). */
function refused(dev: Engine, qp: QueuePair, code: number, now: Nanos): DropReason | '' {
  if (code >= nakStatus.length) return 'bad-header';
  if (code === NAK_PSN_SEQUENCE) {
    dev.counters.add('rcvd_seq_err');
    if (qp.rewound) return '';
    retry(dev, qp, now, 'packet_seq_err');
    if (dev.goBackNs > 0) {
      qp.rnrUntil = after(now, dev.goBackNs);
      dev.schedule(qp, qp.rnrUntil);
    }
    return '';
  }
  const oldest = oldestUnanswered(qp);
  if (oldest === null) return 'stale-response';
  dev.counters.add(code === 2 ? 'req_remote_access_errors' : 'req_remote_invalid_request');
  fail(dev, qp, oldest, nakStatus[code]!, now);
  return '';
}

/** READ RESPONSE and ATOMIC ACKNOWLEDGE. */
// hot
function answered(dev: Engine, qp: QueuePair, pkt: Packet, now: Nanos): DropReason | '' {
  if (psnDiff(pkt.psn, qp.unackedPsn) < 0) return 'stale-response';
  const job = askedAt(qp, pkt.psn);
  if (job === null) return 'ghost-response';
  // 9.7.5.1.1: it acknowledges all requests before its own.
  if (job.firstPsn !== qp.unackedPsn && psnDiff(job.firstPsn, qp.unackedPsn) > 0) {
    if (!acknowledgeUpTo(dev, qp, job.firstPsn, now)) return keepAnswer(dev, qp, job, pkt, now);
  }
  const ahead = psnDiff(pkt.psn, psnAdd(job.firstPsn, job.answered));
  if (ahead < 0) return 'stale-response';
  if (ahead > 0) return keepAnswer(dev, qp, job, pkt, now);
  const status = takeAnswer(dev, qp, job, pkt, now);
  if (status !== WC.SUCCESS) {
    fail(dev, qp, job, status, now);
    return '';
  }
  job.answered++;
  qp.unackedPsn = psnAdd(pkt.psn, 1);
  if (job.answered === job.packets) {
    job.done = true;
    qp.reads--;
  }
  if (qp.repeat !== null) takeKept(qp, qp.repeat.reads);
  progressed(dev, qp, now);
  return '';
}

/** A response came behind a gap: its data go where they belong, if the device repeats selectively. */
function keepAnswer(
  dev: Engine,
  qp: QueuePair,
  job: SendJob,
  pkt: Packet,
  now: Nanos,
): DropReason | '' {
  missed(dev, qp, pkt.psn, now);
  const { repeat } = qp;
  const isRead = workKind(job.opcode) === 'read';
  if (repeat === null || !isRead || psnDiff(pkt.psn, qp.unackedPsn) >= repeat.window)
    return 'out-of-sequence';
  if (takeAnswer(dev, qp, job, pkt, now) !== WC.SUCCESS) return 'out-of-sequence'; // asked again by the timer
  repeat.reads.put(pkt.psn);
  return '';
}

/** The READ or atomic that a response PSN belongs to. */
// hot
function askedAt(qp: QueuePair, psn: number): SendJob | null {
  for (let i = qp.tail; i < qp.fetched; i++) {
    const job = qp.job(i);
    if (!job.begun) return null;
    if (job.packets === 0 || psnDiff(psn, job.endPsn) >= 0) continue;
    if (psnDiff(psn, job.firstPsn) < 0 || job.done) return null;
    return isReadLike(workKind(job.opcode)) ? job : null;
  }
  return null;
}

/** Checks the response against its request and puts its data where they belong; answers a status. */
// hot
function takeAnswer(dev: Engine, qp: QueuePair, job: SendJob, pkt: Packet, now: Nanos): number {
  const kind = workKind(job.opcode);
  const isAtomic = pkt.opcode.does === 'ATOMIC_ACKNOWLEDGE';
  if (isAtomic !== (kind === 'atomic')) return WC.BAD_RESP_ERR;
  if (pkt.aethAt >= 0 && syndromeTypes[AETH.get.syndrome(pkt.bytes, pkt.aethAt)] !== 'ACK') {
    return WC.BAD_RESP_ERR;
  }
  const { memory } = dev;
  if (isAtomic) {
    const at = pkt.atomicAckAt + AtomicAckETH.at.origRemDt;
    HostWord.set.high(word, 0, Halves.get.high(pkt.bytes, at));
    HostWord.set.low(word, 0, Halves.get.low(pkt.bytes, at));
    const verdict = memory.scatter(now, qp.pd, qp.qpn, job.sges, 0, ATOMIC_BYTES, word, 0);
    return verdict === 'allowed' ? WC.SUCCESS : WC.LOC_PROT_ERR;
  }
  const skip = psnDiff(pkt.psn, job.firstPsn) * qp.mtu;
  const left = kind === 'read' ? job.length - skip : 0;
  const { place } = pkt.opcode;
  const isLast = place === 'last' || place === 'only';
  // 9.7.6.2: the last packet is what is left, all others are full; those of a part end where it ends.
  if (qp.repeat !== null) {
    if (pkt.payloadLength !== Math.min(left, qp.mtu)) return WC.BAD_RESP_ERR;
  } else if (isLast ? pkt.payloadLength !== left || left > qp.mtu : left <= qp.mtu)
    return WC.BAD_RESP_ERR;
  else if (!isLast && pkt.payloadLength !== qp.mtu) return WC.BAD_RESP_ERR;
  if (pkt.payloadLength === 0) return WC.SUCCESS;
  const { bytes, payloadAt, payloadLength: size } = pkt;
  const verdict = memory.scatter(now, qp.pd, qp.qpn, job.sges, skip, size, bytes, payloadAt);
  return verdict === 'allowed' ? WC.SUCCESS : WC.LOC_PROT_ERR;
}

const word = new Uint8Array(ATOMIC_BYTES);
