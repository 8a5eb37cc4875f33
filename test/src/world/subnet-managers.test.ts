// Mirrors src/subnet/manager.ts where there are several: one rules, the others stand by and take over.

import { bth, build, check, deth, dissect, lrh } from '../../../protocols/index.js';
import { fatTree, leafSpine, star } from '../../../src/fabric/topology.js';
import { CONTROL } from '../../../src/subnet/election.js';
import { SM_STATE, type SubnetManager } from '../../../src/subnet/index.js';
import { ms, type Nanos } from '../../../src/time/index.js';
import { readCapture } from '../../support/capture.js';
import { assert, spec } from '../../support/spec.js';
import { type Managed, managed } from './managed.js';

/** Quick, so that tests are: it notices within milliseconds what opensm notices within a minute. */
const QUICK = { timeoutNs: 100_000, retries: 1, pollNs: 500_000, pollRetries: 2 };

const { standby, master, notActive } = SM_STATE;
const states = ({ fabric }: Managed) => fabric.managers.map(({ state }) => state);

function runFor({ sim }: Managed, time: Nanos): void {
  sim.run((sim.now + time) as Nanos);
}

/** Cuts host `i` off, or joins it again. */
function cut({ sim, fabric }: Managed, i: number, off: boolean): void {
  sim.setLink(fabric.links.find(({ name }) => name.startsWith(`h${i}.`))!, !off);
}

/** All hosts but some send to each other. */
function reach(net: Managed, without: readonly number[] = []): void {
  const { sim, fabric, probes } = net;
  const there = probes.filter((_, i) => !without.includes(i));
  for (const probe of there) probe.got.length = 0;
  for (const from of there) {
    for (const to of there) {
      if (from === to) continue;
      const head = lrh({ slid: from.view!.lid, dlid: to.view!.lid });
      from.send(build([head, bth({ opcode: 0x64, destQp: 9 }), deth({ srcQp: 2 }), 'data'])!.bytes);
    }
    sim.settle(fabric.hosts[probes.indexOf(from)]!);
  }
  runFor(net, ms(1));
  for (const { got, name } of there) assert.is(got.length, there.length - 1, name);
}

const masterLids = ({ probes }: Managed) => probes.map(({ view }) => view!.managerLid);

spec('several subnet managers', (it) => {
  it('agree on one: by priority, then by GUID; the others stand by', () => {
    for (const [priorities, expected] of [
      [[0, 0, 0], 0],
      [[1, 7, 3], 1],
      [[2, 1, 2], 0],
    ] as const) {
      const managers = [0, 3, 2].map((h, i) => ({ host: `h${h}`, priority: priorities[i]! }));
      const net = managed(leafSpine(2, 2, 2), { subnet: QUICK, managers });
      net.up();
      assert.equal(
        states(net),
        [0, 1, 2].map((i) => (i === expected ? master : standby)),
      );
      reach(net);
      for (const { bytes } of readCapture(net.capture()))
        assert.equal(check(dissect(bytes, { linkType: 247 })).findings, []);
    }
  });
  it('one that stands by takes over when the master is gone: LIDs stay, and traps go to the new one', () => {
    const managers = [{ host: 'h0', priority: 5 }, { host: 'h9' }];
    const net = managed(fatTree(4), { subnet: QUICK, managers });
    net.up();
    const lids = net.probes.map(({ view }) => view!.lid);
    cut(net, 0, true);
    runFor(net, ms(20));
    assert.is(net.fabric.managers[1]!.state, master);
    assert.ok(net.fabric.managers[1]!.up);
    assert.equal(
      net.probes.map(({ view }) => view!.lid),
      lids,
    );
    reach(net, [0]);
    assert.equal(new Set(masterLids(net).slice(1)), new Set([lids[9]!]));
    const { traps } = net.fabric.managers[1]!;
    cut(net, 5, true);
    runFor(net, ms(5));
    assert.ok(net.fabric.managers[1]!.traps > traps);
    reach(net, [0, 5]);
  });
  it('the better one gets the subnet back when it returns', () => {
    const managers = [{ host: 'h0', priority: 5 }, { host: 'h3' }];
    const net = managed(leafSpine(2, 2, 2), { subnet: QUICK, managers });
    net.up();
    cut(net, 0, true);
    runFor(net, ms(20));
    assert.equal(states(net), [master, master], 'each of its own part');
    cut(net, 0, false);
    runFor(net, ms(20));
    assert.equal(states(net), [master, standby]);
    assert.equal(new Set(masterLids(net)).size, 1);
    reach(net);
  });
  it('a worse one that returns stands by', () => {
    const managers = [{ host: 'h0', priority: 5 }, { host: 'h3' }];
    const net = managed(star(4), { subnet: QUICK, managers });
    net.up();
    cut(net, 3, true);
    runFor(net, ms(20));
    cut(net, 3, false);
    runFor(net, ms(20));
    assert.equal(states(net), [master, standby]);
    reach(net);
  });
  it('says which controls it takes in which state', () => {
    const net = managed(star(3), {
      subnet: QUICK,
      managers: [{ host: 'h0', priority: 1 }, { host: 'h1' }],
    });
    net.up();
    const [ruler, other] = net.fabric.managers as [SubnetManager, SubnetManager];
    const info = ruler.info();
    const refused = 28;
    assert.is(ruler.control(CONTROL.disable, other.info()), refused, 'a master is not disabled');
    assert.is(other.control(CONTROL.standby, info), refused, 'it stands by already');
    assert.is(other.control(CONTROL.disable, info), 0);
    assert.is(other.state, notActive);
    assert.is(other.control(CONTROL.handover, info), refused);
    assert.is(other.control(CONTROL.standby, info), 0);
    assert.is(other.state, standby);
    assert.is(other.control(9, info), refused);
  });
});
