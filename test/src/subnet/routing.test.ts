// Mirrors src/subnet/routing.ts and multicast-tree.ts.

import { dumbbell, fatTree, leafSpine, star } from '../../../src/fabric/topology.js';
import { multicastTree } from '../../../src/subnet/multicast-tree.js';
import { routesOf, type SubnetGraph } from '../../../src/subnet/routing.js';
import { Random } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';
import { follow, provenRoutes, spread } from './channels.js';
import { graphOf, randomTopology } from './graph.js';

/** Shortest ways between hosts, in switches. */
function shortest(graph: SubnetGraph): number {
  let sum = 0;
  for (const from of graph.ends) {
    const far = new Map([[from.at, 1]]);
    for (const [s, hops] of far)
      for (const { to } of graph.switches[s]!) if (!far.has(to)) far.set(to, hops + 1);
    for (const to of graph.ends) if (to !== from) sum += far.get(to.at)!;
  }
  return sum;
}

const seeds = Array.from({ length: 60 }, (_, i) => i + 1);

spec('routes of a subnet', (it) => {
  it('are the shortest in all shapes that have a name, in the order of a fat tree', () => {
    for (const shape of [star(5), dumbbell(3), leafSpine(4, 3, 3), fatTree(4), fatTree(6)]) {
      const graph = graphOf(shape);
      const { tables, order } = routesOf(graph);
      const { dependencies, hops } = provenRoutes(graph, tables);
      assert.is(hops, shortest(graph), shape.name);
      assert.is(dependencies.circle(), undefined, shape.name);
      assert.is(order.name, 'fat tree', shape.name);
    }
  });

  it('lead every host to every other without loops and without credit loops, in any graph', () => {
    const orders = new Set<string>();
    for (const seed of seeds) {
      const graph = graphOf(randomTopology(new Random(seed)));
      const { tables, order } = routesOf(graph);
      orders.add(order.name);
      const { dependencies } = provenRoutes(graph, tables);
      assert.is(dependencies.circle(), undefined, `seed ${seed}`);
    }
    assert.equal([...orders].sort(), ['fat tree', 'root'], 'both orders were needed');
  });

  it('lead every switch to every host and to every other switch', () => {
    for (const seed of seeds.slice(0, 20)) {
      const graph = graphOf(randomTopology(new Random(seed)));
      const { tables } = routesOf(graph);
      graph.switches.forEach((_, s) => {
        for (const { lid } of graph.ends) follow(graph, tables, s, lid);
        graph.lids.forEach((lid, target) => {
          let at = s;
          for (let hops = 0; at !== target; hops++) {
            assert.ok(hops < graph.switches.length, `seed ${seed}: no way to switch ${target}`);
            at = graph.switches[at]!.find((l) => l.port === tables[at]![lid])!.to;
          }
          assert.is(tables[at]![lid], 0);
        });
      });
    }
  });

  it('would have credit loops if packets just took shortest ways around a ring', () => {
    const ring = graphOf({
      name: 'ring',
      hosts: ['h0', 'h1', 'h2', 'h3', 'h4'],
      switches: ['s0', 's1', 's2', 's3', 's4'],
      links: [0, 1, 2, 3, 4].flatMap((i) => [
        { a: `h${i}`, b: `s${i}`, rate: 1e9 },
        { a: `s${i}`, b: `s${(i + 1) % 5}`, rate: 1e9 },
      ]),
    });
    const naive = ring.switches.map((links, s) => {
      const table = new Uint8Array(16).fill(255);
      for (const { lid, at, port } of ring.ends) {
        const clockwise = (at - s + 5) % 5;
        const next = clockwise <= 2 ? (s + 1) % 5 : (s + 4) % 5;
        table[lid] = clockwise === 0 ? port : links.find(({ to }) => to === next)!.port;
      }
      return table;
    });
    assert.ok(provenRoutes(ring, naive).dependencies.circle());
    assert.is(provenRoutes(ring, routesOf(ring).tables).dependencies.circle(), undefined);
  });

  it('spread over equal ports', () => {
    const graph = graphOf(leafSpine(2, 4, 8));
    const { tables } = routesOf(graph);
    const up = new Map<number, number>();
    for (const { lid, at } of graph.ends) {
      if (at === 0) continue;
      const port = tables[0]![lid]!;
      up.set(port, (up.get(port) ?? 0) + 1);
    }
    assert.equal([...up.values()], [2, 2, 2, 2]);
  });
});

spec('multicast trees', (it) => {
  it('bring a packet of any member to all others once, and add no credit loop', () => {
    for (const seed of seeds) {
      const random = new Random(seed).fork('multicast');
      const graph = graphOf(randomTopology(new Random(seed)));
      const { tables, order } = routesOf(graph);
      const { dependencies } = provenRoutes(graph, tables);
      for (let group = 0; group < 3; group++) {
        const members = graph.ends.filter(() => random.chance(0.5));
        const state = new Map(members.map(({ lid }) => [lid, { receives: true }]));
        const tree = multicastTree(graph, order, state, group);
        for (const from of members) {
          const others = members.filter((m) => m !== from).map(({ lid }) => lid);
          const reached = spread(graph, tree, from, dependencies);
          assert.equal(
            reached,
            others.sort((a, b) => a - b),
            `seed ${seed}`,
          );
        }
      }
      assert.is(dependencies.circle(), undefined, `seed ${seed}`);
    }
  });

  it('bring packets of those who only send to members, and none back', () => {
    const graph = graphOf(fatTree(4));
    const { order } = routesOf(graph);
    const [sender, a, b] = [graph.ends[0]!, graph.ends[7]!, graph.ends[14]!];
    const members = new Map([
      [sender.lid, { receives: false }],
      [a.lid, { receives: true }],
      [b.lid, { receives: true }],
    ]);
    const tree = multicastTree(graph, order, members, 0);
    const { dependencies } = provenRoutes(graph, routesOf(graph).tables);
    assert.equal(spread(graph, tree, sender, dependencies), [a.lid, b.lid]);
    assert.equal(spread(graph, tree, a, dependencies), [b.lid]);
  });
});
