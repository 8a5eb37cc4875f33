// Engines that do the same work side by side: each is busy until an instant, the next piece goes to the one that is
// free first. A piece may take a fraction of a nanosecond, so that rates come out right; instants are whole.

import { Busy, exact } from '../time/index.js';

export class Units {
  /** Nanoseconds of all pieces so far. */
  servedNs = 0;
  readonly #units: readonly Busy[];

  constructor(count: number) {
    this.#units = Array.from({ length: Math.max(1, count) }, () => new Busy());
  }

  get count(): number {
    return this.#units.length;
  }

  /** When the first is free. */
  // hot
  get freeAt(): number {
    return this.#first().at;
  }

  /**
   * Gives a piece that came at `at` to the first that is free.
   * @returns when it is done
   */
  // hot
  serve(at: number, tookNs: number): number {
    const unit = this.#first();
    this.servedNs += tookNs;
    unit.serve(at, tookNs);
    return unit.at;
  }

  /** The same of a piece that was there before: a unit that became free within this nanosecond went on from there. */
  // hot
  goOn(now: number, tookNs: number): number {
    const unit = this.#first();
    this.servedNs += tookNs;
    if (unit.at < now) unit.until(now, exact(tookNs));
    else unit.until(unit.at, exact(tookNs) - unit.early);
    return unit.at;
  }

  /** When a piece that came at `at` would be done. */
  // hot
  doneAt(at: number, tookNs: number): number {
    const unit = this.#first();
    return unit.at > at
      ? unit.at + Math.ceil(exact(tookNs) - unit.early)
      : at + Math.ceil(exact(tookNs));
  }

  // hot
  #first(): Busy {
    const units = this.#units;
    let first = units[0]!;
    for (let i = 1; i < units.length; i++) {
      const unit = units[i]!;
      const ahead = unit.at - first.at;
      if (ahead < 0 || (ahead === 0 && unit.early > first.early)) first = unit;
    }
    return first;
  }
}
