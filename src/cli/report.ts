// `wireverbs report FILE...`: results that `wireverbs run --json` wrote, in one piece or in shares, put together and shown.

import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { PointResult } from '../experiments/index.js';
import { mergeLines } from '../experiments/run/merge.js';
import { UsageError } from './failure.js';
import { counted, print, remark } from './terminal.js';

interface ReportOptions {
  readonly json?: true;
  readonly report?: string;
  readonly of?: string;
}

const examples = `
Examples:
  wireverbs run examples/16-write-sweep.yaml --shard 1/2 --json > a.jsonl    # on one machine
  wireverbs run examples/16-write-sweep.yaml --shard 2/2 --json > b.jsonl    # on another
  wireverbs report a.jsonl b.jsonl
  wireverbs report a.jsonl b.jsonl --json > all.jsonl
  wireverbs report part*.jsonl --of examples/cloud-disk.yaml --report report
`;

export function reportCommand(program: Command): void {
  program
    .command('report')
    .argument('<files...>', 'lines of JSON')
    .option('--json', 'the lines, put in the order of the combinations')
    .option('--report <folder>', 'of experiments with disks: a page with plots, and captures')
    .option('--of <file>', 'with --report: the experiment whose results these are')
    .description('put the results of an experiment together; exit code 1 when some are missing')
    .addHelpText('after', examples)
    .action(report);
}

async function report(files: readonly string[], options: ReportOptions): Promise<void> {
  if (options.json && options.report !== undefined)
    throw new UsageError('--report prints a table: leave out --json');
  if ((options.of === undefined) !== (options.report === undefined))
    throw new UsageError('--report FOLDER and --of EXPERIMENT go together');
  const { results, missing } = merged(files);
  if (options.json) for (const result of results) print(JSON.stringify(result));
  else if (options.report !== undefined) await writePage(options.report, options.of!, results);
  else {
    const { resultTable, troubles } = await import('./experiment-table.js');
    const swept = [...new Set(results.flatMap(({ set }) => Object.keys(set)))];
    print(`${results[0]!.experiment}: ${counted(results.length, 'combination')}\n`);
    print(resultTable(results, swept));
    for (const words of troubles(results)) {
      remark(`wireverbs: ${words}`);
      process.exitCode = 1;
    }
  }
  if (missing.length === 0) return;
  const few = missing.slice(0, MOST_NAMED).join(', ');
  const more = missing.length > MOST_NAMED ? ', ...' : '';
  remark(`wireverbs: ${counted(missing.length, 'combination')} missing: ${few}${more}`);
  process.exitCode = 1;
}
const MOST_NAMED = 10;

/** The page of `run --report`, from results that others computed. */
async function writePage(
  folder: string,
  file: string,
  results: readonly PointResult[],
): Promise<void> {
  const { readWithSource } = await import('./run-experiment.js');
  const { source, experiment } = readWithSource(file, results[0]!.seed);
  const { experiment: title, points } = results[0]!;
  if (experiment.title !== title || experiment.points.length !== points)
    throw new UsageError(`${file} is not the experiment of these results, ${title}`);
  print(`${title}: ${counted(results.length, 'combination')}`);
  const { writeReport } = await import('./write-report.js');
  await writeReport(folder, experiment, source, results, undefined);
}

function merged(files: readonly string[]): {
  readonly results: readonly PointResult[];
  readonly missing: readonly number[];
} {
  try {
    return mergeLines(files.map((name) => ({ name, text: readFileSync(name, 'utf8') })));
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}
