// What both sides make of the options in their SYNs, and the sizes of segments that follow from it.

import { IPv4, IPv6, TCP } from '../../protocols/index.js';
import type { Nanos } from '../time/index.js';
import { DEFAULT_MSS4, DEFAULT_MSS6, LEAST_MSS, MOST_SHIFT, TIMESTAMP_BYTES } from './options.js';
import type { Segment } from './segment.js';
import type { Tcb } from './tcb.js';
import { shiftFor } from './window.js';

/** Headers of a segment without options. */
export const headerBytes = (version: 4 | 6): number =>
  (version === 4 ? IPv4.size : IPv6.size) + TCP.size;

/** What we offer in a SYN, before anything is agreed on. */
export function offer(tcb: Tcb): void {
  tcb.rcvShift = tcb.scaling ? shiftFor(tcb.sink.capacity) : 0;
  tcb.peerMss = tcb.version === 4 ? DEFAULT_MSS4 : DEFAULT_MSS6;
  sizeSegments(tcb);
}

/** The peer's SYN: an option counts when both sides sent it. */
export function agree(tcb: Tcb, syn: Segment, now: Nanos): void {
  const { options } = tcb;
  if (syn.mss >= 0) tcb.peerMss = Math.max(LEAST_MSS, syn.mss);
  tcb.sack = options.sack && syn.sackPermitted;
  tcb.scaling = options.windowScale && syn.windowShift >= 0;
  // RFC 7323 2.3: a shift above 14 counts as 14.
  tcb.sndShift = tcb.scaling ? Math.min(syn.windowShift, MOST_SHIFT) : 0;
  tcb.sndUnit = 2 ** tcb.sndShift;
  if (!tcb.scaling) tcb.rcvShift = 0;
  tcb.rcvUnit = 2 ** tcb.rcvShift;
  tcb.timestamps = options.timestamps && syn.hasTimestamps;
  if (tcb.timestamps) {
    tcb.tsRecent = syn.tsVal;
    tcb.tsRecentAt = now;
  }
  agreeOnEcn(tcb, syn);
  sizeSegments(tcb);
  tcb.cwnd = initialWindow(tcb);
}

/** RFC 3168 6.1.1: ECE and CWR offer it, ECE alone accepts. DCTCP's peers agree on it in the same way. */
function agreeOnEcn(tcb: Tcb, syn: Segment): void {
  const offered = syn.ece && syn.cwr && !syn.hasAck;
  const accepted = syn.ece && !syn.cwr && syn.hasAck;
  const { wantsEcn } = tcb;
  if (tcb.state === 'SYN-SENT') tcb.ecn = wantsEcn && accepted;
  else tcb.ecn = (wantsEcn || tcb.options.ecn !== 'off') && offered;
}

/** Text of a full segment: RFC 9293 3.7.1 (Eff.snd.MSS), with what the options of every segment take (RFC 6691). */
export function sizeSegments(tcb: Tcb): void {
  const path = tcb.pathMtu - headerBytes(tcb.version);
  const options = tcb.timestamps ? TIMESTAMP_BYTES : 0;
  tcb.sndMss = Math.max(1, Math.min(tcb.peerMss, path) - options);
  tcb.rcvMss = Math.min(tcb.rcvMss, tcb.sndMss);
}

/** RFC 6928; after a SYN that had to be repeated one segment (RFC 5681 3.1). */
export function initialWindow(tcb: Tcb): number {
  return tcb.synLost ? tcb.sndMss : tcb.options.initialWindow * tcb.sndMss;
}
