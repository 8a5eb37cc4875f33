// The receive window: what we promise, and when that changes enough to be told (RFC 9293 3.8.6).

import { MOST_SHIFT, type TcpOptions } from './options.js';
import type { Tcb } from './tcb.js';

const MOST_WINDOW = 0xffff;

/** The scale that lets a whole buffer be promised (RFC 7323 2.3). */
export function shiftFor(capacity: number): number {
  let shift = 0;
  while (shift < MOST_SHIFT && capacity / 2 ** shift > MOST_WINDOW) shift++;
  return shift;
}

/** What our side says of itself in a SYN: the MSS of an IP packet as large as the link takes (RFC 9293 3.7.1). */
export const ownMss = (options: TcpOptions, mtu: number, headers: number): number =>
  Math.min(options.mss || MOST_WINDOW, mtu - headers);

/** Behind the last byte that the buffer can hold; bytes of the user count from 1. */
export const bufferEdge = (tcb: Tcb): number => 1 + tcb.sink.taken + tcb.sink.capacity;

/** The same, as far as the field of a segment can say it. */
const tellable = (tcb: Tcb): number =>
  Math.min(bufferEdge(tcb), tcb.rcvNxt + MOST_WINDOW * tcb.rcvUnit);

/** Where the window would end now. It never moves back (RFC 9293 3.8.6), and not forward by a little (3.8.6.2.2). */
// hot
export function rightEdge(tcb: Tcb): number {
  const edge = tellable(tcb);
  const step = Math.min(tcb.rcvMss, tcb.sink.capacity / 2);
  return edge - tcb.rcvAdv >= step ? edge : tcb.rcvAdv;
}

/** The field of a segment that goes out now, and the promise that comes with it. SYNs are not scaled. */
// hot
export function advertise(tcb: Tcb, syn: boolean): number {
  const unit = syn ? 1 : tcb.rcvUnit;
  const edge = rightEdge(tcb);
  const window = Math.max(0, edge - tcb.rcvNxt);
  // A new promise is rounded down; one that was made already is kept, to the next unit (RFC 7323 2.4).
  const units = edge > tcb.rcvAdv ? Math.floor(window / unit) : Math.ceil(window / unit);
  const field = Math.min(units, MOST_WINDOW);
  if (field === 0 && tcb.toldWindow > 0) tcb.counters.TCPToZeroWindowAdv++;
  else if (field > 0 && tcb.toldWindow === 0) tcb.counters.TCPFromZeroWindowAdv++;
  tcb.toldWindow = field;
  tcb.rcvAdv = Math.max(tcb.rcvAdv, tcb.rcvNxt + field * unit);
  return field;
}

/** Whether the user has taken so much that the peer should hear of it at once. */
export function wantsUpdate(tcb: Tcb): boolean {
  const grown = tellable(tcb) - tcb.rcvAdv;
  if (grown <= 0) return false;
  const { capacity } = tcb.sink;
  const window = tcb.rcvWnd + grown;
  // As Linux does: at least twice what is left, and not while more than half is left.
  return 2 * tcb.rcvWnd <= capacity && window >= 2 * tcb.rcvWnd && rightEdge(tcb) > tcb.rcvAdv;
}
