// What goes out next, if anything: the order in which a connection's wishes are served. Decides one segment at a time, as
// the wire takes it; the rules for new text are in new-text.ts.

import { seqAdd } from '../../protocols/core/serial.js';
import { type Nanos, NEVER } from '../time/index.js';
import { headerBytes } from './agree.js';
import { begin, textRoom } from './begin.js';
import { sendNew } from './new-text.js';
import type { Outgoing } from './outgoing.js';
import { armTailProbe } from './rack.js';
import { armRto } from './rto.js';
import type { Tcb } from './tcb.js';
import { ownMss } from './window.js';

/** Fills `out` with the next segment; false when there is nothing to say. */
// hot
export function nextSegment(tcb: Tcb, now: Nanos, out: Outgoing): boolean {
  if (tcb.refused >= 0 || tcb.sendReset) return reset(tcb, out);
  if (tcb.state === 'CLOSED' || tcb.state === 'LISTEN') return false;
  if (!tcb.facts.synchronized) return nextSyn(tcb, now, out);
  if (tcb.earlyAck >= 0) return early(tcb, now, out);
  if (tcb.probe !== '' && sendProbe(tcb, now, out)) return true;
  if (tcb.facts.sends || tcb.board.count > 0) {
    if (tcb.board.missing > 0 && sendAgain(tcb, now, out)) return true;
    if (tcb.facts.sends && sendNew(tcb, now, out, false)) return true;
  }
  if (!tcb.ackNow) return false;
  begin(tcb, now, out, tcb.sndNxt);
  out.last = true;
  return true;
}

/** RFC 9293 3.10.5 and 3.5.3: of our own, or as the answer to what acknowledges nothing. */
function reset(tcb: Tcb, out: Outgoing): boolean {
  out.clear();
  out.rst = true;
  out.window = 0;
  tcb.counters.OutRsts++;
  if (tcb.refused >= 0) {
    out.seq = tcb.refused;
    tcb.refused = -1;
    return true;
  }
  tcb.sendReset = false;
  out.seq = seqAdd(tcb.iss, tcb.sndNxt);
  out.hasAck = true;
  out.ack = seqAdd(tcb.irs, tcb.rcvNxt);
  return true;
}

/** SYN, or SYN with ACK; again when it was lost. */
function nextSyn(tcb: Tcb, now: Nanos, out: Outgoing): boolean {
  const { board } = tcb;
  const again = board.missing > 0;
  if (tcb.sndNxt > 0 && !again) {
    if (!tcb.ackNow || tcb.state !== 'SYN-RECEIVED') return false;
    begin(tcb, now, out, tcb.sndNxt);
    return true;
  }
  if (again) {
    board.markSentAgain(board.head, now);
    tcb.counters.TCPSynRetrans++;
    tcb.counters.RetransSegs++;
  } else {
    tcb.sndUna = 0;
    tcb.sndNxt = 1;
    board.push(0, 1, now);
  }
  tcb.force = false;
  begin(tcb, now, out, 0, true);
  const { options } = tcb;
  out.syn = true;
  out.mss = ownMss(options, tcb.mtu, headerBytes(tcb.version));
  out.windowShift = tcb.scaling ? tcb.rcvShift : -1;
  out.sackPermitted = tcb.sack;
  out.hasTimestamps = tcb.timestamps;
  const answers = tcb.state === 'SYN-RECEIVED';
  out.ece = tcb.ecn;
  out.cwr = tcb.ecn && !answers;
  // RFC 3168 6.1.1: a path that eats such SYNs gets one without.
  if (again && !answers) {
    out.ece = false;
    out.cwr = false;
  }
  if (!answers) {
    out.hasAck = false;
    out.tsEcr = 0;
  }
  armRto(tcb, now);
  return true;
}

/** RFC 8257 3.2: what came before the marks changed, with what they said then. */
function early(tcb: Tcb, now: Nanos, out: Outgoing): boolean {
  const { earlyAck } = tcb;
  tcb.earlyAck = -1;
  begin(tcb, now, out, tcb.sndNxt);
  out.ack = seqAdd(tcb.irs, earlyAck);
  out.ece = !tcb.echoEce;
  tcb.ackNow = true;
  return true;
}

function sendProbe(tcb: Tcb, now: Nanos, out: Outgoing): boolean {
  const { probe } = tcb;
  tcb.probe = '';
  switch (probe) {
    case 'keep-alive': // RFC 9293 3.8.4
      begin(tcb, now, out, tcb.sndNxt - 1);
      tcb.counters.TCPKeepAlive++;
      return true;
    case 'window': // RFC 9293 3.8.6.1
      return sendNew(tcb, now, out, true);
    case 'tail':
      return sendTailProbe(tcb, now, out);
    default:
      return false;
  }
}

/** RFC 8985 7.3: new text if there is any, else the last segment once more. */
function sendTailProbe(tcb: Tcb, now: Nanos, out: Outgoing): boolean {
  const { board } = tcb;
  tcb.counters.TCPLossProbes++;
  if (tcb.facts.sends && sendNew(tcb, now, out, true)) {
    tcb.tlpRetransmitted = false;
  } else {
    if (board.count === 0) return false;
    repeat(tcb, now, out, board.count - 1);
    tcb.tlpRetransmitted = true;
  }
  tcb.tlpEnd = tcb.sndNxt;
  tcb.probeTimeoutAt = NEVER;
  armRto(tcb, now);
  return true;
}

/** The first segment that counts as lost, if the congestion window and the peer's have room for it. */
// hot
function sendAgain(tcb: Tcb, now: Nanos, out: Outgoing): boolean {
  const { board } = tcb;
  const i = board.firstMissing();
  if (i < 0) return false;
  const at = board.index(i);
  if (!tcb.force) {
    const size = Math.min(board.size(at), tcb.sndMss);
    if (tcb.flight + size > tcb.cwnd) return false;
    if (i > 0 && board.start[at]! >= tcb.sndUna + tcb.sndWnd) return false;
    if (tcb.paceUntil > now) {
      tcb.paceAt = tcb.paceUntil;
      return false;
    }
  }
  tcb.force = false;
  if (tcb.phase === 'loss') tcb.counters.TCPSlowStartRetrans++;
  else tcb.counters.TCPFastRetrans++;
  repeat(tcb, now, out, i);
  armRto(tcb, now);
  armTailProbe(tcb, now);
  return true;
}

/** Sends the `i`th segment of the board again, or as much of it as one segment takes now. */
function repeat(tcb: Tcb, now: Nanos, out: Outgoing, i: number): void {
  const { board } = tcb;
  const at = board.index(i);
  const start = board.start[at]!;
  const text = Math.min(board.end[at]!, tcb.sourceEnd) - start;
  const most = textRoom(tcb);
  if (text > most) board.split(i, start + (tcb.source.cut?.(start - 1, most) ?? most));
  const again = board.index(i);
  board.markSentAgain(again, now);
  tcb.counters.RetransSegs++;
  begin(tcb, now, out, start);
  const end = board.end[again]!;
  out.from = start - 1;
  out.length = Math.min(end, tcb.sourceEnd) - start;
  out.fin = tcb.closing && end > tcb.sourceEnd;
  out.psh = out.length > 0 && start + out.length === tcb.sourceEnd;
  tcb.prrOut += end - start;
  tcb.lastSent = now;
}
