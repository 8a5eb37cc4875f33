// Texts of numbers that come again and again: most frames of a capture belong to a few flows, and joining strings is
// half of what a summary costs (bench/README.md).

/** Texts kept; a power of two. */
const KEPT = 256;

/**
 * Prints numbers and keeps the texts of those printed last, one for each place that a number may have: bounded, and a
 * capture in which no number comes twice costs no more than printing. Numbers are whole and below 2^53.
 */
export class Printed {
  readonly #print: (value: number) => string;
  readonly #values = new Float64Array(KEPT).fill(-1);
  readonly #texts: string[] = Array.from({ length: KEPT }, () => '');

  constructor(print: (value: number) => string) {
    this.#print = print;
  }

  /** The text of a number that is not negative. */
  // hot
  of(value: number): string {
    const place = Math.imul(value, SPREAD) >>> PLACE_SHIFT;
    if (this.#values[place] === value) return this.#texts[place]!;
    return this.#keep(place, value);
  }

  #keep(place: number, value: number): string {
    const text = this.#print(value);
    this.#values[place] = value;
    this.#texts[place] = text;
    return text;
  }
}

/** Knuth's multiplicative hash: neighbours and multiples come to different places. */
const SPREAD = 0x9e3779b1;
const PLACE_SHIFT = 32 - Math.log2(KEPT);
