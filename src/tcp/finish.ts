// How connections end: gracefully by way of TIME-WAIT, or at once.

import { after, type Nanos } from '../time/index.js';
import { EVENT, type Tcb, type TcpError } from './tcb.js';

/** The connection is no more; `error` is missing where both sides wished it so. */
export function destroy(tcb: Tcb, now: Nanos, error?: TcpError): void {
  if (tcb.state === 'CLOSED') return;
  const { counters } = tcb;
  if (error && (tcb.state === 'SYN-SENT' || tcb.state === 'SYN-RECEIVED')) counters.AttemptFails++;
  tcb.enter(now, 'delete');
  tcb.error ??= error;
  leave(tcb);
}

/** Nothing is kept of what was in flight, and no timer runs. */
export function leave(tcb: Tcb): void {
  tcb.stopTimers();
  tcb.board.clear();
  tcb.beyond.clear();
  tcb.probe = '';
  tcb.ackNow = false;
  tcb.events |= EVENT.closed;
}

/** The same, and the peer is told (RFC 9293 3.10.5). */
export function abort(tcb: Tcb, now: Nanos, error?: TcpError): void {
  const tell = tcb.facts.synchronized && tcb.state !== 'TIME-WAIT';
  tcb.sendReset = tell || tcb.state === 'SYN-RECEIVED';
  destroy(tcb, now, error);
}

/** RFC 9293 3.6.1 and 3.4.2: what may still be under way gets time to die. */
export function startTimeWait(tcb: Tcb, now: Nanos): void {
  tcb.stopTimers();
  tcb.board.clear();
  tcb.probe = '';
  tcb.waitAt = after(now, tcb.options.timeWait);
  tcb.dropBuffers();
}
