// Cycles of a core as whole nanoseconds whose fractions are not lost: for programs that do something short very often.

export class Cycles {
  readonly #nsPerCycle: number;
  /** What was not spent yet of what was asked for, below 1. */
  #owedNs = 0;

  constructor(hertz: number) {
    this.#nsPerCycle = 1e9 / hertz;
  }

  // hot
  ns(cycles: number): number {
    const exact = this.#owedNs + cycles * this.#nsPerCycle;
    const whole = Math.floor(exact);
    this.#owedNs = exact - whole;
    return whole;
  }
}
