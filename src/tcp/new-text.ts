// New text and FIN: what both windows, Nagle's algorithm, silly windows and pacing let through (RFC 9293 3.7.4, 3.8.6.2.1).

import { after, type Nanos, NEVER } from '../time/index.js';
import { initialWindow } from './agree.js';
import { begin, ECT0, textRoom } from './begin.js';
import type { Outgoing } from './outgoing.js';
import { retryPathMtu } from './path-mtu.js';
import { armTailProbe } from './rack.js';
import { armRto, backedOff } from './rto.js';
import type { Tcb } from './tcb.js';

/** Share of the largest window seen that is worth a segment below the full size (RFC 9293 3.8.6.2.1, F_s). */
const WORTHWHILE = 1 / 2;
/** Linux's pacing: twice the window a round trip in slow start, a fifth more than it afterwards. */
const PACE_SLOW_START = 2;
const PACE_AVOIDANCE = 1.2;

/**
 * Fills `out` with the next new segment, or a run of them for the NIC to cut.
 * @param probe sends whatever the windows say: one byte at least (RFC 9293 3.8.6.1), or a tail loss probe
 */
// hot
export function sendNew(tcb: Tcb, now: Nanos, out: Outgoing, probe: boolean): boolean {
  if (tcb.finSent) return false;
  if (tcb.pathMtuAt <= now) retryPathMtu(tcb, now);
  const { sndNxt } = tcb;
  const waiting = tcb.sourceEnd - sndNxt;
  if (waiting === 0 && !tcb.closing) return false;
  const length = probe ? probeLength(tcb, waiting) : allowed(tcb, now, waiting);
  if (length < 0) return false;
  const fin = tcb.closing && length === waiting && (probe || length + 1 <= usable(tcb));
  if (length === 0 && !fin) {
    if (!probe) armPersist(tcb, now);
    return false;
  }
  if (tcb.outstanding === 0) restart(tcb, now);
  begin(tcb, now, out, sndNxt);
  out.from = sndNxt - 1;
  out.length = length;
  out.fin = fin;
  out.last = length === waiting && fin === tcb.closing && tcb.board.missing === 0;
  out.psh = length > 0 && length === waiting;
  if (tcb.ecn) {
    // RFC 3168 6.1.2, 6.1.6: on new text only, and not on what probes a closed window. DCTCP marks all (RFC 8257 3.1).
    if (length <= usable(tcb)) out.ecn = ECT0;
    out.cwr = tcb.sendCwr;
    tcb.sendCwr = false;
  }
  record(tcb, now, out, sndNxt + length + (fin ? 1 : 0), probe);
  return true;
}

/** SND.UNA + SND.WND - SND.NXT (RFC 9293 3.8.6.2.1). */
const usable = (tcb: Tcb): number => tcb.sndUna + tcb.sndWnd - tcb.sndNxt;

/** Puts it on the board and starts what is to watch over it. */
// hot
function record(tcb: Tcb, now: Nanos, out: Outgoing, end: number, probe: boolean): void {
  const { board, sndMss } = tcb;
  const start = tcb.sndNxt;
  const text = start + out.length;
  out.cutMss = out.length > sndMss ? sndMss : 0;
  for (let at = start; at < end; ) {
    const next = at + sndMss >= text ? end : at + sndMss;
    board.push(at, next, now);
    tcb.counters.TCPOrigDataSent++;
    at = next;
  }
  tcb.sndNxt = end;
  tcb.prrOut += end - start;
  tcb.lastSent = now;
  tcb.persistAt = NEVER;
  if (!probe && out.length > 0 && out.length < sndMss) tcb.smallEnd = text;
  if (tcb.options.pacing && tcb.srtt > 0) pace(tcb, now, out.length);
  if (tcb.rtoAt === NEVER) armRto(tcb, now);
  armTailProbe(tcb, now);
}

/** How much text may go: 0 when windows forbid (a lone FIN may go), -1 when something else does. */
// hot
function allowed(tcb: Tcb, now: Nanos, waiting: number): number {
  if (tcb.paceUntil > now) {
    tcb.paceAt = tcb.paceUntil;
    return -1;
  }
  const room = tcb.cwnd - tcb.flight;
  const most = textRoom(tcb);
  // In recovery and before the first reduction alike: a whole segment, or the last piece, must fit.
  if (room < Math.min(waiting + (tcb.closing ? 1 : 0), most)) return -1;
  const window = usable(tcb);
  if (window <= 0) return waiting === 0 && tcb.sndWnd > 0 ? -1 : stopped(tcb, now);
  let length = Math.min(waiting, window, most);
  if (tcb.options.tso > tcb.sndMss && most === tcb.sndMss && !tcb.source.cut) {
    const { tso, tsoSegments } = tcb.options;
    const burst = Math.min(waiting, window, room, tso, tsoSegments * tcb.sndMss);
    // Whole segments, or all that there is.
    if (burst > length) length = burst === waiting ? burst : burst - (burst % tcb.sndMss);
  }
  if (tcb.source.cut && length > 0) length = tcb.source.cut(tcb.sndNxt - 1, length);
  const span = spanOf(tcb, length);
  if (span < length) return span; // full, if not of bytes
  return length === 0 || isWorthSending(tcb, length, waiting, most)
    ? length
    : held(tcb, now, length < waiting);
}

/** The peer's window is shut: probes, unless something is on its way that will be answered. */
function stopped(tcb: Tcb, now: Nanos): number {
  armPersist(tcb, now);
  return -1;
}

function held(tcb: Tcb, now: Nanos, byWindow: boolean): number {
  if (byWindow) armPersist(tcb, now);
  return -1;
}

// hot
function isWorthSending(tcb: Tcb, length: number, waiting: number, most: number): boolean {
  if (length >= most || tcb.sndUp > tcb.sndNxt) return true;
  if (length < waiting && tcb.source.cut === undefined) {
    return length >= tcb.maxSndWnd * WORTHWHILE; // the window's remains are silly
  }
  // Nagle, as Minshall has it and Linux does: only another small segment holds this one back.
  return !tcb.options.nagle || tcb.closing || tcb.smallEnd <= tcb.sndUna;
}

/** RFC 9293 3.8.6.1: when nothing is on its way that would bring news of the window. */
function armPersist(tcb: Tcb, now: Nanos): void {
  if (tcb.outstanding > 0 || tcb.persistAt !== NEVER) return;
  tcb.persistAt = after(now, backedOff(tcb));
}

/** What a probe carries: what fits, else a byte that does not; of a tail probe never more than fits. */
function probeLength(tcb: Tcb, waiting: number): number {
  const window = usable(tcb);
  if (tcb.outstanding > 0 && window < Math.min(waiting, 1)) return -1;
  return spanOf(tcb, Math.min(waiting, Math.max(1, window), textRoom(tcb)));
}

/** What one packet holds of the next `length` bytes. */
// hot
const spanOf = ({ source, sndNxt }: Tcb, length: number): number =>
  source.span === undefined ? length : source.span(sndNxt - 1, length);

/** RFC 5681 4.1: after a pause the window says nothing about the path any more. */
function restart(tcb: Tcb, now: Nanos): void {
  if (tcb.lastSent === 0) return;
  const idle = now - tcb.lastSent;
  tcb.control.idle(now, idle as Nanos);
  if (tcb.options.slowStartAfterIdle && idle > tcb.rto) {
    tcb.cwnd = Math.min(tcb.cwnd, initialWindow(tcb));
  }
}

function pace(tcb: Tcb, now: Nanos, length: number): void {
  const factor = tcb.cwnd < tcb.ssthresh / 2 ? PACE_SLOW_START : PACE_AVOIDANCE;
  const time = (length * tcb.srtt) / (factor * tcb.cwnd);
  tcb.paceUntil = after(now, Math.ceil(time));
}
