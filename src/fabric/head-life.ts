// How long a packet may stay at the head of its output queue (IBA 18.2.5.4, PortInfo:HOQLife): one that its next hop
// has no credits for is dropped in the end, so that what hangs does not stop the whole subnet for ever.

import { type Nanos, NEVER } from '../time/index.js';

const UNIT_NS = 4096;
/** Codes above are without end (IBA 14.2.5.6). */
const LARGEST_CODE = 19;

export class HeadLife {
  /** When the first head is to be dropped. */
  dueAt: Nanos = NEVER;
  readonly #since: Float64Array;
  readonly #lifeNs: number;

  constructor(lanes: number, code: number) {
    this.#since = new Float64Array(lanes).fill(NEVER);
    this.#lifeNs = code > LARGEST_CODE ? NEVER : UNIT_NS * 2 ** code;
  }

  /** Another packet is at the head of `lane` from now on, or none is. */
  // hot
  changed(lane: number, count: number, now: Nanos): void {
    this.#since[lane] = count > 0 ? now : NEVER;
    let first: number = NEVER;
    for (let i = 0; i < this.#since.length; i++)
      if (this.#since[i]! < first) first = this.#since[i]!;
    this.dueAt = Math.min(NEVER, first + this.#lifeNs) as Nanos;
  }

  /** A lane whose head has stayed too long, or -1. */
  overdue(now: Nanos): number {
    if (this.dueAt > now) return -1;
    return this.#since.findIndex((since) => since + this.#lifeNs <= now);
  }
}
