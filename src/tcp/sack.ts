// What the peer reports of text behind a gap (RFC 2018, RFC 2883, RFC 6675): marks on the board.

import { seqDiff } from '../../protocols/core/serial.js';
import type { Nanos } from '../time/index.js';
import { noteDelivered } from './rack.js';
import { SACKED } from './scoreboard.js';
import type { Segment } from './segment.js';
import type { Tcb } from './tcb.js';

/** Takes the segment's blocks; true when the first one reports a segment that came twice. */
// hot
export function takeSack(tcb: Tcb, segment: Segment, now: Nanos): boolean {
  const twice = isDsack(tcb, segment);
  const first = twice ? 1 : 0;
  sort(segment, first);
  for (let i = first; i < segment.sackBlocks; i++) {
    const left = tcb.ownPlace(segment.sackLeft[i]!);
    const right = left + seqDiff(segment.sackRight[i]!, segment.sackLeft[i]!);
    // RFC 2018 5 gives no rule for nonsense; Linux drops it and counts.
    if (right <= left || right > tcb.sndNxt || left < tcb.sndUna) {
      if (right > tcb.sndUna) tcb.counters.TCPSACKDiscard++;
      continue;
    }
    mark(tcb, left, right, segment, now);
  }
  return twice;
}

/** In the order of the stream, so that what came in order is not taken for reordered. */
// hot
function sort({ sackLeft, sackRight, sackBlocks }: Segment, first: number): void {
  for (let i = first + 1; i < sackBlocks; i++) {
    for (let j = i; j > first && seqDiff(sackLeft[j]!, sackLeft[j - 1]!) < 0; j--) {
      const left = sackLeft[j]!;
      const right = sackRight[j]!;
      sackLeft[j] = sackLeft[j - 1]!;
      sackRight[j] = sackRight[j - 1]!;
      sackLeft[j - 1] = left;
      sackRight[j - 1] = right;
    }
  }
}

/** RFC 2883 4: below the cumulative acknowledgment, or inside the second block. */
function isDsack(tcb: Tcb, segment: Segment): boolean {
  const left = tcb.ownPlace(segment.sackLeft[0]!);
  const right = left + seqDiff(segment.sackRight[0]!, segment.sackLeft[0]!);
  if (right <= left) return false;
  let twice = right <= segment.ackPlace;
  if (!twice && segment.sackBlocks > 1) {
    const left2 = tcb.ownPlace(segment.sackLeft[1]!);
    const right2 = left2 + seqDiff(segment.sackRight[1]!, segment.sackLeft[1]!);
    twice = left2 <= left && right <= right2;
  }
  if (!twice) return false;
  tcb.counters.TCPDSACKRecv++;
  tcb.dsackSeenFrom = left;
  tcb.dsackSeenTo = right;
  return true;
}

/** Segments that lie in the block as a whole. */
// hot
function mark(tcb: Tcb, left: number, right: number, segment: Segment, now: Nanos): void {
  const { board } = tcb;
  for (let i = board.find(left); i < board.count; i++) {
    const at = board.index(i);
    if (board.end[at]! > right) return;
    if (board.start[at]! < left || (board.flags[at]! & SACKED) !== 0) continue;
    noteDelivered(tcb, at, segment, now);
    board.markSacked(at);
  }
}
