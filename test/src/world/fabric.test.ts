// Mirrors src/world/fabric.ts and src/fabric/topology.ts.

import { bth, build, deth, eth, ipv4, ipv6, lrh, udp } from '../../../protocols/index.js';
import {
  checkTopology,
  dumbbell,
  fatTree,
  leafSpine,
  pair,
  star,
  type Topology,
} from '../../../src/fabric/topology.js';
import { buildFabric, type FabricKind, type HostPlace } from '../../../src/world/fabric.js';
import { Simulation } from '../../../src/world/sim.js';
import { assert, spec } from '../../support/spec.js';
import { Probe } from '../fabric/probe.js';

/** A frame from one host to another, as its wire has it. */
function frame(kind: FabricKind, from: HostPlace, to: HostPlace, port: number, six: boolean) {
  const message = [bth({ opcode: 0x64, destQp: 1 }), deth({ srcQp: 1 }), new Uint8Array(64)];
  if (kind === 'infiniband')
    return build([lrh({ slid: from.lid, dlid: to.lid }), ...message]).bytes;
  const ip = six ? ipv6({ src: from.ipv6, dst: to.ipv6 }) : ipv4({ src: from.ip, dst: to.ip });
  const link = eth({ src: from.mac, dst: from.macOf(to.index) });
  return build([link, ip, udp({ srcPort: 49152 + port, dstPort: 4791 }), ...message]).bytes;
}

/** Every host sends to every other, over both IPs; gives what each got. */
function everybody(topology: Topology, kind: FabricKind) {
  const sim = new Simulation({ seed: 2 });
  const probes: Probe[] = [];
  const fabric = buildFabric(sim, topology, kind, ({ name }) => {
    const probe = new Probe(name, sim.pool);
    probes.push(probe);
    return probe;
  });
  for (const from of fabric.places)
    for (const to of fabric.places) {
      if (from === to) continue;
      for (const six of [false, true])
        probes[from.index]!.send(frame(kind, from, to, from.index, six));
    }
  for (const host of fabric.hosts) sim.settle(host);
  sim.run();
  assert.is(sim.pool.inUse, 0);
  return { probes, fabric, sim };
}

const complete = (topology: Topology, kind: FabricKind) => {
  const { probes } = everybody(topology, kind);
  const each = 2 * (probes.length - 1);
  // Switches that have not learned yet flood: hosts may get more than is theirs, never less.
  for (const { got } of probes)
    assert.ok(kind === 'switched' ? got.length >= each : got.length === each, `${got.length}`);
};

spec('topologies', (it) => {
  it('every host reaches every other in every shape over every wire', () => {
    for (const kind of ['switched', 'routed', 'infiniband'] as const) {
      for (const shape of [pair(), star(5), dumbbell(2)]) complete(shape, kind);
    }
    for (const kind of ['routed', 'infiniband'] as const) {
      for (const shape of [leafSpine(3, 2, 2), fatTree(4)]) complete(shape, kind);
    }
  });

  it('a fat tree has the numbers of Al-Fares et al. (2008)', () => {
    const { hosts, switches, links } = fatTree(4);
    assert.equal([hosts.length, switches.length, links.length], [16, 20, 48]);
    const big = fatTree(8);
    assert.equal([big.hosts.length, big.switches.length, big.links.length], [128, 80, 384]);
  });

  it('flows take all equal paths through the cores', () => {
    const { fabric } = everybody(fatTree(4), 'routed');
    for (const name of ['core0', 'core1', 'core2', 'core3']) {
      const { forwarded } = fabric.switches.get(name) as unknown as { forwarded: number };
      assert.ok(forwarded > 30, `${name} passed ${forwarded} of 384 on`);
    }
  });

  it('what is wrong is said with its place', () => {
    const good = star(2);
    const bad = (change: object) => () => checkTopology({ ...good, ...change });
    const link = { a: 'h0', b: 's0', rate: 1e9 };
    assert.throws(bad({ hosts: ['h0'] }), /hosts: expected two at least, found 1/);
    assert.throws(bad({ switches: ['h0'] }), /'h0': is there twice/);
    assert.throws(bad({ links: [link] }), /'h1': a host has one link, found 0/);
    assert.throws(
      bad({ links: [{ ...link, b: 'x' }] }),
      /links\[0\]: 'x' is no host and no switch/,
    );
    assert.throws(
      bad({ links: [{ ...link, rate: 0 }] }),
      /links\[0\].rate: expected bits a second/,
    );
    assert.throws(() => everybody(fatTree(4), 'switched'), /has loops/);
    assert.throws(() => fatTree(3), /an even number, not 3/);
  });

  it('are the same after a way through JSON', () => {
    assert.equal(JSON.parse(JSON.stringify(fatTree(4))), fatTree(4));
  });
});
