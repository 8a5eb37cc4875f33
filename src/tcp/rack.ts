// RACK-TLP (RFC 8985): a segment is lost when one that was sent sufficiently later has arrived; and the tail of a flight
// is probed, so that its loss is seen like all others. Section numbers are RFC 8985's.

import { after, type Nanos, NEVER } from '../time/index.js';
import { rtoOf } from './rto.js';
import { EVER_RETRANSMITTED, LOST, RETRANSMITTED, SACKED } from './scoreboard.js';
import type { Segment } from './segment.js';
import type { Tcb } from './tcb.js';

const DUP_THRESH = 3;
/** Round trips for which a reordering window that had to grow stays grown (6.2, step 4). */
const REO_PERSIST = 16;
/** What a lone segment's acknowledgment may wait for (7.2); Linux: its own delayed ACK's longest. */
const MAX_ACK_DELAY = 200e6;
/** Linux's TCP_TIMEOUT_MIN: where round trips take microseconds, acknowledgments may still wait for a core. */
const MIN_TIMEOUT = 2e6;

/** 6.2, steps 2 and 3, for a segment that was newly acknowledged, by number or by block. */
// hot
export function noteDelivered(tcb: Tcb, at: number, segment: Segment, now: Nanos): void {
  const { board } = tcb;
  const flags = board.flags[at]!;
  if ((flags & SACKED) !== 0) return;
  const sentAt = board.sentAt[at]!;
  const end = board.end[at]!;
  const rtt = now - sentAt;
  const again = (flags & EVER_RETRANSMITTED) !== 0;
  if (!again && end < tcb.rackFack && !tcb.reorderingSeen) {
    tcb.reorderingSeen = true;
    tcb.counters.TCPSACKReorder++;
  }
  if (end > tcb.rackFack) tcb.rackFack = end;
  // It may be the first copy that has arrived after all.
  if (again) {
    const earlier = segment.hasTimestamps && ((segment.tsEcr - tcb.tsNow(sentAt)) | 0) < 0;
    if ((tcb.timestamps && earlier) || rtt < tcb.minRtt) return;
  }
  tcb.rackRtt = rtt;
  if (sentAfter(sentAt, end, tcb.rackSentAt, tcb.rackEnd)) {
    tcb.rackSentAt = sentAt;
    tcb.rackEnd = end;
  }
}

const sentAfter = (t1: number, end1: number, t2: number, end2: number): boolean =>
  t1 > t2 || (t1 === t2 && end1 > end2);

/** 6.2, step 4: how much reordering is tolerated. */
function reorderingWindow(tcb: Tcb): number {
  if (!tcb.reorderingSeen) {
    if (tcb.phase !== 'open' || tcb.board.sackedCount >= DUP_THRESH) return 0;
  }
  return Math.min((tcb.reoMult * tcb.minRtt) / 4, tcb.srtt);
}

/** A copy arrived: what was taken for lost was late (6.2, step 4). */
export function noteDsack(tcb: Tcb): void {
  if (tcb.dsackRound > tcb.sndUna) return; // once a round trip
  tcb.dsackRound = tcb.sndNxt;
  tcb.reoMult++;
  tcb.reoPersist = REO_PERSIST;
}

/** Once a recovery is over (6.2, step 4). */
export function recoveryEnded(tcb: Tcb): void {
  if (--tcb.reoPersist <= 0) tcb.reoMult = 1;
}

/** 6.2, step 5: marks what is lost; true when something was. Sets the timer for what may be found lost soon. */
// hot
export function detectLoss(tcb: Tcb, now: Nanos): boolean {
  tcb.reorderAt = NEVER;
  if (tcb.rackSentAt === 0 && tcb.rackEnd === 0) return false;
  const { board, rackSentAt, rackEnd } = tcb;
  let patience = -1;
  let found = false;
  let wait = 0;
  for (let i = 0; i < board.count; i++) {
    const at = board.index(i);
    const flags = board.flags[at]!;
    if ((flags & SACKED) !== 0 || (flags & (LOST | RETRANSMITTED)) === LOST) continue;
    const sentAt = board.sentAt[at]!;
    if (!sentAfter(rackSentAt, rackEnd, sentAt, board.end[at]!)) {
      if ((flags & EVER_RETRANSMITTED) === 0 && sentAt > rackSentAt) break; // all that follow were sent later still
      continue;
    }
    if (patience < 0) patience = tcb.rackRtt + reorderingWindow(tcb);
    const remaining = sentAt + patience - now;
    if (remaining > 0) {
      wait = Math.max(wait, remaining);
      continue;
    }
    if ((flags & RETRANSMITTED) !== 0) tcb.counters.TCPLostRetransmit++;
    board.markLost(at);
    found = true;
  }
  if (wait > 0) tcb.reorderAt = after(now, Math.ceil(wait));
  return found;
}

/** 7.2: the probe timeout runs while the flight may end unheard. */
// hot
export function armTailProbe(tcb: Tcb, now: Nanos): void {
  tcb.probeTimeoutAt = NEVER;
  if (!tcb.options.tailLossProbe || !tcb.sack || tcb.phase !== 'open' || !tcb.facts.synchronized)
    return;
  if (tcb.outstanding === 0 || tcb.board.sackedCount > 0 || tcb.tlpEnd >= 0 || tcb.sndWnd === 0)
    return;
  let timeout = 1e9;
  if (tcb.srtt > 0) {
    timeout = Math.max(2 * tcb.srtt, MIN_TIMEOUT);
    if (tcb.board.count === 1) timeout += MAX_ACK_DELAY;
  }
  const at = now + Math.min(timeout, rtoOf(tcb));
  // Never later than the retransmission timer, which would do more.
  if (at < tcb.rtoAt) tcb.probeTimeoutAt = Math.ceil(at) as Nanos;
}

/** 7.4: what an acknowledgment says of a probe; true when it shows that the probe repaired a loss. */
export function probeRepaired(
  tcb: Tcb,
  segment: Segment,
  advanced: boolean,
  dsack: boolean,
): boolean {
  const { tlpEnd } = tcb;
  if (tlpEnd < 0 || segment.ackPlace < tlpEnd) return false;
  const bothCame = dsack && tcb.dsackSeenFrom < tlpEnd && tcb.dsackSeenTo >= tlpEnd;
  if (!tcb.tlpRetransmitted || bothCame) {
    tcb.tlpEnd = -1;
    return false;
  }
  if (segment.ackPlace > tlpEnd) {
    tcb.tlpEnd = -1;
    tcb.counters.TCPLossProbeRecovery++;
    return true;
  }
  if (!advanced && segment.sackBlocks === 0) tcb.tlpEnd = -1;
  return false;
}

/** 6.3: after a timeout, what is lost beside the first segment. */
export function markAfterTimeout(tcb: Tcb, now: Nanos): void {
  const { board } = tcb;
  const patience = tcb.rackRtt + reorderingWindow(tcb);
  for (let i = 0; i < board.count; i++) {
    const at = board.index(i);
    if (i === 0 || board.sentAt[at]! + patience <= now) board.markLost(at);
  }
}
