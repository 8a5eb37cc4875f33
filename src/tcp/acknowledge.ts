// The fifth check of SEGMENT ARRIVES once it has passed (RFC 9293 3.10.7.4): what is acknowledged leaves the board, the
// round trip is measured, the window moves, states move on, and the congestion control learns of it.

import { after, type Nanos, NEVER } from '../time/index.js';
import { leave, startTimeWait } from './finish.js';
import { TICK } from './options.js';
import { noteDelivered } from './rack.js';
import { type AckFacts, afterAck } from './recovery.js';
import { armRto, measured, rtoOf } from './rto.js';
import { takeSack } from './sack.js';
import { EVER_RETRANSMITTED, SACKED } from './scoreboard.js';
import type { Segment } from './segment.js';
import { EVENT, type Tcb } from './tcb.js';

const facts: AckFacts = {
  acked: 0,
  delivered: 0,
  duplicate: false,
  dsack: false,
  flightBefore: 0,
  ece: false,
};

// hot
export function acknowledge(tcb: Tcb, segment: Segment, now: Nanos): void {
  const { ackPlace } = segment;
  const before = tcb.sndUna;
  const windowBefore = tcb.sndWnd;
  const outstanding = tcb.outstanding > 0;
  facts.flightBefore = tcb.flight;
  const sackedBefore = tcb.board.sacked;
  facts.acked = Math.max(0, ackPlace - before);
  facts.dsack = false;
  tcb.windowProbes = 0;
  if (facts.acked > 0) advance(tcb, segment, now);
  if (ackPlace >= before) updateWindow(tcb, segment, now, windowBefore);
  if (tcb.sack && segment.sackBlocks > 0) facts.dsack = takeSack(tcb, segment, now);
  facts.ece = tcb.ecn && segment.ece && !segment.syn;
  facts.delivered = Math.max(0, facts.acked + tcb.board.sacked - sackedBefore);
  // RFC 5681 2: nothing new, no text, the same window, while data is outstanding.
  facts.duplicate =
    ackPlace === before &&
    outstanding &&
    segment.length === 0 &&
    !segment.fin &&
    !segment.syn &&
    tcb.sndWnd === windowBefore &&
    windowBefore > 0; // else they answer probes
  if (tcb.outstanding > 0 || outstanding) afterAck(tcb, segment, facts, now);
  if (facts.acked > 0) {
    armRto(tcb, now);
    moveOn(tcb, now);
  }
}

/** SND.UNA < SEG.ACK =< SND.NXT. */
// hot
function advance(tcb: Tcb, segment: Segment, now: Nanos): void {
  const { board } = tcb;
  const { ackPlace } = segment;
  const isSyn = tcb.sndUna === 0;
  let sentAt = -1;
  let ambiguous = false;
  while (board.count > 0) {
    const at = board.head;
    if (board.end[at]! > ackPlace) {
      if (board.start[at]! < ackPlace) board.trim(ackPlace);
      break;
    }
    const flags = board.flags[at]!;
    if ((flags & EVER_RETRANSMITTED) !== 0) ambiguous = true;
    else if ((flags & SACKED) === 0) sentAt = board.sentAt[at]!;
    noteDelivered(tcb, at, segment, now);
    board.shift();
  }
  tcb.sndUna = ackPlace;
  tcb.stalledAt = now;
  tcb.tries = 0;
  const text = Math.min(ackPlace, tcb.sourceEnd) - 1;
  tcb.source.release(text);
  tcb.events |= EVENT.writable;
  if (tcb.sndUp >= 0 && tcb.sndUp <= ackPlace) tcb.sndUp = -1;
  tcb.counters.TCPDelivered++;
  // Karn's rule, unless timestamps tell which copy is meant (RFC 6298 3, RFC 7323 4.1). What waited behind a gap that
  // was filled by a copy tells nothing either.
  let rtt = -1;
  if (sentAt >= 0 && !ambiguous) rtt = Math.max(1, now - sentAt);
  else if (tcb.timestamps && segment.hasTimestamps && segment.tsEcr !== 0)
    rtt = echoed(tcb, segment, now);
  if (rtt > 0) measured(tcb, rtt, now);
  // The other half of Karn's rule: without a measurement the timeout stays as long as it has become (RFC 6298 5).
  if ((rtt > 0 || isSyn) && tcb.sndWnd > 0) tcb.backoff = 0;
  tcb.rto = rtoOf(tcb);
}

/** The round trip by the peer's echo, -1 where it is none of ours. Less than a tick is a tick, as in Linux: nobody knows better. */
function echoed(tcb: Tcb, segment: Segment, now: Nanos): number {
  const ticks = (tcb.tsNow(now) - segment.tsEcr) | 0;
  return ticks < 0 ? -1 : Math.max(1, ticks) * TICK;
}

/** RFC 9293 3.10.7.4, fifth: by the newest segment only. */
// hot
function updateWindow(tcb: Tcb, segment: Segment, now: Nanos, before: number): void {
  const { place, ackPlace } = segment;
  if (tcb.sndWl1 > place || (tcb.sndWl1 === place && tcb.sndWl2 > ackPlace)) return;
  const window = segment.syn ? segment.window : segment.window * tcb.sndUnit;
  tcb.sndWnd = window;
  tcb.sndWl1 = place;
  tcb.sndWl2 = ackPlace;
  if (window > tcb.maxSndWnd) tcb.maxSndWnd = window;
  if (window === 0 || before > 0) return;
  // It opens: a byte that probed it is still owed.
  tcb.persistAt = NEVER;
  tcb.backoff = 0;
  if (tcb.board.count > 0) {
    tcb.board.markLost(tcb.board.head);
    tcb.force = true;
    armRto(tcb, now);
  }
}

/** What an acknowledgment of our FIN means in each state. */
function moveOn(tcb: Tcb, now: Nanos): void {
  if (!tcb.finSent || tcb.sndUna < tcb.sndNxt) return;
  switch (tcb.state) {
    case 'FIN-WAIT-1':
      tcb.enter(now, 'receive ACK of FIN');
      if (tcb.orphan) tcb.waitAt = after(now, tcb.options.finTimeout);
      return;
    case 'CLOSING':
      tcb.enter(now, 'receive ACK of FIN');
      return startTimeWait(tcb, now);
    case 'LAST-ACK':
      tcb.enter(now, 'receive ACK of FIN');
      return leave(tcb);
    default:
      return;
  }
}
