// `wireverbs compare`: its options. What they do is loaded when the command is given (compare-run.ts).

import { type Command, InvalidArgumentError } from 'commander';
import { type Operation, operations, type PathName, paths } from '../apps/compare/model.js';
import { cards, processors } from '../profiles/catalogue.js';
import { readSize } from '../scenario/quantity.js';
import { wholeNumber } from './input.js';
import { oneOf, reading } from './option.js';

/** The options of `wireverbs compare`. */
export interface CompareCommand {
  readonly size: number;
  readonly op: Operation;
  readonly wires?: readonly PathName[];
  readonly nic: string;
  readonly cpu: string;
  readonly mtu?: number;
  readonly seed: number;
  readonly brief?: true;
  readonly json?: true;
  readonly svg?: string;
  readonly pcap?: string;
}

const examples = `
Examples:
  wireverbs compare --size 4096
  wireverbs compare --size 64KiB --op read --wires tcp,rocev2 --svg read.svg
  wireverbs compare --op send --mtu 1500 --pcap send.pcapng --json

Two hosts and a 100 Gb/s cable. Every path is measured in its steady state: messages went before, so that the connection is
open, neighbours are known, memory is registered, caches and windows are warm; then all was quiet; then one message is sent.
What is counted is what happened: bytes that were moved in memory, frames that were on the cable, time that cores took.
`;

const sizeOption = reading((text: string) =>
  readSize('size', /^\d+$/.test(text) ? Number(text) : text),
);

/** Names with commas between them, each once. */
function listOption(text: string): readonly PathName[] {
  const names = text.split(',').map((name) => oneOf(paths)(name.trim()));
  if (new Set(names).size < names.length)
    throw new InvalidArgumentError(`expected each path once; found '${text}'.`);
  return names;
}

export function compareCommand(program: Command): void {
  program
    .command('compare')
    .option('-s, --size <bytes>', 'of the message, such as 4096 or 64KiB', sizeOption, 4096)
    .option('--op <operation>', operations.join(', '), oneOf(operations), 'write' as Operation)
    .option(
      '--wires <list>',
      `some of ${paths.join(',')}; all that there are unless given`,
      listOption,
    )
    .option('--nic <profile>', [...cards.keys()].join(', '), oneOf([...cards.keys()]), 'connectx5')
    .option(
      '--cpu <profile>',
      [...processors.keys()].join(', '),
      oneOf([...processors.keys()]),
      'xeonhaswell',
    )
    .option(
      '--mtu <bytes>',
      'of Ethernet, up to 9000; 4200 unless given, which 4 KiB fit into',
      wholeNumber,
    )
    .option('--seed <number>', 'of what is left to chance', wholeNumber, 1)
    .option('--brief', 'no lists of stations')
    .option('--json', 'one JSON object with all stations, moves, frames and spans')
    .option('--svg <file>', 'draw what happened, as a picture that needs nothing else')
    .option('--pcap <file>', "write the message's frames to a pcapng file, an interface a path")
    .description('one message over kernel TCP, iWARP, RoCE and InfiniBand, station by station')
    .addHelpText('after', examples)
    .action(async (options: CompareCommand) => {
      const { runCompare } = await import('./compare-run.js');
      runCompare(options);
    });
}
