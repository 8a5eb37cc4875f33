// So many a second, and some at once: a bucket of tokens that fills with time.

import type { Nanos } from '../time/index.js';

export class RateLimit {
  #tokens: number;
  #at = 0;

  constructor(
    readonly perSecond: number,
    readonly atOnce: number,
  ) {
    this.#tokens = atOnce;
  }

  allows(now: Nanos): boolean {
    const gained = ((now - this.#at) / 1e9) * this.perSecond;
    this.#tokens = Math.min(this.atOnce, this.#tokens + gained);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
