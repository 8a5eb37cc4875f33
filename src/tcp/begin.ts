// What every segment of a connection has: numbers, window, timestamps, SACK blocks, the urgent pointer. The acknowledgment
// that was owed goes with it.

import { seqAdd } from '../../protocols/core/serial.js';
import { type Nanos, NEVER } from '../time/index.js';
import type { Outgoing } from './outgoing.js';
import type { Tcb } from './tcb.js';
import { advertise } from './window.js';

/** SACK blocks beside a timestamp, and without (RFC 2018 3). */
const BLOCKS_WITH_TIMESTAMP = 3;
const BLOCKS_WITHOUT = 4;
/** ECN-capable transport, ECT(0) (RFC 3168 5). */
export const ECT0 = 2;
const MOST_URGENT = 0xffff;

/** Two NOPs, kind and length; two edges. */
const SACK_HEAD = 4;
const SACK_BLOCK = 8;

/** Begins a segment at `place` of our stream. */
// hot
export function begin(tcb: Tcb, now: Nanos, out: Outgoing, place: number, syn = false): void {
  out.clear();
  out.seq = seqAdd(tcb.iss, place);
  out.hasAck = true;
  out.ack = seqAdd(tcb.irs, tcb.rcvNxt);
  out.window = advertise(tcb, syn);
  out.ece = tcb.echoEce;
  if (tcb.control.marksAll && tcb.ecn) out.ecn = ECT0;
  if (tcb.timestamps) {
    out.hasTimestamps = true;
    out.tsVal = tcb.tsNow(now);
    out.tsEcr = tcb.tsRecent;
  }
  if (tcb.sack && (tcb.beyond.count > 0 || tcb.dsackFrom >= 0)) blocks(tcb, out);
  if (tcb.sndUp > place) {
    out.urg = true;
    out.urgentPointer = Math.min(tcb.sndUp - place, MOST_URGENT);
  }
  tcb.lastAckSent = tcb.rcvNxt;
  tcb.ackNow = false;
  tcb.unacked = 0;
  tcb.ackAt = NEVER;
}

/** RFC 2018 4 and, first, RFC 2883 4. */
function blocks(tcb: Tcb, out: Outgoing): void {
  const most = tcb.timestamps ? BLOCKS_WITH_TIMESTAMP : BLOCKS_WITHOUT;
  let count = 0;
  if (tcb.dsackFrom >= 0) {
    out.sackLeft[0] = seqAdd(tcb.irs, tcb.dsackFrom);
    out.sackRight[0] = seqAdd(tcb.irs, tcb.dsackTo);
    count = 1;
    tcb.dsackFrom = -1;
  }
  for (let i = 0; i < tcb.beyond.count && count < most; i++, count++) {
    out.sackLeft[count] = seqAdd(tcb.irs, tcb.beyond.start[i]!);
    out.sackRight[count] = seqAdd(tcb.irs, tcb.beyond.end[i]!);
  }
  out.sackBlocks = count;
}

/** Text that fits into a segment beside the SACK blocks that go with it. */
// hot
export function textRoom(tcb: Tcb): number {
  if (!tcb.sack || (tcb.beyond.count === 0 && tcb.dsackFrom < 0)) return tcb.sndMss;
  const most = tcb.timestamps ? BLOCKS_WITH_TIMESTAMP : BLOCKS_WITHOUT;
  const blocks = Math.min(most, tcb.beyond.count + (tcb.dsackFrom >= 0 ? 1 : 0));
  return Math.max(1, tcb.sndMss - (SACK_HEAD + SACK_BLOCK * blocks));
}
