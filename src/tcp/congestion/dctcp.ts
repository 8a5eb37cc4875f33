// DCTCP (RFC 8257): the window shrinks by how many bytes were marked, not by whether any was.

import type { Nanos } from '../../time/index.js';
import {
  type CongestionControl,
  type CongestionEvent,
  type CongestionState,
  LEAST_SEGMENTS,
} from './control.js';
import { NewReno } from './new-reno.js';

/** Weight of the newest observation window (RFC 8257 3.3 and 4.2). */
const G = 1 / 16;

export class Dctcp implements CongestionControl {
  readonly marksAll = true;
  /** Estimate of the fraction of bytes that were marked; starts at 1 (RFC 8257 3.3). */
  alpha = 1;
  readonly #reno = new NewReno();
  #windowEnd = 0;
  #acked = 0;
  #marked = 0;

  // hot
  grow(state: CongestionState, now: Nanos, bytes: number): void {
    this.#reno.grow(state, now, bytes);
  }

  /** RFC 8257 3.3, steps 1 to 8. */
  // hot
  observe(_state: CongestionState, bytes: number, ece: boolean, una: number, nxt: number): void {
    this.#acked += bytes;
    if (ece) this.#marked += bytes;
    if (una <= this.#windowEnd) return;
    if (this.#acked > 0) {
      const fraction = this.#marked / this.#acked;
      this.alpha = this.alpha * (1 - G) + G * fraction;
    }
    this.#windowEnd = nxt;
    this.#acked = 0;
    this.#marked = 0;
  }

  /** RFC 8257 3.3, step 9, for marks; a loss is one as ever (3.5). */
  threshold(state: CongestionState, now: Nanos, event: CongestionEvent): number {
    if (event !== 'ecn') return this.#reno.threshold(state, now, event);
    const least = LEAST_SEGMENTS * state.sndMss;
    return Math.max(Math.floor(state.cwnd * (1 - this.alpha / 2)), least);
  }

  idle(): void {}
}
