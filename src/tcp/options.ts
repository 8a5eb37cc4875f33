// What can be set on a connection, and what Linux sets it to; numbers of RFCs with their sections.

import { ms, type Nanos, seconds } from '../time/index.js';
import type { CongestionName } from './congestion/index.js';

export interface TcpOptions {
  /** Largest segment that we take, in bytes; by the MTU unless given. */
  readonly mss: number;
  /** RFC 7323 2, RFC 7323 3, RFC 2018. */
  readonly windowScale: boolean;
  readonly timestamps: boolean;
  readonly sack: boolean;
  /** RFC 3168: offered and accepted; 'accept' only agrees, which is Linux's default. DCTCP asks for it itself. */
  readonly ecn: 'off' | 'accept' | 'on';
  readonly congestion: CongestionName;
  /** CUBIC leaves slow start before it loses anything (HyStart); Linux does. */
  readonly hystart: boolean;
  /** Segments of the initial window (RFC 6928). */
  readonly initialWindow: number;
  /** RFC 9293 3.7.4; false is TCP_NODELAY. */
  readonly nagle: boolean;
  /** Sends at the pace of the congestion window instead of in bursts. */
  readonly pacing: boolean;
  /** Longest time that an acknowledgment is held back (RFC 9293 3.8.6.3 allows 500 ms). */
  readonly delayedAck: Nanos;
  /** Acknowledgments that are not held back after the beginning, so that slow start is quick. */
  readonly quickAcks: number;
  /** Lower bound of what is added to the smoothed round trip (Linux; RFC 6298 2.4 wants a second for the whole). */
  readonly minRto: Nanos;
  readonly maxRto: Nanos;
  /** Before any round trip is known (RFC 6298 2.1). */
  readonly initialRto: Nanos;
  /** Retransmissions of a SYN, of a SYN,ACK, and of anything else, before giving up (RFC 9293 3.8.3's R2). */
  readonly synRetries: number;
  readonly synAckRetries: number;
  readonly retries: number;
  /** Gives up when data stays unacknowledged so long (RFC 9293 3.9.1, RFC 5482); 0 leaves it to `retries`. */
  readonly userTimeout: number;
  /** RFC 9293 3.8.4: idle time before the first probe; 0 is off. */
  readonly keepAlive: number;
  readonly keepAliveInterval: Nanos;
  readonly keepAliveProbes: number;
  /** Linux's two times 30 s; RFC 9293 3.4.2 says two times two minutes. */
  readonly timeWait: Nanos;
  /** FIN-WAIT-2 of a connection that was closed both ways. */
  readonly finTimeout: Nanos;
  /** Tail loss probes (RFC 8985 7). */
  readonly tailLossProbe: boolean;
  /** Bytes handed out at once when the NIC cuts segments; one segment when 0. */
  readonly tso: number;
  /** Segments that it is cut into at most. */
  readonly tsoSegments: number;
  /** 'offload' leaves the sum of the pseudo header in the field, for the NIC to complete. */
  readonly checksum: 'computed' | 'offload';
  /** Congestion window falls back to the initial one after idle time (RFC 5681 4.1). */
  readonly slowStartAfterIdle: boolean;
}

export const linuxOptions: TcpOptions = {
  mss: 0,
  windowScale: true,
  timestamps: true,
  sack: true,
  ecn: 'accept',
  congestion: 'cubic',
  hystart: false, // sockets of src/kernel turn it on
  initialWindow: 10,
  nagle: true,
  pacing: false,
  delayedAck: ms(40),
  quickAcks: 16,
  minRto: ms(200),
  maxRto: seconds(120),
  initialRto: seconds(1),
  synRetries: 6,
  synAckRetries: 5,
  retries: 15,
  userTimeout: 0,
  keepAlive: 0,
  keepAliveInterval: seconds(75),
  keepAliveProbes: 9,
  timeWait: seconds(60),
  finTimeout: seconds(60),
  tailLossProbe: true,
  tso: 0,
  tsoSegments: 65_535, // GSO_MAX_SEGS
  checksum: 'computed',
  slowStartAfterIdle: true,
};

/** What a peer is assumed to take that says nothing (RFC 9293 3.7.1). */
export const DEFAULT_MSS4 = 536;
export const DEFAULT_MSS6 = 1220;
/** Options take none of a tiny segment's last bytes; Linux's smallest (TCP_MIN_SND_MSS). */
export const LEAST_MSS = 48;
/** RFC 7323 2.3. */
export const MOST_SHIFT = 14;
/** Kind, length and two numbers, with two NOPs before them (RFC 7323 appendix A). */
export const TIMESTAMP_BYTES = 12;
/** Header bytes that options may take. */
export const MOST_OPTION_BYTES = 40;
/** Milliseconds of RFC 7323's clock (5.4: between 1 ms and 1 s a tick). */
export const TICK = ms(1);
/** RFC 7323 5.5: a timestamp older than 24 days proves nothing. */
export const TS_RECENT_LIFE = seconds(24 * 24 * 3600);
/** Challenge and duplicate acknowledgments of one connection, at most one each so long (Linux: tcp_invalid_ratelimit). */
export const INVALID_INTERVAL = ms(500);
