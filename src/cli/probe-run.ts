// What `wireverbs probe` does: one line of figures.

import { type ProbeName, type ProbeResult, probe } from '../apps/probe/index.js';
import { PAGE_1G, PAGE_2M, PAGE_4K } from '../memory/index.js';
import { cards, processors, slots } from '../profiles/catalogue.js';
import { vtdBroadwell } from '../profiles/iommu.js';
import type { ProbeCommand } from './probe.js';
import { print } from './terminal.js';

const PAGES = { '4KiB': PAGE_4K, '2MiB': PAGE_2M, '1GiB': PAGE_1G } as const;
const BITS = 8;
const PER_MICROSECOND = 1000;

export function runProbe(what: ProbeName, options: ProbeCommand): void {
  const { size, iters, window, remote = false, nodes, readers, seed } = options;
  const pcie = options.slot === undefined ? cards.get(options.nic)!.pcie : slots.get(options.slot)!;
  const result = probe({
    probe: what,
    cpu: processors.get(options.cpu)!,
    pcie,
    ...(size !== undefined && { size }),
    ...(iters !== undefined && { iters }),
    ...(window !== undefined && { windowBytes: window }),
    ...(options.iommu && { iommu: vtdBroadwell }),
    pageBytes: PAGES[options.pages],
    remote,
    ...(nodes !== undefined && { nodes }),
    ...(readers !== undefined && { readers }),
    seed,
  });
  if (options.json)
    print(JSON.stringify({ schema: 'wireverbs-probe-1', probe: what, ...figures(result) }));
  else print(words(what, result));
}

/** The figures of a result, with their units in their names. */
function figures({ parameters, latencies, moved }: ProbeResult) {
  const { size, iters } = parameters;
  if (latencies) {
    const sorted = latencies.toSorted((a, b) => a - b);
    const meanNs = sorted.reduce((sum, one) => sum + one, 0) / sorted.length;
    const medianNs = sorted[sorted.length >> 1]!;
    return { size, iters, minNs: sorted[0]!, medianNs, meanNs, maxNs: sorted.at(-1)! };
  }
  const { operations, bytes, ns } = moved!;
  return {
    size,
    operations,
    millionsPerSecond: (operations / ns) * PER_MICROSECOND,
    gigabitsPerSecond: (bytes * BITS) / ns,
    gigabytesPerSecond: bytes / ns,
  };
}

function words(what: ProbeName, result: ProbeResult): string {
  const cells = Object.entries(figures(result)).map(([name, value]) => `${name} ${shown(value)}`);
  return `${what}  ${cells.join('  ')}`;
}

const shown = (value: number): string => String(Number(value.toPrecision(5)));
