// What `wireverbs compare` does: one message over each path, printed and drawn.

import { writeFileSync } from 'node:fs';
import { capturedBytes, jsonOf, svgOf } from '../apps/compare/index.js';
import { cards, processors } from '../profiles/catalogue.js';
import { compare } from '../scenario/compare.js';
import type { CompareCommand as Options } from './compare.js';
import { printComparison } from './compare-report.js';
import { print, remark } from './terminal.js';

export function runCompare(options: Options): void {
  const { size, op, wires, nic, cpu, mtu, seed, svg, pcap } = options;
  const comparison = compare({
    size,
    op,
    seed,
    card: cards.get(nic)!,
    cpu: processors.get(cpu)!,
    ...(wires && { paths: wires }),
    ...(mtu !== undefined && { mtu }),
  });
  if (options.json) print(JSON.stringify(jsonOf(comparison)));
  else printComparison(comparison, options.brief === true);
  if (svg !== undefined) writeFileSync(svg, svgOf(comparison));
  if (pcap !== undefined) writeFileSync(pcap, capturedBytes(comparison));
  for (const path of comparison.paths) {
    if (path.verified) continue;
    remark(`wireverbs: ${path.title}: the bytes that arrived are not those that were sent`);
    process.exitCode = 1;
  }
}
