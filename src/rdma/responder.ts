// The responder (IBA 9.7.4, 9.7.5): judges a request, carries it out, and does what the verdict's row in the table of
// outcomes says: acknowledge, NAK, answer again, or be silent.

import type { Nanos } from '../time/index.js';
import { WC } from './constant.js';
import type { Engine } from './engine.js';
import { execute, fillRead, packetsOf, place, takeReceive } from './execute.js';
import { IBV_ACCESS_REMOTE_READ } from './memory-parts.js';
import type { Packet } from './packet.js';
import type { QueuePair, Response } from './queue-pair.js';
import {
  continuesWrite,
  judge,
  opcodeFollows,
  reliableChecks,
  unreliableChecks,
} from './responder-checks.js';
import { drainKept, keepAhead } from './selective-repeat.js';
import { type DropReason, outcome, type Verdict } from './verdict.js';
import { Halves, psnAdd, psnDiff, RETH, syndromeOf } from './wire.js';

/** AETH of an acknowledgement; its credits are filled in when it is sent. */
export const ACK_SYNDROME = -1;

/** Takes a request of a reliable service; answers why it was dropped, '' when it was not. */
// hot
export function receiveRequest(
  dev: Engine,
  qp: QueuePair,
  pkt: Packet,
  now: Nanos,
): DropReason | '' {
  const verdict = carryOut(dev, qp, pkt, now);
  const { kept } = qp;
  if (verdict === 'accept') {
    if (kept !== null && kept.count > 0) drainKept(dev, qp, kept, now);
    return '';
  }
  if (kept !== null && verdict === 'psn-gap') {
    keepAhead(dev, qp, kept, pkt);
    return '';
  }
  return refuse(dev, qp, pkt, verdict, now);
}

/** A request that was kept has its turn. */
export function takeRequest(dev: Engine, qp: QueuePair, pkt: Packet, now: Nanos): Verdict {
  const verdict = carryOut(dev, qp, pkt, now);
  if (verdict !== 'accept') refuse(dev, qp, pkt, verdict, now);
  return verdict;
}

// hot
function carryOut(dev: Engine, qp: QueuePair, pkt: Packet, now: Nanos): Verdict {
  let verdict: Verdict = 'accept';
  if (continuesWrite(qp, pkt)) verdict = place(dev, qp, pkt, now);
  else {
    verdict = judge(reliableChecks, qp, pkt, dev);
    if (verdict === 'accept') verdict = execute(dev, qp, pkt, now);
  }
  dev.tracer?.verdict(now, qp.qpn, pkt.psn, verdict);
  if (verdict === 'accept') accepted(dev, qp, pkt);
  return verdict;
}

/** Moves the sequence on, and acknowledges where that was asked for. */
// hot
function accepted(dev: Engine, qp: QueuePair, pkt: Packet): void {
  const { place, does, answeredBy } = pkt.opcode;
  qp.nakSent = false;
  if (place === 'middle') {
    qp.expectedPsn = psnAdd(qp.expectedPsn, 1);
    qp.receiving = pkt.code;
    if (pkt.ackReq === 1) acknowledge(qp, ACK_SYNDROME, pkt.psn);
    if (qp.responseCount > 0) dev.activate(qp);
    return;
  }
  const reads = does === 'RDMA_READ_REQUEST';
  const taken = reads ? packetsOf(RETH.get.dmaLen(pkt.bytes, pkt.rethAt), qp.mtu) : 1;
  qp.expectedPsn = psnAdd(qp.expectedPsn, taken);
  const ends = place !== 'first';
  qp.receiving = ends ? -1 : pkt.code;
  if (ends) {
    qp.msn = psnAdd(qp.msn, 1);
    dev.counters.add(does === 'SEND' ? 'rdma_recvs' : 'rx_requests');
  }
  if (answeredBy === 'ACKNOWLEDGE' && pkt.ackReq === 1) {
    acknowledge(qp, ACK_SYNDROME, psnAdd(qp.expectedPsn, -1));
  }
  dev.activate(qp);
}

/** Adds an acknowledgement, or moves the last one on if it has not been sent (IBA 9.7.5.1.2, coalescing). */
// hot
export function acknowledge(qp: QueuePair, syndrome: number, psn: number): void {
  const last = qp.lastResponse();
  const joins = last !== null && last.kind === 'ack' && last.syndrome === ACK_SYNDROME;
  const response: Response | null =
    joins && syndrome === ACK_SYNDROME ? last : (qp.addResponse() ?? last);
  if (response === null) return;
  if (response.kind !== 'ack' && !response.again) qp.readsWaiting--;
  response.kind = 'ack';
  response.psn = psn;
  response.msn = qp.msn;
  response.syndrome = syndrome;
  response.again = false;
}

/** Does what the outcome table says of a verdict. */
function refuse(
  dev: Engine,
  qp: QueuePair,
  pkt: Packet,
  verdict: Verdict,
  now: Nanos,
): DropReason | '' {
  const cost = outcome[verdict];
  if (cost.counter && (verdict !== 'psn-gap' || !qp.nakSent)) dev.counters.add(cost.counter);
  let dropped: DropReason | '' = '';
  switch (cost.reply) {
    case 'nak-sequence':
      // One NAK a gap, then silence (trap 15); none while the requester waits for a receive request.
      dropped = qp.nakSent ? 'awaits-retry' : '';
      if (!qp.nakSent) acknowledge(qp, syndromeOf('NAK', cost.nak), qp.expectedPsn);
      qp.nakSent = true;
      break;
    case 'rnr-nak':
      dev.counters.add('send_rnr_err');
      acknowledge(qp, syndromeOf('RNR_NAK', qp.minRnrTimer), qp.expectedPsn);
      qp.nakSent = true;
      break;
    case 'nak':
      acknowledge(qp, syndromeOf('NAK', cost.nak), qp.expectedPsn);
      break;
    case 'again':
      dropped = answerAgain(dev, qp, pkt);
      break;
    default:
      dropped = 'queue-full';
  }
  if (cost.fatal) {
    if (verdict === 'remote-access') writeWithImmediate(dev, qp, pkt, now);
    if (qp.hasRecv && cost.receive >= 0) {
      qp.hasRecv = false;
      clearArrival(dev, qp);
      dev.completeRecv(now, qp, qp.recvJob, cost.receive);
    }
    if (cost.event) dev.event(cost.event, qp);
    dev.toError(now, qp);
  }
  dev.activate(qp);
  return dropped;
}

/**
 * IBA 11.6.2, local access error: what a WRITE with immediate data was to change may not be changed, and the receive
 * request that it would have completed says so.
 */
function writeWithImmediate(dev: Engine, qp: QueuePair, pkt: Packet, now: Nanos): void {
  if (pkt.opcode.does !== 'RDMA_WRITE' || pkt.immAt < 0 || !takeReceive(dev, qp, pkt, now)) return;
  qp.hasRecv = false;
  clearArrival(dev, qp);
  dev.completeRecv(now, qp, qp.recvJob, WC.LOC_ACCESS_ERR);
}

export function clearArrival(dev: Engine, qp: QueuePair): void {
  const { arrival } = dev;
  arrival.byteLen = qp.received;
  arrival.withImm = false;
  arrival.withInv = false;
  arrival.immediate = 0;
  arrival.solicited = false;
  arrival.grh = false;
  arrival.srcQp = 0;
}

/** A request that was carried out already (IBA 9.7.5.1.3): its answer was lost, or it was sent twice. */
function answerAgain(dev: Engine, qp: QueuePair, pkt: Packet): DropReason | '' {
  const { does } = pkt.opcode;
  if (does === 'SEND' || does === 'RDMA_WRITE') {
    acknowledge(qp, ACK_SYNDROME, psnAdd(qp.expectedPsn, -1));
    return '';
  }
  if (does === 'RDMA_READ_REQUEST') return readAgain(dev, qp, pkt);
  const saved = qp.saved.find((s) => s.psn === pkt.psn);
  if (!saved) return 'replay-gone';
  const response = qp.addResponse();
  if (response === null) return 'queue-full';
  response.kind = saved.kind;
  response.psn = saved.psn;
  response.msn = qp.msn;
  response.high = saved.high;
  response.low = saved.low;
  response.again = true;
  return '';
}

/** A READ is carried out again, under the same checks; it must lie among what was asked before. */
function readAgain(dev: Engine, qp: QueuePair, pkt: Packet): DropReason | '' {
  const { bytes, rethAt } = pkt;
  const length = RETH.get.dmaLen(bytes, rethAt);
  const end = psnAdd(pkt.psn, packetsOf(length, qp.mtu));
  if (psnDiff(end, qp.expectedPsn) > 0) return 'replay-gone';
  const va = rethAt + RETH.at.va;
  const verdict = dev.memory.keys.check(
    RETH.get.rkey(bytes, rethAt),
    qp.pd,
    qp.qpn,
    Halves.get.high(bytes, va),
    Halves.get.low(bytes, va),
    length,
    IBV_ACCESS_REMOTE_READ,
  );
  if (verdict !== 'allowed' || (qp.accessFlags & IBV_ACCESS_REMOTE_READ) === 0)
    return 'replay-gone';
  const response = qp.addResponse();
  if (response === null) return 'queue-full';
  fillRead(response, pkt, qp.msn, true);
  return '';
}

/** Takes a request of UC (IBA 9.8.3): nothing is acknowledged, a message with a gap is lost as a whole. */
// hot
export function receiveUnreliable(
  dev: Engine,
  qp: QueuePair,
  pkt: Packet,
  now: Nanos,
): DropReason | '' {
  const { place } = pkt.opcode;
  const begins = place === 'first' || place === 'only';
  const inOrder = pkt.psn === qp.expectedPsn;
  qp.expectedPsn = psnAdd(pkt.psn, 1);
  if (!inOrder || begins) {
    if (qp.receiving >= 0) abandon(dev, qp, now);
    qp.receiving = -1;
  }
  if (opcodeFollows(qp, pkt, dev) !== undefined) {
    if (qp.receiving >= 0) abandon(dev, qp, now);
    qp.receiving = -1;
    return inOrder ? 'bad-sequence' : 'out-of-sequence';
  }
  let verdict = judge(unreliableChecks, qp, pkt, dev);
  if (verdict === 'accept') verdict = execute(dev, qp, pkt, now);
  dev.tracer?.verdict(now, qp.qpn, pkt.psn, verdict);
  const ends = place === 'last' || place === 'only';
  if (verdict !== 'accept') abandon(dev, qp, now);
  qp.receiving = verdict !== 'accept' || ends ? -1 : pkt.code;
  if (verdict === 'accept') return '';
  return unreliableDrops[verdict] ?? 'bad-sequence';
}

/**
 * A message is lost in the middle. Its receive request serves the next one; but one of a shared queue may be wanted by
 * others, so that it is given back with the status for that (IBA 11.6.2, remote aborted error).
 */
function abandon(dev: Engine, qp: QueuePair, now: Nanos): void {
  if (!qp.hasRecv || !qp.rq?.shared) return;
  qp.hasRecv = false;
  clearArrival(dev, qp);
  dev.completeRecv(now, qp, qp.recvJob, WC.REM_ABORT_ERR);
}

/** What UC's refusals are called; the receive request stays for the next message. */
const unreliableDrops: Partial<Record<Verdict, DropReason>> = {
  'no-receive': 'no-buffer',
  'bad-length': 'too-long',
  'too-long': 'too-long',
  'receive-too-short': 'too-long',
  'receive-protection': 'local-protection',
  'remote-access': 'local-protection',
};
