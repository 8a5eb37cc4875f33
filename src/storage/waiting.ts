// Operations that wait for their time before a volume does them, and may be stopped until then.

import type { Nanos } from '../time/index.js';
import type { Clock } from './clock.js';
import { ECANCELED, type Io } from './volume.js';

export class Waiting {
  /** By operation, with something of its own each time: who asks uses its Io again. */
  readonly #turns = new Map<Io, object>();

  constructor(readonly clock: Clock) {}

  /** Does it at that time, unless it is stopped before. */
  until(time: Nanos, io: Io, does: () => void): void {
    const turn = {};
    this.#turns.set(io, turn);
    this.clock.at(time, () => {
      if (this.#turns.get(io) !== turn) return;
      this.#turns.delete(io);
      does();
    });
  }

  /** False when it does not wait, or not any more. */
  cancel(io: Io): boolean {
    if (!this.#turns.delete(io)) return false;
    io.done(ECANCELED);
    return true;
  }
}
