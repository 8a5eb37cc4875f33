// Subnets for tests: topologies as routing sees them, and random ones.

import { type Topology, waysOf } from '../../../src/fabric/topology.js';
import type { SubnetGraph } from '../../../src/subnet/routing.js';
import type { Random } from '../../../src/time/index.js';

/** Hosts have LIDs from 1 on, switches those behind them. */
export function graphOf(topology: Topology): SubnetGraph {
  const { hosts, switches } = topology;
  const ways = waysOf(topology);
  const ends: { lid: number; at: number; port: number }[] = [];
  const links = switches.map((name, at) =>
    ways.get(name)!.flatMap(({ port, to, toPort }) => {
      const host = hosts.indexOf(to);
      if (host >= 0) {
        ends.push({ lid: host + 1, at, port: port + 1 });
        return [];
      }
      return [{ port: port + 1, to: switches.indexOf(to), toPort: toPort + 1 }];
    }),
  );
  return { switches: links, lids: switches.map((_, i) => hosts.length + 1 + i), ends };
}

/** Any connected graph of switches, parallel cables too, with hosts here and there. */
export function randomTopology(random: Random): Topology {
  const count = 1 + random.below(10);
  const switches = Array.from({ length: count }, (_, i) => `s${i}`);
  const cables = new Set<string>();
  const links: { a: string; b: string; rate: number }[] = [];
  const join = (a: number, b: number) => links.push({ a: `s${a}`, b: `s${b}`, rate: 100e9 });
  for (let i = 1; i < count; i++) join(i, random.below(i));
  const more = random.below(2 * count);
  for (let i = 0; i < more && count > 1; i++) {
    const a = random.below(count);
    const b = random.below(count);
    if (a === b || (cables.has(`${a}-${b}`) && random.chance(0.7))) continue;
    cables.add(`${a}-${b}`);
    join(a, b);
  }
  const hosts = Array.from({ length: 2 + random.below(10) }, (_, i) => `h${i}`);
  for (const host of hosts) links.push({ a: host, b: `s${random.below(count)}`, rate: 100e9 });
  return { name: 'random', hosts, switches, links };
}
