// Moderation by the rate of frames, as mlx4_en has it (mlx4_en_auto_moderation): no waiting below one rate, the longest above
// another, in between in proportion; small frames, which are acknowledgements or messages, never wait. The rate is looked at some
// times a second.

import type { Nanos } from '../time/index.js';
import type { Adaptive } from './moderation.js';
import type { RateRule } from './profile.js';

const SECOND = 1e9;

/** Microseconds of a queue with so many frames a second of so many bytes. */
export function settledUs(rule: RateRule, framesPerSecond: number, meanBytes: number): number {
  const { lowRate, lowUs, highRate, highUs, smallBytes } = rule;
  if (meanBytes <= smallBytes || framesPerSecond < lowRate) return lowUs;
  const share = (framesPerSecond - lowRate) / (highRate - lowRate);
  return Math.floor(lowUs + Math.min(1, share) * (highUs - lowUs));
}

export class RateModeration implements Adaptive {
  readonly #rule: RateRule;
  #since = 0 as Nanos;
  #frames = 0;
  #bytes = 0;

  constructor(
    rule: RateRule,
    public us: number,
    readonly frames: number,
  ) {
    this.#rule = rule;
  }

  served(now: Nanos, frames: number, bytes: number): boolean {
    this.#frames += frames;
    this.#bytes += bytes;
    const time = now - this.#since;
    if (time < this.#rule.sampleNs) return false;
    const before = this.us;
    const rate = (this.#frames * SECOND) / time;
    this.us = settledUs(this.#rule, rate, this.#frames > 0 ? this.#bytes / this.#frames : 0);
    this.#since = now;
    this.#frames = 0;
    this.#bytes = 0;
    return this.us !== before;
  }
}
