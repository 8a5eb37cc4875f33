// The tree of a multicast group: down from a root of the order by which unicast packets are routed, so that a packet goes
// up to where the branches part and then down, and groups add no credit loop to the routes.

import type { SubnetGraph, SwitchOrder } from './routing.js';

/** Members by the LID of their end port: whether they get packets, or only send them. */
export type Members = ReadonlyMap<number, { readonly receives: boolean }>;

/** Output ports of every switch; `group` spreads the groups over the roots. */
export function multicastTree(
  graph: SubnetGraph,
  { place, roots }: SwitchOrder,
  members: Members,
  group: number,
): Set<number>[] {
  const ports = graph.switches.map(() => new Set<number>());
  const ends = graph.ends.filter(({ lid }) => members.has(lid));
  for (const { lid, at, port } of ends) if (members.get(lid)!.receives) ports[at]!.add(port);
  const root = roots[group % Math.max(1, roots.length)];
  if (root === undefined) return ports;
  const parents = parentsOf(graph, place, root);
  const joined = new Set([root]);
  const only = new Set(ends.map(({ at }) => at));
  for (const leaf of only) {
    for (let s = leaf; !joined.has(s); ) {
      joined.add(s);
      const { from, port, toPort } = parents.get(s)!;
      ports[from]!.add(port);
      ports[s]!.add(toPort);
      s = from;
    }
  }
  // A root with one branch and no members only makes ways longer.
  for (let s = root; ports[s]!.size === 1 && !only.has(s); ) {
    const [port] = ports[s]!;
    const { to, toPort } = graph.switches[s]!.find((link) => link.port === port)!;
    ports[s]!.clear();
    ports[to]!.delete(toPort);
    s = to;
  }
  return ports;
}

interface Parent {
  readonly from: number;
  readonly port: number;
  readonly toPort: number;
}

/** How each switch below `root` is reached going down. */
function parentsOf(
  graph: SubnetGraph,
  place: readonly number[],
  root: number,
): Map<number, Parent> {
  const parents = new Map<number, Parent>();
  const reached = new Set([root]);
  for (const s of reached) {
    for (const { to, port, toPort } of graph.switches[s]!) {
      if (place[to]! > place[s]! || reached.has(to)) continue;
      reached.add(to);
      parents.set(to, { from: s, port, toPort });
    }
  }
  return parents;
}
