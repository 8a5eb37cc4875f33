// Until when something is busy that takes fractions of a nanosecond for a piece of work. The instant is kept as a whole
// number and as what it is too late by, so that fractions add up to the right rate and yet come out the same at the end
// of time as at its beginning, where doubles have no fractions any more.

import { exact } from './nanos.js';

export class Busy {
  /** Free from here on, a whole number. */
  at = 0;
  /** It is free so much before that already: 0 to below 1. */
  early = 0;

  /** Nanoseconds from `now` until it is free; below 0 when it has been free for long. */
  // hot
  after(now: number): number {
    return this.at - now - this.early;
  }

  /** It is busy for so long from `now` on: in fractions that `exact` gives. */
  // hot
  until(now: number, afterNs: number): void {
    const whole = Math.ceil(afterNs);
    this.at = now + whole;
    this.early = whole - afterNs;
  }

  /** A piece of work that came at `now` begins when what came before is done. */
  // hot
  serve(now: number, tookNs: number): void {
    if (this.at > now) this.until(this.at, exact(tookNs) - this.early);
    else this.until(now, exact(tookNs));
  }
}
