// NewReno (RFC 5681, RFC 6582): a segment a round trip more, half after a loss.

import type { Nanos } from '../../time/index.js';
import {
  type CongestionControl,
  type CongestionEvent,
  type CongestionState,
  LEAST_SEGMENTS,
  slowStart,
} from './control.js';

export class NewReno implements CongestionControl {
  readonly marksAll = false;
  /** Bytes acknowledged since the window last grew (RFC 5681 3.1, the byte-counting way). */
  #acked = 0;

  // hot
  grow(state: CongestionState, _now: Nanos, bytes: number): void {
    const rest = slowStart(state, bytes);
    if (rest === 0) return;
    this.#acked += rest;
    if (this.#acked < state.cwnd) return;
    this.#acked -= state.cwnd;
    state.cwnd += state.sndMss;
  }

  /** RFC 5681 3.1, equation (4). */
  threshold(state: CongestionState, _now: Nanos, _event: CongestionEvent): number {
    this.#acked = 0;
    return Math.max(Math.floor(state.outstanding / 2), LEAST_SEGMENTS * state.sndMss);
  }

  observe(): void {}

  idle(): void {}
}
