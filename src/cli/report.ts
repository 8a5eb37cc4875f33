// `wireverbs report FILE...`: results that `wireverbs run --json` wrote, in one piece or in shares, put together and shown.

import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { PointResult } from '../experiments/index.js';
import { mergeLines } from '../experiments/run/merge.js';
import { UsageError } from './failure.js';
import { counted, print, remark } from './terminal.js';

interface ReportOptions {
  readonly json?: true;
}

const examples = `
Examples:
  wireverbs run examples/16-write-sweep.yaml --shard 1/2 --json > a.jsonl    # on one machine
  wireverbs run examples/16-write-sweep.yaml --shard 2/2 --json > b.jsonl    # on another
  wireverbs report a.jsonl b.jsonl
  wireverbs report a.jsonl b.jsonl --json > all.jsonl
`;

export function reportCommand(program: Command): void {
  program
    .command('report')
    .argument('<files...>', 'lines of JSON')
    .option('--json', 'the lines, put in the order of the combinations')
    .description('put the results of an experiment together; exit code 1 when some are missing')
    .addHelpText('after', examples)
    .action(report);
}

async function report(files: readonly string[], options: ReportOptions): Promise<void> {
  const { results, missing } = merged(files);
  if (options.json) for (const result of results) print(JSON.stringify(result));
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
