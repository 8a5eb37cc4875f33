// A segment that is to go out, decided but not yet bytes: one object that is filled again for each. Whoever asked for it
// writes header and options (`writeHeader`), and brings the payload from the source as it likes.

import { MOST_SACK_BLOCKS } from './segment.js';

export class Outgoing {
  seq = 0;
  ack = 0;
  window = 0;
  urgentPointer = 0;
  syn = false;
  fin = false;
  rst = false;
  hasAck = false;
  psh = false;
  urg = false;
  ece = false;
  cwr = false;
  /** For the IP header: 2 is ECT(0). */
  ecn = 0;
  /** The text: `length` bytes from place `from` of the source (its first byte is 0). */
  from = 0;
  length = 0;
  /** Above 0: more than one segment; the NIC is to cut the text into pieces of so many bytes. */
  cutMss = 0;
  /** Nothing is left to be said behind it. */
  last = false;
  hasTimestamps = false;
  tsVal = 0;
  tsEcr = 0;
  /** In SYNs; -1 and false where the option is not there. */
  mss = -1;
  windowShift = -1;
  sackPermitted = false;
  sackBlocks = 0;
  readonly sackLeft = new Float64Array(MOST_SACK_BLOCKS);
  readonly sackRight = new Float64Array(MOST_SACK_BLOCKS);

  // hot
  clear(): void {
    this.urgentPointer = 0;
    this.syn = false;
    this.fin = false;
    this.rst = false;
    this.hasAck = false;
    this.psh = false;
    this.urg = false;
    this.ece = false;
    this.cwr = false;
    this.ecn = 0;
    this.from = 0;
    this.length = 0;
    this.cutMss = 0;
    this.last = false;
    this.hasTimestamps = false;
    this.mss = -1;
    this.windowShift = -1;
    this.sackPermitted = false;
    this.sackBlocks = 0;
  }
}
