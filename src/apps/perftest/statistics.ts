// What perftest computes from its time stamps, with its own definitions (print_report_bw and print_report_lat of
// perftest_parameters.c), so that its numbers and ours mean the same.

/** Bandwidth of one run. */
export interface Bandwidth {
  /** Bytes a second: the shortest time a message among all stretches of the run; 0 when it was not sought. */
  readonly peak: number;
  /** Bytes a second from the first post to the last completion. */
  readonly average: number;
  /** Messages a second. */
  readonly messageRate: number;
}

/** Latency of one run, in nanoseconds. */
export interface Latency {
  readonly min: number;
  readonly max: number;
  /** The median, as perftest calls it. */
  readonly typical: number;
  readonly average: number;
  readonly stdev: number;
  readonly p99: number;
  readonly p999: number;
}

/** perftest leaves the two longest out of median, average and percentiles, and calls the first of them t_max. */
const TAIL = 2;

export interface BandwidthStamps {
  /** When each message was posted. */
  readonly posted: Float64Array;
  /** When its completion was polled; NaN for those that a later one's completion stands for. */
  readonly completed: Float64Array;
  /** Bytes of a message, both ways together in a bidirectional test. */
  readonly bytes: number;
  readonly withPeak: boolean;
}

const NS = 1e9;

/** What the stamps of a bandwidth test say. */
export function bandwidthOf({ posted, completed, bytes, withPeak }: BandwidthStamps): Bandwidth {
  const count = posted.length;
  const took = completed[count - 1]! - posted[0]!;
  const average = took > 0 ? (bytes * count * NS) / took : 0;
  const messageRate = took > 0 ? (count * NS) / took : 0;
  const each = withPeak ? shortest(posted, completed) : 0;
  return { peak: each > 0 ? (bytes * NS) / each : 0, average, messageRate };
}

/** Least time a message over all stretches from a post to a completion. */
function shortest(posted: Float64Array, completed: Float64Array): number {
  let least = Infinity;
  for (let last = 0; last < completed.length; last++) {
    const end = completed[last]!;
    if (Number.isNaN(end)) continue;
    for (let first = 0; first <= last; first++) {
      const each = (end - posted[first]!) / (last - first + 1);
      if (each < least) least = each;
    }
  }
  return least === Infinity ? 0 : least;
}

/**
 * What the stamps of a latency test say: `posted` at each message, which perftest takes the differences of.
 * `roundTrips` 2 halves them.
 */
export function latencyOf(posted: Float64Array, roundTrips: 1 | 2): Latency {
  const deltas = new Float64Array(posted.length - 1);
  for (let i = 0; i < deltas.length; i++) deltas[i] = (posted[i + 1]! - posted[i]!) / roundTrips;
  deltas.sort();
  const count = Math.max(1, deltas.length - TAIL);
  const at = (i: number) => deltas[Math.min(i, deltas.length - 1)]!;
  const half = Math.floor(count / 2);
  let sum = 0;
  for (let i = 0; i < count; i++) sum += at(i);
  const average = sum / count;
  let squares = 0;
  for (let i = 0; i < count; i++) squares += (at(i) - average) ** 2;
  return {
    min: at(0),
    max: at(count),
    typical: (count - 1) % 2 === 0 ? at(half) : (at(half) + at(half - 1)) / 2,
    average,
    stdev: Math.sqrt(squares / count),
    p99: at(Math.ceil(count * 0.99)),
    p999: at(Math.ceil(count * 0.999)),
  };
}
