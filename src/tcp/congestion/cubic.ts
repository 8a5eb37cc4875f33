// CUBIC (RFC 9438): the window grows with the time since the last loss, not with round trips. Windows count in segments
// here, as in the RFC, and in bytes outside.

import { type Nanos, NEVER } from '../../time/index.js';
import {
  type CongestionControl,
  type CongestionEvent,
  type CongestionState,
  LEAST_SEGMENTS,
  slowStart,
} from './control.js';

/** RFC 9438 4.6 and 5. */
const BETA = 0.7;
const C = 0.4;
/** Of the Reno-friendly estimate (RFC 9438 4.3). */
const ALPHA = (3 * (1 - BETA)) / (1 + BETA);
const SECOND = 1e9;
/** hystart_low_window and hystart_ack_delta_us. */
const HYSTART_SEGMENTS = 16;
const HYSTART_GAP = 2e6;

export class Cubic implements CongestionControl {
  readonly marksAll = false;
  /** Window before the last reduction, in segments; 0 before the first. */
  #wMax = 0;
  #cwndPrior = 0;
  #epochStart: Nanos = NEVER;
  /** Seconds from the start of the epoch until the window is back at W_max. */
  #k = 0;
  #cwndEpoch = 0;
  #wEst = 0;
  // HyStart: where the stream stood at the last acknowledgment, and the round trip that is watched.
  #una = 0;
  #nxt = 0;
  #roundEnd = 0;
  #roundStart: Nanos = NEVER;
  #lastAck: Nanos = NEVER;
  #minRtt = Number.POSITIVE_INFINITY;

  /** @param hystart leaves slow start when acknowledgments of a round fill half a round trip (Linux: hystart_update) */
  constructor(readonly hystart = false) {}

  // hot
  grow(state: CongestionState, now: Nanos, bytes: number): void {
    if (this.hystart && state.cwnd < state.ssthresh) this.#watch(state, now);
    const rest = slowStart(state, bytes);
    if (rest === 0) return;
    const { sndMss } = state;
    const cwnd = state.cwnd / sndMss;
    if (this.#epochStart === NEVER) this.#begin(now, cwnd);
    const elapsed = (now - this.#epochStart) / SECOND;
    const acked = rest / sndMss;
    // RFC 9438 4.2: where the curve is a round trip from now, between the window and half as much again.
    const ahead = this.#curve(elapsed + state.srtt / SECOND);
    const target = Math.min(Math.max(ahead, cwnd), 1.5 * cwnd);
    // RFC 9438 4.3: what Reno would have, with a full segment a round trip once it is back at its old window.
    const alpha = this.#wEst < this.#cwndPrior ? ALPHA : 1;
    this.#wEst += (alpha * acked) / cwnd;
    const grown =
      this.#curve(elapsed) < this.#wEst
        ? Math.max(cwnd, this.#wEst)
        : cwnd + ((target - cwnd) / cwnd) * acked;
    state.cwnd = Math.floor(grown * sndMss);
  }

  /** The path is full when a train of acknowledgments is as long as the way there: no need to lose anything to learn it. */
  // hot
  #watch(state: CongestionState, now: Nanos): void {
    if (state.srtt > 0 && state.srtt < this.#minRtt) this.#minRtt = state.srtt;
    if (this.#una >= this.#roundEnd) {
      this.#roundEnd = this.#nxt;
      this.#roundStart = now;
      this.#lastAck = now;
    }
    if (state.cwnd < HYSTART_SEGMENTS * state.sndMss) return;
    if (now - this.#lastAck > HYSTART_GAP) return;
    this.#lastAck = now;
    if (now - this.#roundStart > this.#minRtt / 2) state.ssthresh = state.cwnd;
  }

  /** W_cubic(t), RFC 9438 4.2, equation 1. */
  #curve(t: number): number {
    return C * (t - this.#k) ** 3 + this.#wMax;
  }

  #begin(now: Nanos, cwnd: number): void {
    this.#epochStart = now;
    this.#cwndEpoch = cwnd;
    this.#wEst = cwnd;
    if (this.#wMax < cwnd) this.#wMax = cwnd; // no reduction yet, or slow start went beyond: K is 0 (4.8)
    this.#k = Math.cbrt((this.#wMax - this.#cwndEpoch) / C);
  }

  /** RFC 9438 4.6 and, for those who share a bottleneck, fast convergence (4.7). */
  threshold(state: CongestionState, _now: Nanos, event: CongestionEvent): number {
    const { sndMss } = state;
    const cwnd = state.cwnd / sndMss;
    this.#cwndPrior = cwnd;
    // After a timeout the curve begins where slow start ends, and knows no old window (4.8).
    if (event === 'timeout') this.#wMax = 0;
    else this.#wMax = cwnd < this.#wMax ? (cwnd * (1 + BETA)) / 2 : cwnd;
    this.#epochStart = NEVER;
    return Math.max(Math.floor(state.outstanding * BETA), LEAST_SEGMENTS * sndMss);
  }

  observe(_state: CongestionState, _bytes: number, _ece: boolean, una: number, nxt: number): void {
    this.#una = una;
    this.#nxt = nxt;
  }

  /** Time in which nothing was sent is no time of growth (RFC 9438 5.8). */
  idle(_now: Nanos, duration: Nanos): void {
    if (this.#epochStart !== NEVER) this.#epochStart = (this.#epochStart + duration) as Nanos;
  }
}
