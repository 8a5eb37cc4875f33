// What can be set on an RNIC: what its start-up frames ask for, its buffers, its TCP.

import type { TcpOptions } from '../tcp/index.js';
import { ms, type Nanos, seconds } from '../time/index.js';

/** RTR messages of peer-to-peer set-up (RFC 6581 9.2): which of them the active side offers. */
export type Rtr = 'none' | 'write' | 'read' | 'send';

export interface IwarpOptions {
  /** C: CRC wanted. It is used where either side wants it (RFC 5044 7.1). */
  readonly crc: boolean;
  /** M: markers wanted in what we receive. */
  readonly markers: boolean;
  /** 2 with the IRD/ORD block (RFC 6581), or 1. */
  readonly revision: 1 | 2;
  /** Peer-to-peer set-up: the active side's first message, so that the passive side may send. */
  readonly rtr: Rtr;
  /** READs and atomics that are served and asked for at most, whatever the peer says. */
  readonly mostReads: number;
  /** Bytes that may be under way in each direction of a connection: the NIC's buffers. */
  readonly sendBytes: number;
  readonly receiveBytes: number;
  /** Bytes framed ahead of what TCP has sent: reads from memory overlap with sending. */
  readonly aheadBytes: number;
  /** How long start-up frames are waited for, and the end of a connection. */
  readonly replyTimeout: Nanos;
  readonly requestTimeout: Nanos;
  readonly closeTimeout: Nanos;
  /**
   * How long the active side waits with its first FPDU. siw takes over its socket after it has sent the reply, and does not
   * look at what comes in between until more comes: an RNIC that is quicker waits for ever.
   */
  readonly startDelay: Nanos;
  readonly tcp: Partial<TcpOptions>;
}

/** RFC 5044's defaults, and Linux's times (siw_cm.h: MPAREP_TIMEOUT, MPAREQ_TIMEOUT). */
export const usualOptions: IwarpOptions = {
  crc: true,
  markers: false,
  revision: 2,
  rtr: 'none',
  mostReads: 128,
  sendBytes: 512 * 1024,
  receiveBytes: 512 * 1024,
  aheadBytes: 16 * 1024,
  replyTimeout: seconds(10),
  requestTimeout: seconds(5),
  closeTimeout: seconds(5),
  startDelay: ms(0),
  // FPDUs are to leave whole and at once (RFC 5044 5.1).
  tcp: { nagle: false, delayedAck: ms(40) },
};
