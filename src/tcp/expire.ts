// What a connection does when time has come (RFC 9293 3.10.8, RFC 6298 5, RFC 8985): each timer by its own function.

import { after, type Nanos, NEVER } from '../time/index.js';
import { abort, destroy, leave } from './finish.js';
import { detectLoss, markAfterTimeout } from './rack.js';
import { beginRecovery, noteReduction } from './recovery.js';
import { armRto, exhausted } from './rto.js';
import { SACKED } from './scoreboard.js';
import type { Tcb } from './tcb.js';

/** Backoff doubles a timeout that is bounded anyway. */
const MOST_BACKOFF = 16;

export function expire(tcb: Tcb, now: Nanos): void {
  if (tcb.ackAt <= now) delayedAck(tcb);
  if (tcb.paceAt <= now) tcb.paceAt = NEVER;
  if (tcb.reorderAt <= now) reordering(tcb, now);
  if (tcb.probeTimeoutAt <= now) {
    tcb.probeTimeoutAt = NEVER;
    tcb.probe = 'tail';
  }
  if (tcb.rtoAt <= now) retransmission(tcb, now);
  if (tcb.persistAt <= now) persist(tcb, now);
  if (tcb.keepAt <= now) keepAlive(tcb, now);
  if (tcb.waitAt <= now) timeWait(tcb, now);
}

function delayedAck(tcb: Tcb): void {
  tcb.ackAt = NEVER;
  tcb.ackNow = true;
  tcb.counters.DelayedACKs++;
}

/** RFC 8985 6.3: what was given time to arrive has not. */
function reordering(tcb: Tcb, now: Nanos): void {
  tcb.reorderAt = NEVER;
  if (!detectLoss(tcb, now) || tcb.phase !== 'open') return;
  tcb.counters.TCPSackRecovery++;
  noteReduction(tcb);
  beginRecovery(tcb, tcb.control.threshold(tcb, now, 'loss'));
  tcb.cwnd = Math.max(tcb.flight, tcb.sndMss);
}

function triesOf(tcb: Tcb): number {
  const { synRetries, synAckRetries, retries } = tcb.options;
  if (tcb.state === 'SYN-SENT') return synRetries;
  return tcb.state === 'SYN-RECEIVED' ? synAckRetries : retries;
}

/** RFC 6298 5.4 to 5.7. */
function retransmission(tcb: Tcb, now: Nanos): void {
  tcb.rtoAt = NEVER;
  if (tcb.board.count === 0) return;
  if (tcb.sndWnd === 0 && tcb.facts.synchronized) return probeAgain(tcb, now);
  tcb.counters.TCPTimeouts++;
  tcb.verdict(now, 'retransmission timeout');
  if (exhausted(tcb, now, tcb.tries++, triesOf(tcb))) {
    tcb.counters.TCPAbortOnTimeout++;
    return destroy(tcb, now, tcb.softError ?? 'ETIMEDOUT');
  }
  const { board } = tcb;
  if (tcb.facts.synchronized) {
    // RFC 5681 3.1: a timeout of what was sent again already halves nothing more.
    if (tcb.phase !== 'loss') tcb.ssthresh = tcb.control.threshold(tcb, now, 'timeout');
    noteReduction(tcb);
    tcb.phase = 'loss';
    tcb.recover = tcb.sndNxt;
    tcb.cwnd = tcb.sndMss;
    // What it has reported it need not keep (RFC 2018 8), and a first segment that it reported it has dropped.
    const reneged = (board.flags[board.head]! & SACKED) !== 0;
    if (reneged) tcb.counters.TCPSACKReneging++;
    if (reneged || !tcb.sack) board.markAllLost(reneged);
    else markAfterTimeout(tcb, now);
    tcb.dupAcks = 0;
  } else {
    tcb.synLost = true;
    board.markLost(board.head);
  }
  tcb.force = true;
  tcb.tlpEnd = -1;
  tcb.reorderAt = NEVER;
  tcb.probeTimeoutAt = NEVER;
  tcb.backoff = Math.min(tcb.backoff + 1, MOST_BACKOFF);
  armRto(tcb, now);
}

/** Something is outstanding and the window shut: its first segment is the probe (RFC 9293 3.8.6.1). */
function probeAgain(tcb: Tcb, now: Nanos): void {
  tcb.counters.TCPWinProbe++;
  if (exhausted(tcb, now, tcb.windowProbes++, tcb.options.retries)) {
    tcb.counters.TCPAbortOnTimeout++;
    return destroy(tcb, now, 'ETIMEDOUT');
  }
  tcb.board.markLost(tcb.board.head);
  tcb.force = true;
  tcb.backoff = Math.min(tcb.backoff + 1, MOST_BACKOFF);
  armRto(tcb, now);
}

function persist(tcb: Tcb, now: Nanos): void {
  tcb.persistAt = NEVER;
  if (tcb.outstanding > 0) return;
  tcb.counters.TCPWinProbe++;
  if (tcb.windowProbes++ >= tcb.options.retries) {
    tcb.counters.TCPAbortOnTimeout++;
    return destroy(tcb, now, 'ETIMEDOUT');
  }
  tcb.probe = 'window';
  tcb.backoff = Math.min(tcb.backoff + 1, MOST_BACKOFF);
}

/** RFC 9293 3.8.4: only while nothing is on its way that would tell as much. */
function keepAlive(tcb: Tcb, now: Nanos): void {
  const { keepAlive: idle, keepAliveInterval, keepAliveProbes } = tcb.options;
  tcb.keepAt = NEVER;
  if (idle === 0 || !tcb.facts.synchronized) return;
  const due = tcb.lastReceived + idle;
  if (tcb.keepProbes === 0 && due > now) {
    tcb.keepAt = due as Nanos;
    return;
  }
  if (tcb.outstanding > 0) {
    tcb.keepAt = after(now, idle);
    return;
  }
  if (tcb.keepProbes >= keepAliveProbes) {
    tcb.counters.TCPAbortOnTimeout++;
    return abort(tcb, now, 'ETIMEDOUT');
  }
  tcb.keepProbes++;
  tcb.probe = 'keep-alive';
  tcb.keepAt = after(now, keepAliveInterval);
}

function timeWait(tcb: Tcb, now: Nanos): void {
  tcb.waitAt = NEVER;
  tcb.enter(now, 'timeout');
  leave(tcb);
}
