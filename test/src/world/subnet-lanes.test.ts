// Mirrors src/subnet/lane-plan.ts and src/fabric/ib-lanes.ts in a subnet that a manager sets up.

import { bth, build, deth, LRH, lrh } from '../../../protocols/index.js';
import type { IbAdapter } from '../../../src/fabric/ib-adapter.js';
import { dumbbell, star } from '../../../src/fabric/topology.js';
import { assert, spec } from '../../support/spec.js';
import { managed } from './managed.js';

const UD = 0x64;

spec('service levels in a subnet', (it) => {
  it('are spread by the manager over the lanes that both ends of a link have', () => {
    const narrow = { lanes: 2 };
    const net = managed({ ...dumbbell(2), settings: { s1: narrow, h2: narrow, h3: narrow } });
    net.up();
    const [from, to] = [net.probes[0]!, net.probes[2]!];
    for (let sl = 0; sl < 8; sl++) {
      const head = lrh({ slid: from.view!.lid, dlid: to.view!.lid, sl });
      const { bytes } = build([
        head,
        bth({ opcode: UD, destQp: 9 }),
        deth({ srcQp: 2 }),
        'payload!',
      ]);
      net.send(0, bytes);
    }
    const lanes = to.got.map((bytes) => LRH.get.vl(bytes, 0));
    assert.equal(lanes, [0, 1, 0, 1, 0, 1, 0, 1]);
    assert.is(net.sim.pool.inUse, 0);
  });
  it('go to lanes as the manager was told, and those that go nowhere are dropped where they begin', () => {
    const slToVl = Array.from({ length: 16 }, (_, sl) => (sl === 1 ? 3 : sl === 2 ? 15 : 0));
    const net = managed(star(2), { subnet: { slToVl } });
    net.up();
    const [from, to] = [net.probes[0]!, net.probes[1]!];
    for (const sl of [0, 1, 2]) {
      const head = lrh({ slid: from.view!.lid, dlid: to.view!.lid, sl });
      const { bytes } = build([
        head,
        bth({ opcode: UD, destQp: 9 }),
        deth({ srcQp: 2 }),
        'payload!',
      ]);
      net.send(0, bytes);
    }
    assert.equal(
      to.got.map((bytes) => LRH.get.vl(bytes, 0)),
      [0, 3],
    );
    const { drops } = net.fabric.hosts[0] as IbAdapter;
    assert.is(drops.get('no lane for the service level'), 1);
  });
});
