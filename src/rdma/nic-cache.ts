// One of the device's caches: which entries of a table in the host's memory it has at hand. Set-associative, tags only;
// what the entries say is known anyway, a miss costs the time of reading it.

import type { Random } from '../time/index.js';
import type { CacheProfile } from './timing.js';

/** Knuth's multiplicative hash: neighbours go to different sets. */
const SPREAD = 0x9e3779b1;
const WORD = 2 ** 32;

export class NicCache {
  hits = 0;
  misses = 0;
  readonly #tags: Float64Array;
  /** When each was used (lru) or brought in (fifo) last. */
  readonly #stamps: Float64Array;
  readonly #sets: number;
  #clock = 0;

  constructor(
    readonly profile: CacheProfile,
    readonly random: Random,
  ) {
    const { entries, ways } = profile;
    this.#sets = Math.max(1, Math.floor(entries / ways));
    this.#tags = new Float64Array(this.#sets * ways).fill(-1);
    this.#stamps = new Float64Array(this.#tags.length);
  }

  /** Whether the entry is at hand; from now on it is. */
  // hot
  touch(tag: number): boolean {
    const { ways, replacement } = this.profile;
    const first = this.#setOf(tag) * ways;
    const tags = this.#tags;
    for (let i = first; i < first + ways; i++) {
      if (tags[i] !== tag) continue;
      if (replacement === 'lru') this.#stamps[i] = ++this.#clock;
      this.hits++;
      return true;
    }
    this.misses++;
    this.#bring(tag, first);
    return false;
  }

  /** Whether it is at hand, nothing else changed. */
  holds(tag: number): boolean {
    const { ways } = this.profile;
    const first = this.#setOf(tag) * ways;
    for (let i = first; i < first + ways; i++) if (this.#tags[i] === tag) return true;
    return false;
  }

  /** The entry has come without being asked for. */
  // hot
  bring(tag: number): void {
    if (!this.holds(tag)) this.#bring(tag, this.#setOf(tag) * this.profile.ways);
  }

  // hot
  #bring(tag: number, first: number): void {
    const { ways, replacement } = this.profile;
    let victim = first;
    for (let i = first; i < first + ways; i++) {
      if (this.#tags[i] === -1) {
        victim = i;
        break;
      }
      if (this.#stamps[i]! < this.#stamps[victim]!) victim = i;
    }
    if (replacement === 'random' && this.#tags[victim] !== -1)
      victim = first + this.random.below(ways);
    this.#tags[victim] = tag;
    this.#stamps[victim] = ++this.#clock;
  }

  // hot
  #setOf(tag: number): number {
    if (this.#sets === 1) return 0;
    const high = Math.floor(tag / WORD);
    const mixed = Math.imul((tag % WORD) ^ Math.imul(high, SPREAD), SPREAD) >>> 0;
    return Math.floor((mixed / WORD) * this.#sets);
  }
}
