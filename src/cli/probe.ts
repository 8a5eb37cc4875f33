// `wireverbs probe WHAT`: its options. What they do is loaded when the command is given (probe-run.ts).

import type { Command } from 'commander';
import { type ProbeName, probeNames } from '../apps/probe/parameters.js';
import { cards, processors, slots } from '../profiles/catalogue.js';
import { readSize } from '../scenario/quantity.js';
import { wholeNumber } from './input.js';
import { oneOf, reading } from './option.js';

/** The options of `wireverbs probe`. */
export interface ProbeCommand {
  readonly size?: number;
  readonly iters?: number;
  readonly window?: number;
  readonly iommu?: true;
  readonly pages: '4KiB' | '2MiB' | '1GiB';
  readonly remote?: true;
  readonly nodes?: number;
  readonly readers?: number;
  readonly nic: string;
  readonly slot?: string;
  readonly cpu: string;
  readonly seed: number;
  readonly json?: true;
}

const examples = `
Examples:
  wireverbs probe dma_read_lat --slot nfp6000slot --size 256
  wireverbs probe dma_write_bw --slot pciegen3x8 --size 64 --json
  wireverbs probe dma_read_bw --slot nfp6000slot --iommu --window 64MiB
  wireverbs probe mem_lat --cpu xeongold6128 --remote
  wireverbs probe mem_bw --cpu xeonplatinum8180 --readers 2

Parts of one machine alone. DMA probes are those of pcie-bench: transfers one after the other, or all asked for at once; places are
taken at random from the window; dma_read_write_bw counts the bytes of one direction. Memory probes are those of Intel's Memory
Latency Checker: a core that reads line after line, and all cores of so many nodes that read as much as they can.
`;

const pageSizes = ['4KiB', '2MiB', '1GiB'] as const;
const sizeOption = (name: string) =>
  reading((text) => readSize(name, /^\d+$/.test(text) ? Number(text) : text));
const named = (names: Iterable<string>) => {
  const list = [...names];
  return [list.join(', '), oneOf(list)] as const;
};

export function probeCommand(program: Command): void {
  program
    .command('probe')
    .argument('<what>', probeNames.join(', '), oneOf(probeNames))
    .option('-s, --size <bytes>', 'of a transfer; 64 unless given', sizeOption('size'))
    .option('-n, --iters <number>', 'transfers', wholeNumber)
    .option('--window <bytes>', 'of memory that they lie in; 8 KiB', sizeOption('window'))
    .option('--iommu', "an IOMMU translates the device's addresses")
    .option('--pages <size>', 'that it knows', oneOf(pageSizes), '4KiB')
    .option('--remote', "memory of another node than the slot's, or the cores'")
    .option('--nodes <number>', 'NUMA nodes, which share the cores', wholeNumber)
    .option('--readers <number>', 'nodes whose cores read at once', wholeNumber)
    .option('--nic <profile>', 'whose slot it is', named(cards.keys())[1], 'connectx5')
    .option('--slot <profile>', ...named(slots.keys()))
    .option('--cpu <profile>', ...named(processors.keys()), 'xeongold6128')
    .option('--seed <number>', 'of what is left to chance', wholeNumber, 1)
    .option('--json', 'one JSON object')
    .description('measure a part of one machine: DMA by size and place, memory by node')
    .addHelpText('after', examples)
    .action(async (what: ProbeName, options: ProbeCommand) => {
      const { runProbe } = await import('./probe-run.js');
      runProbe(what, options);
    });
}
