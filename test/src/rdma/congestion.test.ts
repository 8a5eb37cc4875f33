// Mirrors src/rdma/congestion.ts: notification points and reaction points on whole fabrics.

import { check, dissect } from '../../../protocols/index.js';
import type { EthernetSwitch } from '../../../src/fabric/ethernet-switch.js';
import type { IbSwitch } from '../../../src/fabric/ib-switch.js';
import { dumbbell, star } from '../../../src/fabric/index.js';
import { connectX4 } from '../../../src/profiles/nic.js';
import {
  gentleCct,
  hcaProfile,
  InjectionDelay,
  mlx5Dcqcn,
  zhuDcqcn,
} from '../../../src/rdma/index.js';
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

  it('a queue pair hears of congestion at most once in N microseconds', () => {
    const world = incast(3);
    for (const from of [0, 1, 2]) world.add({ from, to: 3, depth: 16 });
    const capture = world.tap(3);
    world.run(2_000_000, 10_000);
    const last = new Map<number, bigint>();
    let count = 0;
    for (const { bytes, timestamp } of readCapture(capture())) {
      const { layers } = dissect(bytes);
      const bth = layers.find((l) => l.key === 'bth')!.fields();
      if (!layers.some((l) => l.key === 'cnp')) continue;
      const flow = Number(bth.destQp) * 1000 + bytes[33]!;
      const gap = Number(timestamp - (last.get(flow) ?? -1_000_000n));
      assert.ok(gap >= zhuDcqcn.minTimeBetweenCnps * 1000 - 10_000, `${gap} ns`);
      last.set(flow, timestamp);
      count++;
    }
    const [a, b, c, target] = world.hosts;
    assert.is(last.size, 3);
    assert.is(target!.counter('np_cnp_sent'), count);
    assert.ok(target!.counter('np_ecn_marked_roce_packets') >= count);
    const heard = [a, b, c].map((host) => host!.counter('rp_cnp_handled'));
    assert.is(
      heard.reduce((x, y) => x + y),
      count,
    );
  });

  for (const type of ['IBV_QPT_RC', 'IBV_QPT_UC'] as const)
    it(`over IPv6, and by devices that take time, it is the same: ${type}`, () => {
      const world = incast(2, { six: true, timing: connectX4.timing });
      for (const from of [0, 1]) world.add({ from, to: 2, type, depth: 8 });
      const capture = world.tap(2);
      world.run(2_000_000, 10_000);
      let notified = 0;
      for (const { bytes } of readCapture(capture())) {
        const scene = dissect(bytes);
        assert.equal(check(scene).findings, []);
        if (scene.layers.some((l) => l.key === 'cnp')) notified++;
      }
      assert.ok(notified > 2, `${notified}`);
      // One may still be on its way.
      const sent = world.hosts[2]!.counter('np_cnp_sent');
      assert.ok(sent >= notified && sent <= notified + 2);
      for (const flow of world.flows) {
        assert.ok(flow.qp.flow!.limiter!.rateAt(world.sim.now) < RATE);
        assert.ok(flow.done > 5);
      }
    });

  it('READ responses are slowed down like requests', () => {
    const world = incast(2);
    for (const from of [0, 1]) world.add({ from: 2, to: from, read: true });
    world.run(1_000_000, 10_000);
    assert.ok(world.hosts[2]!.counter('np_cnp_sent') > 0);
    for (const flow of world.flows) {
      assert.ok(flow.peer.flow!.limiter!.rateAt(world.sim.now) < RATE);
      assert.is(flow.failed, '');
      assert.ok(flow.done > 1);
    }
  });

  for (const wire of ['RoCE v2', 'RoCE v1'] as const)
    it(`frames of a congested flow in a VLAN are right: ${wire}`, () => {
      const ecn = { kmin: 5 * KB, kmax: 20 * KB, most: 1 };
      const world = incast(2, {
        wire,
        topology: { ...star(3, { rate: RATE }), settings: { s0: { ecn: { 0: ecn, 3: ecn } } } },
      });
      for (const from of [0, 1])
        world.add({ from, to: 2, vlanId: 42, sl: 3, trafficClass: 3 * 32, depth: 8 });
      const capture = world.tap(2);
      world.run(500_000, 10_000);
      let notified = 0;
      for (const { bytes } of readCapture(capture())) {
        const scene = dissect(bytes);
        assert.equal(check(scene).findings, []);
        const tag = scene.layers.find((l) => l.key === 'vlan')!.fields();
        assert.is(tag.vid, 42);
        const isCnp = scene.layers.some((l) => l.key === 'cnp');
        assert.is(tag.pcp, isCnp ? 6 : 3);
        if (isCnp) notified++;
      }
      assert.is(notified > 0, wire === 'RoCE v2', 'RoCE v1 has no way to be told');
      for (const flow of world.flows) assert.ok(flow.done > 0);
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

spec('DCQCN on a dumbbell', (it) => {
  /** One flow from the start, another from 5 ms on, over one cable between two switches. */
  function meet(on: boolean) {
    const ecn = { 0: { kmin: 5 * KB, kmax: 200 * KB, most: 0.01 } };
    const pfc = { 0: { xoff: 300 * KB, xon: 290 * KB, headroom: 50 * KB } };
    const world = new FlowWorld({
      topology: { ...dumbbell(2, { rate: RATE }), settings: { s0: { ecn, pfc } } },
      rate: RATE,
      profile: on ? { congestion: { dcqcn: zhuDcqcn } } : {},
      port: {},
    });
    const flows = [world.add({ from: 0, to: 2, depth: 8 })];
    world.run(5e6, 10_000);
    flows.push(world.add({ from: 1, to: 3, depth: 8 }));
    const station = switchOf(world);
    let most = 0;
    world.run(15e6, 20_000);
    const before = flows.map(({ bytes }) => bytes);
    world.run(40e6, 20_000, () => {
      most = Math.max(most, station.buffered);
    });
    const rates = flows.map(({ bytes }, i) => ((bytes - before[i]!) * 8) / 25e-3);
    return { rates, most, pauses: station.pausesSent };
  }

  it('two flows come to share the cable, and the queue stays where nobody must be paused', () => {
    const { rates, most, pauses } = meet(true);
    const [first, second] = rates;
    assert.ok(Math.abs(first! - second!) < 0.1 * first!, `${rates}`);
    assert.ok(first! + second! > 0.7 * RATE, `${rates}`);
    assert.ok(most < 300 * KB, `${most} bytes`);
    assert.is(pauses, 0);
  });

  it('without, it is pauses that keep the queue from overflowing', () => {
    const { most, pauses } = meet(false);
    assert.ok(most > 500 * KB, `${most} bytes`);
    assert.ok(pauses > 100, `${pauses}`);
  });
});

spec('congestion control over InfiniBand', (it) => {
  /** Four hosts write to one; the switch marks when 16 KB wait in an output queue. */
  function incast4(on: boolean) {
    const world = new FlowWorld({
      topology: { ...star(5, { rate: RATE }), settings: { s0: { fecnBytes: 16 * KB } } },
      kind: 'infiniband',
      wire: 'IB',
      rate: RATE,
      profile: on ? { congestion: { cct: gentleCct } } : {},
    });
    for (let from = 0; from < 4; from++) world.add({ from, to: 4, sl: 1, depth: 8 });
    const capture = world.tap(0);
    const station = world.fabric.switches.get('s0') as IbSwitch;
    let sum = 0;
    let looks = 0;
    world.run(4e6, 20_000, (now) => {
      if (now < 1e6) return;
      sum += station.ends[4]!.queues[1]!.bytes;
      looks++;
    });
    const rates = world.flows.map(({ bytes }) => (bytes * 8) / 4e-3);
    return { world, station, capture, queue: sum / looks, rates };
  }

  it('FECN comes back as BECN in acknowledgements, and its source slows down', () => {
    const { world, capture, station } = incast4(true);
    assert.ok(station.marked > 0);
    let becn = 0;
    let fecn = 0;
    for (const { bytes, linkType } of readCapture(capture())) {
      const scene = dissect(bytes, { linkType });
      assert.equal(check(scene).findings, []);
      const bth = scene.layers.find((l) => l.key === 'bth')!.fields();
      if (bth.fecn) fecn++;
      if (!bth.becn) continue;
      becn++;
      assert.is(bth.opcode, 0x11, 'an acknowledgement');
    }
    assert.is(fecn, 0, 'marks are set behind the first host');
    assert.is(becn, world.hosts[0]!.counter('rp_cnp_handled'));
    assert.ok(becn > 10, `${becn}`);
    assert.ok(world.flows[0]!.qp.flow!.limiter instanceof InjectionDelay);
  });

  it('with it the queue is shorter, the link as busy, the shares fair, and nothing is lost in either case', () => {
    const on = incast4(true);
    const off = incast4(false);
    assert.ok(on.queue < off.queue / 2, `${on.queue} bytes with, ${off.queue} without`);
    const sum = on.rates.reduce((a, b) => a + b);
    assert.ok(sum > 0.8 * RATE, `${on.rates}`);
    for (const rate of on.rates) assert.ok(rate > sum / 4 / 1.5 && rate < (sum / 4) * 1.5);
    for (const { station, world } of [on, off]) {
      assert.is(station.drops.size, 0);
      for (const host of world.hosts) assert.is(host.counter('packet_seq_err'), 0);
    }
  });
});
