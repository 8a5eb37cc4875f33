// Random numbers by seed. Every consumer forks a source of its own by name, so that a new consumer disturbs no
// other. xoshiro128** of Blackman and Vigna: small, quick, and the same on any machine.

import { crc32 } from '../../protocols/core/checksum/index.js';

const rotl = (x: number, k: number) => (x << k) | (x >>> (32 - k));

/** Every bit of the result depends on every bit of the number: the finalizer of MurmurHash3, and of splitmix32. */
// hot
export function mixed(x: number): number {
  let z = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return z ^ (z >>> 16);
}

/** A source of random numbers that a seed and a name determine. */
export class Random {
  readonly #s = new Uint32Array(4);

  /** @param seed any number; its low 32 bits count, and the name */
  constructor(
    readonly seed: number,
    readonly name = '',
  ) {
    // splitmix32 spreads seed and name over the state, as the authors recommend.
    let x = (seed ^ crc32(new TextEncoder().encode(name))) >>> 0;
    for (let i = 0; i < 4; i++) {
      x = (x + 0x9e3779b9) >>> 0;
      this.#s[i] = mixed(x);
    }
    if (this.#s.every((word) => word === 0)) this.#s[0] = 1;
  }

  /** A source that depends on this one's seed and on the name alone, not on what was drawn. */
  fork(name: string): Random {
    return new Random(this.seed, `${this.name}/${name}`);
  }

  /** 32 random bits, unsigned. */
  // hot
  bits(): number {
    const s = this.#s;
    const result = Math.imul(rotl(Math.imul(s[1]!, 5), 7), 9) >>> 0;
    const t = s[1]! << 9;
    s[2] = s[2]! ^ s[0]!;
    s[3] = s[3]! ^ s[1]!;
    s[1] = s[1]! ^ s[2]!;
    s[0] = s[0]! ^ s[3]!;
    s[2] = s[2]! ^ t;
    s[3] = rotl(s[3]!, 11);
    return result;
  }

  /** A number from 0 on, below 1. */
  unit(): number {
    return this.bits() / 2 ** 32;
  }

  /** A whole number from 0 to `bound - 1`; `bound` up to 2^32. */
  below(bound: number): number {
    return Math.floor(this.unit() * bound);
  }

  /** True with that probability. Draws nothing for 0 and 1, so that a fault that is off disturbs no run. */
  chance(probability: number): boolean {
    if (probability <= 0) return false;
    return probability >= 1 || this.unit() < probability;
  }
}
