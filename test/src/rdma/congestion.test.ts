// Mirrors src/rdma/congestion.ts: notification points and reaction points on whole fabrics.

import { check, dissect } from '../../../protocols/index.js';
import type { EthernetSwitch } from '../../../src/fabric/ethernet-switch.js';
import { dumbbell, star } from '../../../src/fabric/index.js';
import { type GidType, hcaProfile, mlx5Dcqcn, zhuDcqcn } from '../../../src/rdma/index.js';
import { golden } from '../../../src/testing/index.js';
import { readCapture } from '../../support/capture.js';
import { FlowWorld, type FlowWorldOptions } from '../../support/flow-world.js';
import { assert, spec } from '../../support/spec.js';

const RATE = 10e9;
/** DCQCN with the paper's parameters, its steps scaled from 40 to 10 Gb/s. */
const dcqcn = { ...zhuDcqcn, rpgAiRate: 10, rpgHaiRate: 100 };
const KB = 1000;

/** Several hosts to one behind a switch of 10 Gb/s that marks from 20 KB on. */
const incast = (senders: number, more: Partial<FlowWorldOptions> = {}) =>
  new FlowWorld({
    topology: {
      ...star(senders + 1, { rate: RATE }),
      settings: { s0: { ecn: { 0: { kmin: 20 * KB, kmax: 200 * KB, most: 0.1 } } } },
    },
    rate: RATE,
    profile: { congestion: { dcqcn } },
    ...more,
  });

const switchOf = (world: FlowWorld) => world.fabric.switches.get('s0') as EthernetSwitch;

spec('congestion notification', (it) => {
  it('a CNP is what ConnectX-4 sends, addresses aside', () => {
    const world = incast(2, { profile: { congestion: { dcqcn: mlx5Dcqcn }, migReq: 1 } });
    const capture = world.tap(2);
    for (const from of [0, 1]) world.add({ from, to: 2 });
    world.run(300_000);
    const frames = readCapture(capture()).map(({ bytes }) => dissect(bytes));
    const cnp = frames.find((f) => f.layers.some((l) => l.key === 'cnp'));
    const real = dissect(golden('roce-v2-cnp-connectx4').bytes);
    assert.ok(cnp, 'no CNP');
    assert.is(cnp.bytes.length, real.bytes.length);
    const own = new Set(['dst', 'src', 'identification', 'headerChecksum', 'destQp', 'icrc']);
    real.layers.forEach((layer, i) => {
      const mine = cnp.layers[i]!;
      assert.is(mine.key, layer.key);
      for (const [name, value] of Object.entries(layer.fields()))
        if (!own.has(name)) assert.equal(mine.fields()[name], value, `${layer.key}.${name}`);
    });
    assert.is(cnp.layers.find((l) => l.key === 'bth')!.fields().destQp, world.flows[0]!.qp.qpn);
  });

  it('a device without congestion control sends no CNP, marks no packet as capable, and ignores CNPs', () => {
    const world = incast(2, { profile: {} });
    for (const from of [0, 1]) world.add({ from, to: 2 });
    world.run(300_000);
    assert.is(switchOf(world).marked, 0);
    assert.is(world.hosts[2]!.counter('np_cnp_sent'), 0);
    assert.is(world.flows[0]!.qp.flow, null);
    assert.is(hcaProfile.congestion, undefined);
  });
});
