// Requests of 4 KiB a second of CPU through block layer, NVMe over Fabrics, both NICs and the link (nvmeof-run.ts).

import { runRequests } from './nvmeof-run.js';
import type { Row } from './support.js';

const REQUESTS = 15_000;
/** By turns, the least counts: load makes runs slower, never faster. */
const ROUNDS = 3;
const goals = { rdma: 20_000, tcp: 8_000 } as const;

export const suite = async (): Promise<Row[]> => {
  const ways = ['rdma', 'tcp'] as const;
  const least = { rdma: Infinity, tcp: Infinity };
  for (let round = 0; round < ROUNDS; round++)
    for (const way of ways) {
      const { cpuSeconds, requests } = runRequests(way, REQUESTS);
      least[way] = Math.min(least[way], (cpuSeconds * 1e9) / requests);
    }
  return ways.map((way) => ({
    task: 'request of 4 KiB over NVMe/RDMA and NVMe/TCP, against its goal',
    name: way,
    nsPerOp: least[way],
    ratio: 1e9 / goals[way] / least[way],
    errorPercent: 0,
    goal: { atLeast: 1 },
  }));
};
