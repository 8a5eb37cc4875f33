// What a packet-hop of a bulk TCP transfer costs (tcp-run.ts).

import type { CongestionName } from '../src/tcp/index.js';
import type { Row } from './support.js';
import { runBulk, SEGMENT } from './tcp-run.js';

const BYTES = 200e6;
/** By turns, the least counts: load makes runs slower, never faster. */
const ROUNDS = 3;

/** CPU nanoseconds a packet-hop. */
function bulkCost(congestion: CongestionName): number {
  const { cpuSeconds, hops } = runBulk(BYTES, congestion);
  return (cpuSeconds * 1e9) / hops;
}

export const suite = async (): Promise<Row[]> => {
  const names: readonly CongestionName[] = ['cubic', 'reno'];
  const least = names.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, name] of names.entries()) least[i] = Math.min(least[i]!, bulkCost(name));
  }
  return names.map((name, i) => ({
    task: `packet-hop of bulk TCP, ${SEGMENT} bytes a segment`,
    name,
    nsPerOp: least[i]!,
    ratio: least[0]! / least[i]!,
    errorPercent: 0,
  }));
};
