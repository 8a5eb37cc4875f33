// Runs competing ways of one task by benchmark.js and tells the cost of each, absolute and against the first.
// Figures of one run compare with each other; between machines, or runs under load, only the ratios do.

import Benchmark from 'benchmark';
import Table from 'cli-table3';

/** What the project promises of a way, as a ratio to the first way of its task. */
export interface Goal {
  /** It must be at least so many times as fast, */
  readonly atLeast?: number;
  /** or take at most so many times the time. */
  readonly atMost?: number;
  /** What a loaded machine shows too, in the same terms; `--check` holds the run to this. */
  readonly robust?: number;
}

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
  readonly goal?: Goal | undefined;
}

/** Seconds for each way after warming up: enough for errors around 1 % on a quiet machine. */
const secondsEach = Number(process.env.BENCH_SECONDS ?? 0.25);

/** Results go here, so that no engine may leave the work out. */
export const sink = { value: 0 };

export interface CompareOptions {
  /** Operations that one call of a way does; 1 unless given. */
  readonly per?: number;
  /** By the name of the way. */
  readonly goals?: Readonly<Record<string, Goal>>;
}

/** Measures the `ways` of a `task`; the first is the one that the others are compared with. */
export function compare(
  task: string,
  ways: Readonly<Record<string, () => number>>,
  { per = 1, goals = {} }: CompareOptions = {},
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
        done.map(({ name = '', stats }) => ({
          task,
          name,
          nsPerOp: (stats.mean * 1e9) / per,
          ratio: first / stats.mean,
          errorPercent: stats.rme,
          goal: goals[name],
        })),
      );
    });
    suite.run({ async: true });
  });
}

/** Has the row what its goal asks for, or at least what is robust of it? */
export function isMet({ ratio, goal }: Row, robust = false): boolean {
  if (!goal) return true;
  const { atLeast, atMost } = goal;
  const wanted = robust ? (goal.robust ?? 0) : (atLeast ?? atMost ?? 0);
  if (wanted === 0) return true;
  return atMost === undefined ? ratio >= wanted : 1 / ratio <= wanted;
}

/** The goal in words, with what became of it. */
function verdict(row: Row): string {
  const { goal, ratio } = row;
  if (!goal) return '';
  const words =
    goal.atMost === undefined
      ? `at least ${goal.atLeast} x`
      : `at most ${goal.atMost} x the time: ${(1 / ratio).toFixed(2)}`;
  return `${words} ${isMet(row) ? '(met)' : '(NOT MET)'}`;
}

const LINES = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
const OUTLINE = ['top', 'bottom'].flatMap((side) =>
  ['', '-mid', '-left', '-right'].map((part) => [side + part, '']),
);

/** Aligned columns without lines; numbers to the right. */
export function aligned(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const made = new Table({
    head: [...head],
    chars: { ...LINES, ...Object.fromEntries(OUTLINE), left: '', right: '', middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: head.map((name) =>
      /^(ns|times|±|frames|seconds|MiB)/.test(name) ? 'right' : 'left',
    ),
  });
  for (const line of lines) made.push([...line]);
  return made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** The rows as a table for people, one task after the other. */
export function table(rows: readonly Row[]): string {
  let task = '';
  const lines = rows.map((row) => {
    const shown = row.task === task ? '' : row.task;
    task = row.task;
    const ns = row.nsPerOp.toFixed(row.nsPerOp < 100 ? 1 : 0);
    return [shown, row.name, ns, row.ratio.toFixed(2), row.errorPercent.toFixed(1), verdict(row)];
  });
  return aligned(['task', 'way', 'ns', 'times as fast', '± %', 'goal'], lines);
}
