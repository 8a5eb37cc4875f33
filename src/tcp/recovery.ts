// What an acknowledgment means for the congestion window: growth, recovery entered, continued and left (RFC 5681, 6582,
// 6675, 6937), and marks of congestion (RFC 3168). Losses themselves are found in rack.ts, or by three duplicates here.

import type { Nanos } from '../time/index.js';
import { armTailProbe, detectLoss, noteDsack, probeRepaired, recoveryEnded } from './rack.js';
import type { Segment } from './segment.js';
import type { Tcb } from './tcb.js';

/** What an acknowledgment brought. */
export interface AckFacts {
  /** Bytes by which SND.UNA moved on. */
  acked: number;
  /** Bytes newly known to have arrived. */
  delivered: number;
  duplicate: boolean;
  dsack: boolean;
  /** Bytes that were on their way before. */
  flightBefore: number;
  ece: boolean;
}

/** RFC 5681 3.2. */
const DUP_THRESH = 3;

// hot
export function afterAck(tcb: Tcb, segment: Segment, facts: AckFacts, now: Nanos): void {
  tcb.control.observe(tcb, facts.acked, facts.ece, tcb.sndUna, tcb.sndNxt);
  if (facts.dsack) noteDsack(tcb);
  if (probeRepaired(tcb, segment, facts.acked > 0, facts.dsack)) reduceOnce(tcb, now);
  if (tcb.sack) detectLoss(tcb, now);
  else countDuplicates(tcb, facts);
  if (facts.ece) noteEcho(tcb, now);
  const ends = tcb.phase !== 'open' && tcb.sndUna >= tcb.recover;
  if (ends) endRecovery(tcb);
  if (tcb.phase === 'open') {
    if (tcb.board.missing > 0) enterRecovery(tcb, facts, now);
    else if (facts.acked > 0 && !facts.ece && !ends) grow(tcb, facts, now);
  } else if (tcb.phase === 'recovery') reduceProportionally(tcb, facts);
  else if (facts.acked > 0) tcb.control.grow(tcb, now, facts.acked);
  armTailProbe(tcb, now);
}

/** RFC 7661's concern: a window that is not used proves nothing. */
// hot
function grow(tcb: Tcb, facts: AckFacts, now: Nanos): void {
  const { flightBefore, acked } = facts;
  const slow = tcb.cwnd < tcb.ssthresh;
  const used = slow ? 2 * flightBefore >= tcb.cwnd : flightBefore + tcb.sndMss > tcb.cwnd;
  if (used) tcb.control.grow(tcb, now, acked);
}

/** Without SACK: three duplicates (RFC 5681 3.2), and partial acknowledgments in recovery (RFC 6582 3.2). */
function countDuplicates(tcb: Tcb, facts: AckFacts): void {
  if (facts.duplicate) {
    tcb.dupAcks++;
    facts.delivered = tcb.sndMss;
    // RFC 6582 3.2, step 2: duplicates of what was sent before the last recovery mean nothing.
    const fresh = tcb.recover === 0 || tcb.sndUna > tcb.recover;
    if (tcb.dupAcks === DUP_THRESH && tcb.phase === 'open' && fresh) loseFirst(tcb);
    return;
  }
  if (facts.acked === 0) return;
  const arrived = Math.max(0, Math.ceil(facts.acked / tcb.sndMss) - 1);
  tcb.dupAcks = tcb.phase === 'recovery' ? Math.max(0, tcb.dupAcks - arrived) : 0;
  if (tcb.phase === 'recovery' && tcb.sndUna < tcb.recover) loseFirst(tcb);
}

function loseFirst(tcb: Tcb): void {
  if (tcb.board.count === 0) return;
  tcb.board.markLost(tcb.board.head);
  tcb.force = true;
}

function enterRecovery(tcb: Tcb, facts: AckFacts, now: Nanos): void {
  tcb.verdict(now, 'recovery');
  if (tcb.sack) tcb.counters.TCPSackRecovery++;
  else tcb.counters.TCPRenoRecovery++;
  noteReduction(tcb);
  beginRecovery(tcb, tcb.control.threshold(tcb, now, 'loss'));
  reduceProportionally(tcb, facts);
}

/** RFC 3168 6.1.2: whatever shrinks the window, the peer is told by CWR, and its echoes mean nothing more for a window. */
export function noteReduction(tcb: Tcb): void {
  tcb.ecnUntil = tcb.sndNxt;
  tcb.sendCwr = tcb.ecn;
}

/** What was in flight is to be repaired; the first one goes out at once (fast retransmit). */
export function beginRecovery(tcb: Tcb, ssthresh: number): void {
  tcb.phase = 'recovery';
  tcb.recover = tcb.sndNxt;
  tcb.ssthresh = ssthresh;
  tcb.prrDelivered = 0;
  tcb.prrOut = 0;
  tcb.prrFlight = Math.max(tcb.outstanding, tcb.sndMss);
  tcb.tlpEnd = -1;
  tcb.force = true;
}

/** RFC 6937 3. */
function reduceProportionally(tcb: Tcb, { delivered }: AckFacts): void {
  tcb.prrDelivered += delivered;
  const { flight: pipe, ssthresh, sndMss } = tcb;
  const { prrDelivered, prrOut, prrFlight } = tcb;
  let count: number;
  if (pipe > ssthresh) count = Math.ceil((prrDelivered * ssthresh) / prrFlight) - prrOut;
  else count = Math.min(ssthresh - pipe, Math.max(prrDelivered - prrOut, delivered) + sndMss);
  tcb.cwnd = pipe + Math.max(count, 0);
}

function endRecovery(tcb: Tcb): void {
  if (tcb.phase === 'recovery') tcb.cwnd = Math.max(tcb.ssthresh, tcb.sndMss);
  tcb.phase = 'open';
  tcb.dupAcks = 0;
  tcb.force = false;
  recoveryEnded(tcb);
}

/** RFC 3168 6.1.2: as for a loss, once a window. */
function noteEcho(tcb: Tcb, now: Nanos): void {
  if (tcb.sndUna <= tcb.ecnUntil && tcb.ecnUntil > 0) return;
  noteReduction(tcb);
  if (tcb.phase !== 'open') return; // it shrinks already
  tcb.ssthresh = tcb.control.threshold(tcb, now, 'ecn');
  tcb.cwnd = Math.min(tcb.cwnd, tcb.ssthresh);
  tcb.verdict(now, 'congestion marked');
}

function reduceOnce(tcb: Tcb, now: Nanos): void {
  if (tcb.phase !== 'open') return;
  noteReduction(tcb);
  tcb.ssthresh = tcb.control.threshold(tcb, now, 'loss');
  tcb.cwnd = Math.min(tcb.cwnd, tcb.ssthresh);
}
