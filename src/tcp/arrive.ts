// SEGMENT ARRIVES (RFC 9293 3.10.7), but for the states without a connection: 3.10.7.3 for SYN-SENT and 3.10.7.4 for all
// others, each check in its order. A check only says what is wrong; the table says what that costs.

import { seqDiff } from '../../protocols/core/serial.js';
import { type Nanos, NEVER } from '../time/index.js';
import { acknowledge } from './acknowledge.js';
import { agree } from './agree.js';
import { destroy, startTimeWait } from './finish.js';
import { INVALID_INTERVAL, TS_RECENT_LIFE } from './options.js';
import type { Segment } from './segment.js';
import { EVENT, type Tcb } from './tcb.js';
import { takeFin, takeText, takeUrgent } from './text.js';

type Verdict = keyof typeof outcomes;
type Check = (tcb: Tcb, segment: Segment, now: Nanos) => Verdict | undefined;

/** What a verdict costs. Every one of them drops the segment. */
const outcomes = {
  'old timestamp': { reply: 'acknowledge', count: 'PAWSEstab' },
  'outside the window': { reply: 'acknowledge', count: 'TCPACKSkippedSeq' },
  'reset outside the window': { reply: 'none', count: undefined },
  reset: { reply: 'die', count: undefined },
  'reset in the window': { reply: 'challenge', count: undefined },
  'SYN in a connection': { reply: 'challenge', count: 'TCPSYNChallenge' },
  'SYN again': { reply: 'repeat', count: undefined },
  'no ACK': { reply: 'none', count: undefined },
  'ACK of nothing': { reply: 'reset', count: undefined },
  'ACK too old': { reply: 'challenge', count: undefined },
  'ACK too new': { reply: 'challenge', count: undefined },
} as const;

/** RFC 7323 5.3, R1: before all else. Resets are no proof of age (5.2). */
const timestampIsOld: Check = (tcb, segment, now) => {
  if (!tcb.timestamps || !segment.hasTimestamps || segment.rst) return undefined;
  if (seqDiff(segment.tsVal, tcb.tsRecent) >= 0 || isStale(tcb, now)) return undefined;
  return 'old timestamp';
};

/**
 * First: the sequence number (RFC 9293 3.10.7.4, table 6). Two allowances: a segment without text may stand just at the
 * window's end, where a sender stands that has filled it; and a probe of a closed window brings a valid ACK with it.
 */
const sequence: Check = (tcb, { place, length, syn, fin, rst }) => {
  const size = length + (syn ? 1 : 0) + (fin ? 1 : 0);
  const { rcvNxt, rcvAdv } = tcb;
  const starts = rcvNxt <= place && place < rcvAdv;
  const ends = size > 0 && rcvNxt < place + size && place + size <= rcvAdv;
  const spans = size > 0 && place < rcvNxt && place + size > rcvNxt && rcvAdv > rcvNxt;
  if (starts || ends || spans || place === rcvNxt) return undefined;
  if (size === 0 && place === rcvAdv && !rst) return undefined;
  if (rst) return 'reset outside the window';
  if (tcb.state === 'SYN-RECEIVED' && syn && place === 0) return 'SYN again';
  return 'outside the window';
};

/** Second: RST, which must name the very next byte (RFC 9293 3.10.7.4, RFC 5961 3.2). */
const reset: Check = (tcb, { rst, place }) => {
  if (!rst) return undefined;
  return place === tcb.rcvNxt ? 'reset' : 'reset in the window';
};

/** Third would be security, which nobody uses. Fourth: SYN (RFC 5961 4.2). */
const synchronize: Check = (_tcb, { syn }) => (syn ? 'SYN in a connection' : undefined);

/** Fifth: ACK (RFC 9293 3.10.7.4, RFC 5961 5.2). */
const acknowledgment: Check = (tcb, { hasAck, ackPlace }) => {
  if (!hasAck) return 'no ACK';
  if (tcb.state === 'SYN-RECEIVED') {
    return ackPlace > tcb.sndUna && ackPlace <= tcb.sndNxt ? undefined : 'ACK of nothing';
  }
  if (ackPlace < tcb.sndUna - tcb.maxSndWnd) return 'ACK too old';
  return ackPlace > tcb.sndNxt ? 'ACK too new' : undefined;
};

/** In the standard's order. */
const checks: readonly Check[] = [timestampIsOld, sequence, reset, synchronize, acknowledgment];

/** A segment for this connection, which is neither CLOSED nor LISTEN. */
// hot
export function arrive(tcb: Tcb, segment: Segment, now: Nanos): void {
  if (tcb.state === 'SYN-SENT') return arriveInSynSent(tcb, segment, now);
  segment.place = tcb.peerPlace(segment.seq);
  segment.ackPlace = tcb.ownPlace(segment.ack);
  if (tcb.state === 'SYN-RECEIVED') crossedSyn(tcb, segment);
  for (let i = 0; i < checks.length; i++) {
    const verdict = checks[i]!(tcb, segment, now);
    if (verdict !== undefined) return refuse(tcb, segment, now, verdict);
  }
  tcb.lastReceived = now;
  tcb.keepProbes = 0;
  noteTimestamp(tcb, segment, now);
  if (tcb.state === 'SYN-RECEIVED') establish(tcb, segment, now);
  acknowledge(tcb, segment, now);
  finishText(tcb, segment, now);
}

/** Sixth, seventh and eighth: URG, text, FIN. */
function finishText(tcb: Tcb, segment: Segment, now: Nanos): void {
  if (segment.length === 0 && !segment.fin && !segment.urg) return;
  if (tcb.state === 'TIME-WAIT') return takeFin(tcb, segment, now);
  if (segment.urg) takeUrgent(tcb, segment);
  if (segment.length > 0 && tcb.facts.receives) takeText(tcb, segment, now);
  if (tcb.facts.synchronized) takeFin(tcb, segment, now);
}

/** The peer's SYN,ACK of a simultaneous open: its SYN is known already (RFC 9293 3.5, figure 7). */
function crossedSyn(tcb: Tcb, segment: Segment): void {
  if (!segment.syn || !segment.hasAck || segment.place !== 0 || segment.ackPlace !== tcb.sndNxt) {
    return;
  }
  segment.syn = false;
  segment.place = 1;
}

/** RFC 7323 4.3: the newest timestamp of a segment that reaches back to what was acknowledged last. */
// hot
function noteTimestamp(tcb: Tcb, segment: Segment, now: Nanos): void {
  if (!tcb.timestamps || !segment.hasTimestamps || segment.rst) return;
  if (segment.place > tcb.lastAckSent) return;
  if (seqDiff(segment.tsVal, tcb.tsRecent) < 0 && !isStale(tcb, now)) return;
  tcb.tsRecent = segment.tsVal;
  tcb.tsRecentAt = now;
}

const isStale = (tcb: Tcb, now: Nanos): boolean => now - tcb.tsRecentAt > TS_RECENT_LIFE;

/** Our SYN is acknowledged. */
function establish(tcb: Tcb, segment: Segment, now: Nanos): void {
  tcb.enter(now, 'receive ACK of SYN');
  tcb.events |= EVENT.connected | EVENT.writable;
  if (tcb.makeBuffers) {
    const { source, sink } = tcb.makeBuffers();
    tcb.source = source;
    tcb.sink = sink;
    tcb.makeBuffers = undefined;
  }
  openWindow(tcb, segment);
  if (tcb.closing) tcb.enter(now, 'CLOSE');
}

function openWindow(tcb: Tcb, segment: Segment): void {
  tcb.sndWnd = segment.syn ? segment.window : segment.window * tcb.sndUnit;
  tcb.maxSndWnd = Math.max(tcb.maxSndWnd, tcb.sndWnd);
  tcb.sndWl1 = segment.place;
  tcb.sndWl2 = segment.ackPlace;
}

function refuse(tcb: Tcb, segment: Segment, now: Nanos, verdict: Verdict): void {
  const { reply, count } = outcomes[verdict];
  tcb.verdict(now, verdict);
  if (count !== undefined && count !== 'TCPACKSkippedSeq') tcb.counters[count]++;
  switch (reply) {
    case 'acknowledge':
      return answerInvalid(tcb, segment, now);
    case 'challenge':
      return challenge(tcb, now);
    case 'repeat':
      if (tcb.board.count > 0 && now - tcb.board.sentAt[tcb.board.head]! >= INVALID_INTERVAL) {
        tcb.board.markLost(tcb.board.head);
        tcb.force = true;
      } else tcb.counters.TCPACKSkippedSynRecv++;
      return;
    case 'reset':
      tcb.refused = segment.ack;
      return;
    case 'die':
      return die(tcb, now);
    case 'none':
  }
}

/** An acknowledgment says what we expect; copies of data always get one, others now and then (lest two sides loop). */
function answerInvalid(tcb: Tcb, segment: Segment, now: Nanos): void {
  const from = segment.place;
  const to = from + segment.length;
  const text = segment.length > 0 || segment.fin;
  if (text && segment.length > 0 && tcb.sack && to <= tcb.rcvNxt && from > 0) {
    tcb.dsackFrom = from;
    tcb.dsackTo = to;
    tcb.counters.TCPDSACKOldSent++;
  }
  // The peer did not hear our last ACK: it may send its FIN again for as long as it likes (RFC 9293 3.10.7.4, eighth).
  if (segment.fin && tcb.state === 'TIME-WAIT') startTimeWait(tcb, now);
  if (!text && !mayAnswer(tcb, now)) {
    tcb.counters.TCPACKSkippedSeq++;
    return;
  }
  tcb.ackNow = true;
}

/** RFC 5961 7: at most so many a second; Linux limits each connection and all together. */
function challenge(tcb: Tcb, now: Nanos): void {
  if (!mayAnswer(tcb, now)) {
    tcb.counters.TCPACKSkippedChallenge++;
    return;
  }
  tcb.counters.TCPChallengeACK++;
  tcb.ackNow = true;
}

function mayAnswer(tcb: Tcb, now: Nanos): boolean {
  if (now - tcb.invalidAt < INVALID_INTERVAL) return false;
  tcb.invalidAt = now;
  return true;
}

/** What a believed RST does in each state (RFC 9293 3.10.7.4, second). */
function die(tcb: Tcb, now: Nanos): void {
  if (tcb.state === 'ESTABLISHED' || tcb.state === 'CLOSE-WAIT') tcb.counters.EstabResets++;
  switch (tcb.state) {
    case 'SYN-RECEIVED':
      if (tcb.passive) tcb.counters.EmbryonicRsts++;
      return destroy(tcb, now, 'ECONNREFUSED');
    case 'CLOSE-WAIT':
      return destroy(tcb, now, 'EPIPE');
    case 'CLOSING':
    case 'LAST-ACK':
    case 'TIME-WAIT':
      return destroy(tcb, now);
    default:
      return destroy(tcb, now, 'ECONNRESET');
  }
}

/** An echo (RFC 7323 3.2) that is none of what our SYNs said: the answer to a SYN of long ago. Linux resets that. */
function echoesAnother(tcb: Tcb, { hasTimestamps, tsEcr }: Segment, now: Nanos): boolean {
  if (!tcb.timestamps || !hasTimestamps || tsEcr === 0 || tcb.stalledAt === NEVER) return false;
  return seqDiff(tsEcr, tcb.tsNow(tcb.stalledAt)) < 0 || seqDiff(tsEcr, tcb.tsNow(now)) > 0;
}

/** RFC 9293 3.10.7.3. */
function arriveInSynSent(tcb: Tcb, segment: Segment, now: Nanos): void {
  segment.place = 0;
  segment.ackPlace = tcb.ownPlace(segment.ack);
  const good = segment.hasAck && segment.ackPlace > 0 && segment.ackPlace <= tcb.sndNxt;
  // First: the ACK bit.
  if (segment.hasAck && !good) {
    tcb.verdict(now, 'ACK of nothing');
    if (!segment.rst) tcb.refused = segment.ack;
    return;
  }
  if (good && echoesAnother(tcb, segment, now)) {
    tcb.counters.PAWSActive++;
    tcb.verdict(now, 'echo of another connection');
    if (!segment.rst) tcb.refused = segment.ack;
    return;
  }
  // Second: the RST bit.
  if (segment.rst) {
    if (good) destroy(tcb, now, 'ECONNREFUSED');
    return;
  }
  // Fourth: the SYN bit; fifth: without it there is nothing to be had.
  if (!segment.syn) return tcb.verdict(now, 'no SYN');
  tcb.irs = segment.seq;
  tcb.rcvNxt = 1;
  agree(tcb, segment, now);
  tcb.lastReceived = now;
  openWindow(tcb, segment);
  if (!good) {
    tcb.enter(now, 'receive SYN');
    tcb.board.clear();
    tcb.sndNxt = 0; // SYN goes out again, with ACK
    return;
  }
  tcb.enter(now, 'receive SYN,ACK');
  tcb.events |= EVENT.connected | EVENT.writable;
  tcb.ackNow = true;
  acknowledge(tcb, segment, now);
  // Text and FIN that came along stand behind the SYN.
  segment.place = 1;
  segment.syn = false;
  finishText(tcb, segment, now);
}
