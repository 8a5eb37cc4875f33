// Sixth to eighth of SEGMENT ARRIVES (RFC 9293 3.10.7.4): the urgent bit, the text, FIN; and when that is acknowledged.

import { after, type Nanos, NEVER } from '../time/index.js';
import { abort, startTimeWait } from './finish.js';
import type { Segment } from './segment.js';
import { EVENT, type Tcb } from './tcb.js';
import { bufferEdge } from './window.js';

/** IP's codepoint for "congestion experienced" (RFC 3168 5). */
const CE = 3;

/** Sixth: the user is told when there is urgent data ahead of what was taken. */
export function takeUrgent(tcb: Tcb, segment: Segment): void {
  const up = segment.place + segment.urgentPointer;
  if (up <= tcb.rcvUp || !tcb.facts.receives) return;
  tcb.rcvUp = up;
  tcb.events |= EVENT.urgent;
}

/** Seventh: the text, as far as it is new and the buffer has promised room. */
// hot
export function takeText(tcb: Tcb, segment: Segment, now: Nanos): void {
  noteMarks(tcb, segment);
  const end = segment.place + segment.length;
  if (tcb.orphan && end > tcb.rcvNxt) return refuseText(tcb, now);
  let edge = tcb.sink.gives === true ? tcb.rcvAdv : Math.min(tcb.rcvAdv, bufferEdge(tcb));
  if (tcb.finPlace >= 0) edge = Math.min(edge, tcb.finPlace); // nothing stands behind a FIN
  const from = Math.max(segment.place, tcb.rcvNxt);
  const to = Math.min(end, edge);
  const size = segment.unit > 0 ? segment.unit : segment.length;
  if (size > tcb.rcvMss) tcb.rcvMss = Math.min(size, 0xffff);
  if (to < end) {
    tcb.counters.TCPWantZeroWindowAdv++;
    tcb.ackNow = true;
    if (from >= to) return;
  }
  if (from >= to) {
    tcb.ackNow = true;
    return;
  }
  const at = segment.dataAt + from - segment.place;
  if (from > tcb.rcvNxt) return keep(tcb, from, to, segment.bytes, at);
  if (segment.place < tcb.rcvNxt && tcb.sack) reportTwice(tcb, segment.place, tcb.rcvNxt);
  tcb.sink.place(from - 1, to - from, segment.bytes, at);
  advance(tcb, to, now);
}

/** It is the next text: hands it on, with what was kept behind it. */
// hot
function advance(tcb: Tcb, to: number, now: Nanos): void {
  tcb.unacked += to - tcb.rcvNxt;
  tcb.rcvNxt = to;
  if (tcb.beyond.count > 0) {
    // RFC 5681 4.2: at once when a gap is filled, wholly or in part.
    tcb.ackNow = true;
    tcb.rcvNxt = tcb.beyond.join(to);
  }
  tcb.sink.deliver(tcb.rcvNxt - 1);
  tcb.events |= EVENT.readable;
  scheduleAck(tcb, now);
}

/** RFC 9293 3.8.6.3: every second full segment at once, others before long. */
// hot
function scheduleAck(tcb: Tcb, now: Nanos): void {
  if (tcb.ackNow) return;
  if (tcb.quickAcks > 0) {
    tcb.quickAcks--;
    tcb.ackNow = true;
  } else if (tcb.unacked >= 2 * tcb.rcvMss) tcb.ackNow = true;
  else if (tcb.ackAt === NEVER) tcb.ackAt = after(now, tcb.options.delayedAck);
}

/** Behind a gap: kept, and acknowledged at once, so that the sender learns of the gap (RFC 5681 4.2). */
function keep(tcb: Tcb, from: number, to: number, bytes: Uint8Array, at: number): void {
  const { beyond, counters } = tcb;
  tcb.ackNow = true;
  if (beyond.has(from, to)) {
    if (tcb.sack) reportTwice(tcb, from, to);
    counters.TCPOFOMerge++;
    return;
  }
  if (!beyond.add(from, to)) {
    counters.TCPOFODrop++;
    return;
  }
  counters.TCPOFOQueue++;
  tcb.sink.place(from - 1, to - from, bytes, at);
}

/** RFC 2883 4: told once, in the next acknowledgment. */
function reportTwice(tcb: Tcb, from: number, to: number): void {
  tcb.dsackFrom = from;
  tcb.dsackTo = to;
  tcb.counters.TCPDSACKOfoSent++;
}

/** Nobody reads any more: the peer must learn that its bytes are lost (RFC 9293 3.6.1; RFC 1122 4.2.2.13). */
function refuseText(tcb: Tcb, now: Nanos): void {
  tcb.counters.TCPAbortOnData++;
  abort(tcb, now, 'ECONNRESET');
}

/** RFC 3168 6.1.3: echoed until the sender says CWR; RFC 8257 3.2: echoed as it is, change by change. */
// hot
function noteMarks(tcb: Tcb, segment: Segment): void {
  if (!tcb.ecn) return;
  const marked = segment.ecn === CE;
  if (tcb.control.marksAll) {
    if (marked === tcb.echoEce) return;
    if (tcb.unacked > 0) tcb.earlyAck = tcb.rcvNxt;
    tcb.echoEce = marked;
    tcb.ackNow = true;
    return;
  }
  if (segment.cwr) tcb.echoEce = false;
  if (!marked) return;
  tcb.echoEce = true;
  tcb.ackNow = true;
}

/** Eighth: FIN, once everything before it is here. */
export function takeFin(tcb: Tcb, segment: Segment, now: Nanos): void {
  if (tcb.state === 'TIME-WAIT') {
    // Only its repetition can come.
    if (segment.fin) startTimeWait(tcb, now);
    tcb.ackNow = true;
    return;
  }
  if (segment.fin && tcb.finPlace < 0 && tcb.facts.receives) {
    const place = segment.place + segment.length;
    // One that contradicts what was received behind it is not believed.
    if (place >= tcb.rcvNxt && place <= tcb.rcvAdv) tcb.finPlace = place;
  }
  if (segment.fin) tcb.ackNow = true;
  if (tcb.finPlace < 0 || tcb.rcvNxt !== tcb.finPlace) return;
  tcb.rcvNxt++;
  tcb.rcvAdv = Math.max(tcb.rcvAdv, tcb.rcvNxt);
  tcb.finPlace = -1;
  tcb.beyond.clear();
  tcb.ackNow = true;
  tcb.events |= EVENT.ended | EVENT.readable;
  if (tcb.enter(now, 'receive FIN') === 'TIME-WAIT') startTimeWait(tcb, now);
}
