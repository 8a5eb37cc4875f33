// Runs competing ways of one task by benchmark.js and tells the cost of each, absolute and against the first.
// Figures of one run compare with each other; between machines, or runs under load, only the ratios do.

import Benchmark from 'benchmark';

export interface Row {
  /** What is done, such as 'CRC-32 of 1 KiB'. */
  readonly task: string;
  /** By which of the competing ways. */
  readonly name: string;
  readonly nsPerOp: number;
  /** How many times as fast as the first way of the same task. */
  readonly ratio: number;
  /** Half the 95 % confidence interval, in percent of `nsPerOp`. */
  readonly errorPercent: number;
}

/** Seconds for each way after warming up: enough for errors around 1 % on a quiet machine. */
const secondsEach = Number(process.env.BENCH_SECONDS ?? 0.25);

/** Results go here, so that no engine may leave the work out. */
export const sink = { value: 0 };

/** Measures the `ways` of a `task`; the first is the one that the others are compared with. */
export function compare(
  task: string,
  ways: Readonly<Record<string, () => number>>,
): Promise<Row[]> {
  const suite = new Benchmark.Suite();
  for (const [name, way] of Object.entries(ways)) {
    const run = () => {
      sink.value ^= way();
    };
    suite.add(name, run, { maxTime: secondsEach, minSamples: 5 });
  }
  const done: Benchmark[] = [];
  // The types call an event's target something less than the benchmark that it is.
  const targetOf = (event: Benchmark.Event) => event.target as unknown as Benchmark;
  return new Promise((resolve, reject) => {
    suite.on('cycle', (event: Benchmark.Event) => done.push(targetOf(event)));
    suite.on('error', (event: Benchmark.Event) => reject(targetOf(event).error));
    suite.on('complete', () => {
      const first = done[0]?.stats.mean ?? 0;
      resolve(
        done.map(({ name, stats }) => ({
          task,
          name: name ?? '',
          nsPerOp: stats.mean * 1e9,
          ratio: first / stats.mean,
          errorPercent: stats.rme,
        })),
      );
    });
    suite.run({ async: true });
  });
}

/** The rows as a table for people, one task after the other. */
export function table(rows: readonly Row[]): string {
  const lines: string[] = [];
  let task = '';
  for (const row of rows) {
    if (row.task !== task) lines.push(row.task);
    task = row.task;
    const ns = row.nsPerOp.toFixed(row.nsPerOp < 100 ? 1 : 0).padStart(10);
    const ratio = row.ratio.toFixed(2).padStart(8);
    lines.push(`  ${row.name.padEnd(28)}${ns} ns${ratio} x  ±${row.errorPercent.toFixed(1)} %`);
  }
  return lines.join('\n');
}
