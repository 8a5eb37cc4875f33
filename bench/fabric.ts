// What a packet-hop costs in fabrics of several shapes and sizes, frames real to the last byte.

import { inlineMore } from '../src/cli/engine.js';
import { fatTree, leafSpine, pair, star, type Topology } from '../src/fabric/index.js';
import type { FabricKind } from '../src/world/fabric.js';
import { runFabric } from './fabric-run.js';
import type { Row } from './support.js';

const PAYLOAD = 1024;
/** Packet-hops of one measurement: some tenths of a second. */
const HOPS = 400_000;
/** By turns, the least counts: load makes runs slower, never faster. */
const ROUNDS = 4;

interface Way {
  readonly name: string;
  readonly topology: Topology;
  readonly kind: FabricKind;
  /** Hops of each packet. */
  readonly path: number;
}

/** Nanoseconds a packet-hop of each way. */
export function hopCosts(ways: readonly Way[]): number[] {
  const least = ways.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, { topology, kind, path }] of ways.entries()) {
      const frames = Math.ceil(HOPS / path / topology.hosts.length);
      const { hops, cpuSeconds } = runFabric(topology, kind, frames, PAYLOAD);
      least[i] = Math.min(least[i]!, (cpuSeconds * 1e9) / hops);
    }
  }
  return least;
}

const rows = (task: string, ways: readonly Way[], goal?: Row['goal']): Row[] => {
  const costs = hopCosts(ways);
  return ways.map(({ name }, i) => ({
    task,
    name,
    nsPerOp: costs[i]!,
    ratio: costs[0]! / costs[i]!,
    errorPercent: 0,
    goal: i === ways.length - 1 ? goal : undefined,
  }));
};

const routed = 'routed' as const;

/** Compiled as the commands are. */
export const suite = async (): Promise<Row[]> => {
  inlineMore();
  return [
    ...rows('packet-hop, ICRCs at the ends', [
      { name: '2 hosts, a cable', topology: pair(), kind: 'switched', path: 1 },
      { name: '16 hosts, a switch', topology: star(16), kind: 'switched', path: 2 },
      { name: '16 hosts, fat tree of routers', topology: fatTree(4), kind: routed, path: 6 },
    ]),
    ...rows(
      'packet-hop in a leaf-spine of routers',
      [
        { name: '2 hosts', topology: leafSpine(2, 1, 1), kind: routed, path: 4 },
        { name: '16 hosts', topology: leafSpine(4, 4, 4), kind: routed, path: 4 },
        { name: '256 hosts', topology: leafSpine(16, 16, 16), kind: routed, path: 4 },
      ],
      { atMost: 1.5 },
    ),
  ];
};
