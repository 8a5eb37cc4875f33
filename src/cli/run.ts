// `wireverbs run FILE`: its options. What they do is loaded when the command is given (run-file.ts).

import type { Command } from 'commander';
import { wholeNumber } from './input.js';
import { PCAP_ALL } from './option.js';

/** The options of `wireverbs run`. */
export interface RunOptions {
  readonly seed: number;
  readonly pcap?: string;
  readonly pcapAll?: true;
  readonly json?: true;
}

const examples = `
Examples:
  wireverbs run examples/01-hello-verbs.ts
  wireverbs run examples/13-incast-pfc.yaml --json
  wireverbs run mine.ts --seed 7 --pcap mine.pcapng

A program exports a function 'scenario' that gets a stage: it makes labs, says what it sees, and states what must hold. What it is
made of comes from 'wireverbs/sim'. Descriptions follow docs/scenario.schema.json, by which editors complete them.
`;

export function runCommand(program: Command): void {
  program
    .command('run')
    .argument('<file>', 'a program (.ts, .mjs) or a description (.yaml, .json)')
    .option('--seed <number>', 'of what is left to chance; also of descriptions', wholeNumber)
    .option('--pcap <file>', 'write what all hosts of the first lab send and receive')
    .option('--pcap-all', PCAP_ALL)
    .option('--json', 'one JSON object instead of words')
    .description(
      'run a scenario of your own; exit code 1 when something that it expects does not hold',
    )
    .addHelpText('after', examples)
    .action(async (path: string, options: RunOptions) => {
      const { runFile } = await import('./run-file.js');
      await runFile(path, options);
    });
}
