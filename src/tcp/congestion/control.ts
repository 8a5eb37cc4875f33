// What a congestion control sees and does: it moves the window, nothing else. When a loss happened, what may be sent in
// recovery and when that ends is decided outside, alike for all.

import type { Nanos } from '../../time/index.js';

/** The part of a connection that congestion controls read and write. Bytes. */
export interface CongestionState {
  cwnd: number;
  ssthresh: number;
  /** Bytes of a full segment. */
  readonly sndMss: number;
  /** Smoothed round trip; 0 while none is known. */
  readonly srtt: number;
  /** FlightSize: bytes sent and not cumulatively acknowledged (RFC 5681 2). */
  readonly outstanding: number;
}

/** Why the window shrinks. */
export type CongestionEvent = 'loss' | 'ecn' | 'timeout';

export interface CongestionControl {
  /** All segments of the connection are ECN-capable, and marks are echoed one by one (RFC 8257). */
  readonly marksAll: boolean;
  /** `bytes` were newly acknowledged outside recovery, while the window was in full use. */
  grow(state: CongestionState, now: Nanos, bytes: number): void;
  /** The slow start threshold after `event`, of which there is at most one a round trip. */
  threshold(state: CongestionState, now: Nanos, event: CongestionEvent): number;
  /** Every acknowledgment: how many bytes it covers, whether it carries ECE, and how far the stream was sent. */
  observe(state: CongestionState, bytes: number, ece: boolean, una: number, nxt: number): void;
  /** Nothing was sent for some time. */
  idle(now: Nanos, duration: Nanos): void;
}

/** Lowest slow start threshold (RFC 5681 3.1, equation 4). */
export const LEAST_SEGMENTS = 2;

/** Slow start with appropriate byte counting (RFC 5681 3.1, RFC 3465 with L = 2); what is left over for avoidance. */
export function slowStart(state: CongestionState, bytes: number): number {
  const { sndMss, cwnd, ssthresh } = state;
  if (cwnd >= ssthresh) return bytes;
  const step = Math.min(bytes, 2 * sndMss, ssthresh - cwnd);
  state.cwnd = cwnd + step;
  return state.cwnd < ssthresh ? 0 : Math.min(bytes, 2 * sndMss) - step;
}
