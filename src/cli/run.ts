// `wireverbs run FILE`: its options. What they do is loaded when the command is given (run-file.ts, run-experiment.ts).

import type { Command } from 'commander';
import { parseShard, type Shard } from '../experiments/run/shard.js';
import { wholeNumber } from './input.js';
import { PCAP_ALL, reading } from './option.js';

/** The options of `wireverbs run`. */
export interface RunOptions {
  readonly seed: number;
  readonly pcap?: string;
  readonly pcapAll?: true;
  readonly json?: true;
  /** Of experiments. */
  readonly jobs?: number;
  readonly shard?: Shard;
  readonly output?: string;
  readonly report?: string;
  readonly open?: true;
}

const examples = `
Examples:
  wireverbs run examples/01-hello-verbs.ts
  wireverbs run examples/13-incast-pfc.yaml --json
  wireverbs run mine.ts --seed 7 --pcap mine.pcapng
  wireverbs run examples/16-write-sweep.yaml --jobs 4
  wireverbs run examples/16-write-sweep.yaml --shard 2/8 --json > part2.jsonl

A program exports a function 'scenario' that gets a stage: it makes labs, says what it sees, and states what must hold. What it is
made of comes from 'wireverbs/sim'. A description that has 'experiment' is run for every combination of its sweeps, on all cores,
and its results are lines of JSON (docs/batch.md tells how a batch engine runs it in shares); others are scenarios. Editors complete
them by docs/experiment.schema.json and docs/scenario.schema.json.
`;

export function runCommand(program: Command): void {
  program
    .command('run')
    .argument('<file>', 'a program (.ts, .mjs) or a description (.yaml, .json)')
    .option('--seed <number>', 'of what is left to chance; also of descriptions', wholeNumber)
    .option('--pcap <file>', 'write what all hosts of the first lab send and receive')
    .option('--pcap-all', PCAP_ALL)
    .option('--json', 'JSON instead of words; of experiments a line each combination')
    .option('-j, --jobs <number>', 'of experiments: threads; one a core unless given', wholeNumber)
    .option('--shard <I/N>', 'of experiments: only the I-th of N shares', reading(parseShard))
    .option('-o, --output <file>', 'of experiments: lines of JSON to a file, beside the table')
    .option('--report <folder>', 'of experiments with disks: a page with plots, and captures')
    .option('--open', 'with --report: shows the page in the browser, where there is one')
    .description(
      'run a scenario or an experiment of your own; exit code 1 when something that it expects does not hold',
    )
    .addHelpText('after', examples)
    .action(async (path: string, options: RunOptions) => {
      const { runFile } = await import('./run-file.js');
      await runFile(path, options);
    });
}
