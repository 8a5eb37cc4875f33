// Mirrors src/subnet/manager.ts, sweep.ts and src/fabric/ib-management.ts, ib-switch-agent.ts: subnets that a manager
// sets up by MADs over the simulated wires.

import { bth, build, check, deth, dissect, grh, lrh } from '../../../protocols/index.js';
import { CaptureReader } from '../../../protocols/pcap/index.js';
import { chances } from '../../../src/fabric/chance.js';
import {
  dumbbell,
  fatTree,
  leafSpine,
  pair,
  star,
  type Topology,
} from '../../../src/fabric/topology.js';
import { PORT_STATE, RECORD } from '../../../src/subnet/constant.js';
import { gidBytes } from '../../../src/subnet/gid.js';
import {
  GROUP_COMPONENT,
  maskOf,
  NODE_COMPONENT,
  PATH_COMPONENT,
  RECORD_AT,
  saRequest,
} from '../../../src/subnet/sa-query.js';
import {
  MAD,
  MCMemberRecord,
  NodeDescription,
  NodeInfo,
  NodeRecord,
  PathRecord,
} from '../../../src/subnet/wire.js';
import { type Nanos, Random } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';
import { provenRoutes } from '../subnet/channels.js';
import { randomTopology } from '../subnet/graph.js';
import { type Managed, managed } from './managed.js';

const UD = 0x64;
const GSI = 0x80010000;
const PREFIX = 0xfe80000000000000n;

const data = (slid: number, dlid: number, psn = 0) =>
  build([lrh({ slid, dlid }), bth({ opcode: UD, destQp: 9, psn }), deth({ srcQp: 2 }), 'payload!'])
    .bytes;

/** Every host sends to every other by the LID that the other was told. */
function everybodyReaches({ sim, fabric, probes }: Managed): void {
  for (const { got } of probes) got.length = 0;
  for (const [i, from] of probes.entries()) {
    for (const to of probes)
      if (from !== to) from.send(data(from.view!.lid, to.view!.lid, to.view!.lid));
    sim.settle(fabric.hosts[i]!);
  }
  sim.run();
  for (const probe of probes) {
    assert.is(probe.got.length, probes.length - 1, probe.name);
  }
  assert.is(sim.pool.inUse, 0);
}

/** What the switches have in their tables is what the manager wanted, and makes no credit loop. */
function tablesAreRight({ manager, switches }: Managed): void {
  const { graph } = manager.sweep;
  const tables = switches.map(({ forwarding }) => forwarding);
  // The manager numbers switches as it finds them.
  const bySwitch = graph.lids.map((lid) => tables.find((table) => table[lid] === 0)!);
  assert.is(provenRoutes(graph, bySwitch).dependencies.circle(), undefined);
}

const shapes: readonly Topology[] = [pair(), star(5), dumbbell(3), leafSpine(3, 2, 2), fatTree(4)];

spec('a subnet manager', (it) => {
  it('sets up every shape: all ports active, everybody reaches everybody, no credit loops', () => {
    for (const shape of shapes) {
      const net = managed(shape);
      assert.ok(net.probes.every(({ view }) => !view?.active));
      net.up();
      for (const { view, name } of net.probes) assert.ok(view?.active, `${shape.name} ${name}`);
      for (const { ends, name } of net.switches)
        assert.ok(
          ends.every(({ state }) => state === PORT_STATE.active),
          name,
        );
      assert.is(net.manager.sweep.refused + net.manager.transactions.repeated, 0);
      tablesAreRight(net);
      everybodyReaches(net);
    }
  });

  it('sets up random graphs', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const net = managed(randomTopology(new Random(seed)), {}, seed);
      net.up();
      tablesAreRight(net);
      everybodyReaches(net);
    }
  });

  it('says nothing that a check would find wrong', () => {
    const net = managed(leafSpine(2, 2, 2));
    net.up();
    everybodyReaches(net);
    const reader = new CaptureReader();
    reader.push(net.capture());
    let frames = 0;
    while (reader.next()) {
      const { bytes, at, end } = reader.record;
      const scene = dissect(bytes, { start: at, end, linkType: 247 });
      assert.equal(check(scene).findings, [], `frame ${frames}`);
      frames++;
    }
    assert.ok(frames > 300, `${frames} frames`);
  });

  it('gives the LIDs that were wished for, and others where none was', () => {
    const wished = managed(star(3));
    wished.up();
    assert.equal(
      wished.probes.map(({ view }) => view!.lid),
      [1, 2, 3],
    );
    const free = managed(star(3), { subnet: { lids: new Map() } });
    free.up();
    const lids = free.probes.map(({ view }) => view!.lid);
    assert.is(new Set(lids).size, 3);
    assert.ok(lids.every((lid) => lid >= 1 && lid <= 4));
    everybodyReaches(free);
  });

  it('reaches its end through links that lose SMPs', () => {
    const net = managed(dumbbell(2));
    const lossy = (name: string) => chances({ loss: 0.05 }, net.sim.random.fork(name));
    for (const sw of net.switches)
      for (let port = 0; port < sw.ports; port++)
        net.sim.impair(sw, port, lossy(`${sw.name}${port}`));
    for (const host of net.fabric.hosts) net.sim.impair(host, 0, lossy(host.name));
    net.up();
    assert.ok(net.manager.transactions.repeated > 5);
    assert.ok(net.probes.every(({ view }) => view?.active));
    tablesAreRight(net);
  });

  it('does the same each time', () => {
    const run = () => {
      const net = managed(leafSpine(2, 2, 2));
      net.up();
      return net.capture();
    };
    assert.ok(run().equals(run()));
  });

  it('protects ports with its M_Key, and works with it', () => {
    const net = managed(star(3), { subnet: { mKey: 0x1234n } });
    net.up();
    everybodyReaches(net);
    net.sim.setLink(net.fabric.links[1]!, false);
    net.sim.run();
    net.sim.setLink(net.fabric.links[1]!, true);
    net.sim.run();
    assert.is(net.manager.sweep.refused + net.manager.transactions.lost, 0);
    everybodyReaches(net);
  });
});

spec('a subnet whose links go down and come up', (it) => {
  it('is routed around the link that is down, after a trap, and over it again', () => {
    const net = managed(leafSpine(2, 2, 2));
    net.up();
    // Hosts 0 to 3, then leaf0-spine0, leaf0-spine1, leaf1-spine0, leaf1-spine1.
    const [first, second] = [net.fabric.links[4]!, net.fabric.links[5]!];
    net.sim.setLink(first, false);
    net.sim.run();
    assert.ok(net.manager.traps >= 1);
    assert.is(net.manager.sweep.subnet.nodes.size, 8);
    everybodyReaches(net);
    net.sim.setLink(first, true);
    net.sim.setLink(second, false);
    net.sim.run();
    tablesAreRight(net);
    everybodyReaches(net);
    net.sim.setLink(second, true);
    net.sim.run();
    everybodyReaches(net);
    assert.ok(net.switches.every(({ ends }) => ends.every(({ state }) => state === 4)));
  });

  it('forgets a host that is gone, and knows it by its LID when it is back', () => {
    const net = managed(star(4));
    net.up();
    net.sim.setLink(net.fabric.links[2]!, false);
    net.sim.run();
    assert.not.ok(net.probes[2]!.view!.active);
    assert.is(net.switches[0]!.forwarding[3], 255);
    net.sim.setLink(net.fabric.links[2]!, true);
    net.sim.run();
    assert.equal([net.probes[2]!.view!.active, net.probes[2]!.view!.lid], [true, 3]);
    everybodyReaches(net);
  });

  it('is set up when the manager itself was cut off at first', () => {
    const net = managed(star(3));
    net.sim.setLink(net.fabric.links[0]!, false);
    net.up();
    assert.is(net.manager.sweep.subnet.nodes.size, 1);
    net.sim.setLink(net.fabric.links[0]!, true);
    net.sim.run();
    everybodyReaches(net);
  });

  it('loses what waits for a dead link, and stops no other', () => {
    const net = managed(star(3));
    net.up();
    net.sim.at((net.sim.now + 3000) as Nanos, () => net.sim.setLink(net.fabric.links[2]!, false));
    for (let i = 0; i < 2000; i++) net.probes[0]!.send(data(1, i % 2 === 0 ? 3 : 2, i));
    net.sim.settle(net.fabric.hosts[0]!);
    net.sim.run();
    assert.is(net.probes[1]!.got.length, 1000);
    assert.ok(net.probes[2]!.got.length < 1000);
    assert.is(net.sim.pool.inUse, 0);
  });
});

spec('subnet administration', (it) => {
  let tid = 0n;
  /** Asks as host `i` does on its queue pair 1, and gives the answer's MAD. */
  const ask = (
    net: Managed,
    i: number,
    method: 'get' | 'set' | 'delete' | 'getTable',
    attribute: number,
    record: Uint8Array,
    mask: bigint,
  ) => {
    const { lid, managerLid } = net.probes[i]!.view!;
    const mad = saRequest(method, attribute, record, mask, ++tid);
    const head = [lrh({ slid: lid, dlid: managerLid }), bth({ opcode: UD, destQp: 1 })];
    const before = net.probes[i]!.got.length;
    net.send(i, build([...head, deth({ srcQp: 1, qkey: GSI }), mad]).bytes);
    const got = net.probes[i]!.got.slice(before);
    assert.is(got.length, 1, 'one answer');
    assert.equal(check(dissect(got[0]!, { linkType: 247 })).findings, []);
    return got[0]!.subarray(28, 28 + 256);
  };
  const gidOf = (net: Managed, i: number) => gidBytes(PREFIX, net.fabric.places[i]!.guid);
  const pathQuery = (net: Managed, from: number, to: number) => {
    const record = PathRecord.encode({ numbPath: 1 });
    record.set(gidOf(net, from), PathRecord.at.sGid);
    record.set(gidOf(net, to), PathRecord.at.dGid);
    return record;
  };
  const { dGid, sGid, dLid } = PATH_COMPONENT;

  it('tells the path from one GID to another: LIDs, MTU and rate of the narrowest link', () => {
    const wide = star(3);
    const net = managed({
      ...wide,
      links: wide.links.map((link, i) => (i === 2 ? { ...link, rate: 25e9 } : link)),
    });
    net.up();
    const answer = (to: number) =>
      PathRecord.decode(
        ask(net, 0, 'get', RECORD.path, pathQuery(net, 0, to), maskOf(dGid, sGid)),
        RECORD_AT,
      );
    const path = answer(1);
    assert.equal([path.sLid, path.dLid, path.mtu, path.rate], [1, 2, 5, 16]);
    assert.is(answer(2).rate, 15);
  });

  it('answers the host at whose port it is, too', () => {
    const net = managed(pair());
    net.up();
    const mask = maskOf(dGid, sGid);
    const mad = ask(net, 0, 'get', RECORD.path, pathQuery(net, 0, 1), mask);
    assert.is(PathRecord.get.dLid(mad, RECORD_AT), 2);
  });

  it('says by status what is wrong', () => {
    const net = managed(star(3));
    net.up();
    const status = (method: 'get' | 'getTable', attribute: number, mask: bigint) =>
      MAD.get.status(ask(net, 1, method, attribute, PathRecord.encode({ dLid: 99 }), mask), 0);
    assert.is(status('get', RECORD.path, maskOf(dLid)), 0x300, 'no records');
    assert.is(status('get', RECORD.path, 0n), 0x400, 'too many records');
    assert.is(status('get', 0x77, 0n), 12, 'no such attribute');
  });

  it('gives tables in one segment of RMPP', () => {
    const net = managed(star(3));
    net.up();
    const { sLid } = PATH_COMPONENT;
    const record = PathRecord.encode({ dLid: 2, sLid: 3 });
    const mad = ask(net, 1, 'getTable', RECORD.path, record, maskOf(sLid, dLid));
    assert.is(MAD.get.method(mad, 0), 0x92);
    assert.is(PathRecord.get.dLid(mad, RECORD_AT), 2);
  });

  it('tells who a node is', () => {
    const net = managed(star(3));
    net.up();
    const record = new Uint8Array(200);
    NodeRecord.set.lid(record, 0, 4);
    const mad = ask(net, 2, 'get', RECORD.node, record, maskOf(NODE_COMPONENT.lid));
    const info = RECORD_AT + NodeRecord.size;
    assert.is(NodeInfo.get.nodeType(mad, info), 2);
    assert.is(
      new TextDecoder().decode(
        NodeDescription.decode(mad, info + NodeInfo.size).nodeString.slice(0, 2),
      ),
      's0',
    );
  });

  const MGID = gidBytes(0xff12a01bfe800000n, 0x1n);
  const { mGid, portGid, joinState, qKey, pKey, tClass, sl, flowLabel } = GROUP_COMPONENT;
  const member = (net: Managed, i: number, join: number) => {
    const record = MCMemberRecord.encode({ qKey: 7, pKey: 0xffff, joinState: join });
    record.set(MGID, MCMemberRecord.at.mGid);
    record.set(gidOf(net, i), MCMemberRecord.at.portGid);
    return record;
  };
  const creates = maskOf(mGid, portGid, joinState, qKey, pKey, tClass, sl, flowLabel);
  const joins = maskOf(mGid, portGid, joinState);
  const toGroup = (slid: number, mlid: number) =>
    build([
      lrh({ slid, dlid: mlid }),
      grh({ sgid: gidBytes(PREFIX, 1n), dgid: MGID }),
      bth({ opcode: UD, destQp: 0xffffff }),
      deth({ srcQp: 2, qkey: 7 }),
      'payload!',
    ]).bytes;

  it('lets hosts join and leave groups, and packets reach members once and nobody else', () => {
    const net = managed(fatTree(4));
    net.up();
    const all = [1, 2, 7, 13];
    let mlid = 0;
    for (const i of all) {
      const mask = i === 1 ? creates : joins;
      const mad = ask(net, i, 'set', RECORD.mcMember, member(net, i, 1), mask);
      assert.is(MAD.get.status(mad, 0), 0);
      mlid = MCMemberRecord.get.mLid(mad, RECORD_AT);
    }
    assert.is(mlid, 0xc000);
    const deliver = (from: number) => {
      for (const { got } of net.probes) got.length = 0;
      net.send(from, toGroup(net.probes[from]!.view!.lid, mlid));
      assert.is(net.sim.pool.inUse, 0);
      return net.probes.flatMap(({ got }, i) => got.map(() => i));
    };
    assert.equal(deliver(1), [2, 7, 13]);
    assert.equal(deliver(13), [1, 2, 7]);
    ask(net, 7, 'delete', RECORD.mcMember, member(net, 7, 1), joins);
    assert.equal(deliver(1), [2, 13]);
    net.sim.setLink(net.fabric.links[2]!, false);
    net.sim.run();
    assert.equal(deliver(1), [13]);
  });

  it('refuses joins that say too little, or to a group that is not there', () => {
    const net = managed(star(3));
    net.up();
    const status = (join: number, mask: bigint) =>
      MAD.get.status(ask(net, 1, 'set', RECORD.mcMember, member(net, 1, join), mask), 0);
    assert.is(status(1, joins), 0x600);
    assert.is(status(4, joins), 0x200);
    assert.is(status(1, maskOf(mGid)), 0x600);
  });
});
