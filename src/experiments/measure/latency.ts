// Latencies of many operations: an HDR histogram (node's own, HdrHistogram_c), which keeps three figures of every value from
// a nanosecond to an hour in little memory, with exact extremes and mean beside it.

import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** What latencies were like, in nanoseconds; percentiles are good to three figures. */
export interface LatencySummary {
  readonly count: number;
  readonly minNs: number;
  readonly meanNs: number;
  readonly p50Ns: number;
  readonly p90Ns: number;
  readonly p99Ns: number;
  readonly p999Ns: number;
  readonly p9999Ns: number;
  readonly maxNs: number;
}

const HOUR_NS = 3_600_000_000_000;
const FIGURES = 3;

export class Latencies {
  readonly #histogram: RecordableHistogram = createHistogram({
    lowest: 1,
    highest: HOUR_NS,
    figures: FIGURES,
  });
  #least = Number.POSITIVE_INFINITY;
  #most = 0;
  #sum = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** One operation took so long; what is shorter than a nanosecond counts as one. */
  record(ns: number): void {
    this.#histogram.record(Math.min(HOUR_NS, Math.max(1, Math.round(ns))));
    if (ns < this.#least) this.#least = ns;
    if (ns > this.#most) this.#most = ns;
    this.#sum += ns;
    this.#count++;
  }

  /** Undefined when nothing was recorded. */
  summary(): LatencySummary | undefined {
    if (this.#count === 0) return undefined;
    // A bucket's upper end may lie above the longest value that fell into it.
    const at = (percent: number) =>
      Math.max(this.#least, Math.min(this.#most, this.#histogram.percentile(percent)));
    return {
      count: this.#count,
      minNs: this.#least,
      meanNs: this.#sum / this.#count,
      p50Ns: at(50),
      p90Ns: at(90),
      p99Ns: at(99),
      p999Ns: at(99.9),
      p9999Ns: at(99.99),
      maxNs: this.#most,
    };
  }
}
