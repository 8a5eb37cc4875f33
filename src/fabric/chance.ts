// Faults by probability: loss, duplication, reordering, delay, bit errors, truncation. Each draws from a source
// of its own, so that switching one on disturbs no other.

import type { FramePool } from '../frame/index.js';
import type { Nanos, Random } from '../time/index.js';
import type { Fate, Impairment } from './impairment.js';

/** What goes wrong by chance, and how likely. */
export interface Chances {
  /** Probability that a frame is lost. */
  readonly loss?: number;
  /** Probability that it comes twice. */
  readonly duplicate?: number;
  /** Probability that it is held back, so that others overtake it. */
  readonly reorder?: number;
  /** How long one that is held back waits: up to so many nanoseconds. 10,000 unless given. */
  readonly reorderNs?: number;
  /** Nanoseconds that every frame waits, and by how much that varies (evenly, both ways). */
  readonly delayNs?: number;
  readonly jitterNs?: number;
  /** Probability that a bit is wrong, as cables state it (10^-12 and the like). */
  readonly bitErrorRate?: number;
  /** True: frames with bit errors are lost, because the receiving port's FCS finds them; false: they get through. */
  readonly fcs?: boolean;
  /** Probability that a frame loses its end. */
  readonly truncate?: number;
}

const REORDER_NS = 10_000;

/** @throws RangeError when a probability is none */
export function chances(options: Chances, random: Random): Impairment {
  for (const name of ['loss', 'duplicate', 'reorder', 'bitErrorRate', 'truncate'] as const) {
    const p = options[name];
    if (p !== undefined && !(p >= 0 && p <= 1)) {
      throw new RangeError(`${name} is a probability from 0 to 1, not ${p}`);
    }
  }
  const source = (name: string) => random.fork(name);
  const [loss, twice, order, jitter, bits, cut] = [
    source('loss'),
    source('duplicate'),
    source('reorder'),
    source('jitter'),
    source('bits'),
    source('truncate'),
  ] as [Random, Random, Random, Random, Random, Random];
  const { delayNs = 0, jitterNs = 0, reorderNs = REORDER_NS, fcs = true } = options;
  return {
    name: 'chances',
    apply(_now: Nanos, _from: 0 | 1, pool: FramePool, slot: number, fate: Fate): void {
      if (loss.chance(options.loss ?? 0)) {
        fate.lost = 'loss';
        return;
      }
      if (damaged(options.bitErrorRate ?? 0, bits, pool, slot) && fcs) {
        fate.lost = 'bad FCS';
        return;
      }
      if (cut.chance(options.truncate ?? 0)) {
        const length = pool.length(slot);
        pool.setLength(slot, 1 + cut.below(length));
      }
      if (twice.chance(options.duplicate ?? 0)) fate.copies = 1;
      if (order.chance(options.reorder ?? 0)) fate.delay += 1 + order.below(reorderNs);
      fate.delay += delayNs;
      if (jitterNs > 0)
        fate.delay += Math.max(-fate.delay, jitter.below(2 * jitterNs + 1) - jitterNs);
    },
  };
}

/** Flips bits at that rate, by drawing how far it is to the next wrong one; says whether any was flipped. */
function damaged(rate: number, random: Random, pool: FramePool, slot: number): boolean {
  if (rate <= 0) return false;
  const bits = pool.length(slot) * 8;
  const b = pool.bytes(slot);
  const at = pool.at(slot);
  let any = false;
  for (let bit = gap(rate, random); bit < bits; bit += 1 + gap(rate, random)) {
    b[at + (bit >> 3)] = b[at + (bit >> 3)]! ^ (0x80 >> (bit & 7));
    any = true;
  }
  return any;
}

/** Good bits before the next wrong one: geometric. */
const gap = (rate: number, random: Random): number =>
  rate >= 1 ? 0 : Math.floor(Math.log(1 - random.unit()) / Math.log(1 - rate));
