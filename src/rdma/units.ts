// Engines that do the same work side by side: each is busy until an instant, the next piece goes to the one that is
// free first. Instants here may have fractions, so that rates come out right where a piece takes less than a nanosecond.

import { exact } from '../time/index.js';

export class Units {
  readonly #free: Float64Array;

  constructor(count: number) {
    this.#free = new Float64Array(Math.max(1, count));
  }

  /** When the first is free. */
  // hot
  get freeAt(): number {
    return this.#free[this.#first()]!;
  }

  /**
   * Gives a piece that came at `at` to the first that is free.
   * @returns when it is done
   */
  // hot
  serve(at: number, tookNs: number): number {
    const i = this.#first();
    const done = Math.max(at, this.#free[i]!) + exact(tookNs);
    this.#free[i] = done;
    return done;
  }

  // hot
  #first(): number {
    const free = this.#free;
    let first = 0;
    for (let i = 1; i < free.length; i++) if (free[i]! < free[first]!) first = i;
    return first;
  }
}
