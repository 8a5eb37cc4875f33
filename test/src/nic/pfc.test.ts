// Mirrors src/nic/host-port.ts and receive-buffer.ts: pauses by priority, between hosts and switches.

import { check, dissect } from '../../../protocols/index.js';
import type { EthernetSwitch } from '../../../src/fabric/ethernet-switch.js';
import { pair, star } from '../../../src/fabric/index.js';
import { quantaNs } from '../../../src/nic/index.js';
import { readCapture } from '../../support/capture.js';
import { FlowWorld } from '../../support/flow-world.js';
import { assert, spec } from '../../support/spec.js';

const RATE = 10e9;
const KB = 1000;
/** DSCP 24, whose class selector is 3. */
const PRIORITY_3 = 3 * 32;

const switchOf = (world: FlowWorld) => world.fabric.switches.get('s0') as EthernetSwitch;

/** Last number of the host that sent a frame. */
const sourceOf = (layer: { fields(): Record<string, unknown> }): number =>
  (layer.fields().src as Uint8Array)[3]!;

spec('PFC of a host port', (it) => {
  /** One host writes to another that takes frames at a tenth of the rate. */
  function slowHost(headroom: number | null) {
    const pfc = headroom === null ? {} : { pfc: { 3: { xoff: 40 * KB, xon: 30 * KB, headroom } } };
    const world = new FlowWorld({
      topology: pair({ rate: RATE, metres: 200 }),
      rate: RATE,
      port: {},
      ports: { 1: { receive: { bytes: 60 * KB, drain: RATE / 10, ...pfc } } },
    });
    const flow = world.add({ from: 0, to: 1, trafficClass: PRIORITY_3 });
    const capture = world.tap(0);
    world.run(3e6, 10_000);
    const [sender, receiver] = world.hosts;
    return { world, flow, sender: sender!.port!, receiver: receiver!.port!, capture };
  }
  const lostBy = (port: { counters: Map<string, number> }) =>
    port.counters.get('rx_prio3_discards') ?? 0;

  it('a host that is slow to take frames pauses its sender, and nothing is lost', () => {
    // What arrives behind the pause: 1 us of cable each way, a frame that is being sent at either end.
    const { flow, sender, receiver, world } = slowHost(16 * KB);
    assert.is(lostBy(receiver), 0);
    assert.ok(receiver.pausesOf(3).sent > 2);
    assert.ok(sender.pausesOf(3).received >= receiver.pausesOf(3).sent - 1);
    assert.is(world.hosts[0]!.counter('packet_seq_err'), 0);
    const rate = (flow.bytes * 8) / 3e-3;
    assert.ok(rate > 0.06 * RATE && rate < 0.1 * RATE, `${rate}`);
  });

  it('without headroom the frames on their way are lost, without PFC all that is too much', () => {
    const { bytes } = slowHost(16 * KB).flow;
    for (const without of [slowHost(0), slowHost(null)]) {
      assert.ok(lostBy(without.receiver) > 10);
      assert.ok(without.flow.bytes < bytes);
    }
  });

  it('between a pause and its end at most one frame of the priority leaves, and the frames are right', () => {
    const { capture } = slowHost(16 * KB);
    let stopped = false;
    let since = 0;
    let pauses = 0;
    for (const { bytes } of readCapture(capture())) {
      const scene = dissect(bytes);
      assert.equal(check(scene).findings, []);
      const pfc = scene.layers.find((l) => l.key === 'pfc')?.fields();
      if (pfc) {
        assert.is(pfc.e3, 1);
        stopped = Number(pfc.time3) > 0;
        since = 0;
        pauses++;
      } else if (stopped && sourceOf(scene.layers[0]!) === 0) {
        since++;
        assert.ok(since <= 1, 'it goes on while it is paused');
      }
    }
    assert.ok(pauses > 2);
  });

  it('a pause lasts its quanta at the rate of the link, then the port goes on by itself', () => {
    assert.is(quantaNs(0xffff, 100e9), 335_540); // 65,535 times 512 bits
    const world = new FlowWorld({ topology: pair({ rate: RATE }), rate: RATE, port: {} });
    const flow = world.add({ from: 0, to: 1 });
    const { device, port } = world.hosts[0]!;
    world.run(10_000, 1000);
    const slot = world.sim.pool.take();
    const pause = Uint8Array.of(1, 0x80, 0xc2, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0x88, 8, 0, 1, 0x10, 0);
    world.sim.pool.bytes(slot).fill(0, world.sim.pool.at(slot), world.sim.pool.at(slot) + 60);
    world.sim.pool.bytes(slot).set(pause, world.sim.pool.at(slot));
    world.sim.pool.setLength(slot, 60);
    port!.receive(world.sim.now, 0, slot); // PAUSE of 4,096 quanta: 209.7 us at 10 Gb/s
    const { now } = world.sim;
    assert.is(device.congestion.pausedUntil[5], now + 209_716);
    world.run(now + 100_000, 10_000);
    const { bytes } = flow;
    world.run(now + 209_000, 10_000);
    assert.is(flow.bytes, bytes);
    world.run(now + 500_000, 10_000);
    assert.ok(flow.bytes > bytes);
  });

  it('a pause of one priority leaves the others alone', () => {
    const world = new FlowWorld({ topology: pair({ rate: RATE }), rate: RATE, port: {} });
    const stopped = world.add({ from: 0, to: 1, trafficClass: PRIORITY_3 });
    const free = world.add({ from: 0, to: 1 });
    world.hosts[0]!.port!.rdma.pause!(world.sim.now, 3, 10_000_000 as never);
    world.run(1e6, 10_000);
    assert.is(stopped.bytes, 0);
    assert.ok((free.bytes * 8) / 1e-3 > 0.8 * RATE);
  });
});

spec('PFC through a switch', (it) => {
  /** Eight hosts write to one. */
  function incast(pfc: boolean, headroom: number) {
    const world = new FlowWorld({
      topology: {
        ...star(9, { rate: RATE, metres: 200 }),
        settings: {
          s0: {
            bufferBytes: 200 * KB,
            ...(pfc && { pfc: { 3: { xoff: 20 * KB, xon: 16 * KB, headroom } } }),
          },
        },
      },
      rate: RATE,
      port: {},
    });
    world.introduce();
    for (let from = 0; from < 8; from++)
      world.add({
        from,
        to: 8,
        trafficClass: PRIORITY_3,
        mtu: 'IBV_MTU_1024',
        bytes: 16_384,
        depth: 16,
      });
    world.run(world.sim.now + 2e6, 10_000);
    const { drops } = switchOf(world);
    const lost = [...drops.values()].reduce((a, b) => a + b, 0);
    const bytes = world.flows.reduce((sum, flow) => sum + flow.bytes, 0);
    const least = Math.min(...world.flows.map((flow) => flow.bytes));
    return { lost, goodput: (bytes * 8) / 2e-3, drops, least };
  }

  it('with headroom for cable and frames under way incast loses nothing', () => {
    // 2 x 1 us of cable at 10 Gb/s are 2.5 KB, two frames of 1.1 KB, and the switch's latency of 300 ns.
    const { lost, goodput, drops, least } = incast(true, 6 * KB);
    assert.is(lost, 0, JSON.stringify([...drops]));
    assert.ok(goodput > 0.85 * RATE, `${goodput}`);
    assert.ok((least * 8) / 2e-3 > (0.8 * RATE) / 8, `${least} bytes`);
  });

  it('with too little headroom frames are lost, and without PFC some hosts get nothing', () => {
    const tight = incast(true, 1 * KB);
    assert.ok((tight.drops.get('headroom full') ?? 0) > 100);
    const none = incast(false, 0);
    assert.ok((none.drops.get('buffer full') ?? 0) > 100);
    assert.ok(none.least < incast(true, 6 * KB).least / 4);
  });

  it('a host that hangs stops flows that have nothing to do with it', () => {
    const lossless = { 3: { xoff: 20 * KB, xon: 16 * KB, headroom: 10 * KB } };
    const world = new FlowWorld({
      topology: { ...star(3, { rate: RATE }), settings: { s0: { pfc: lossless } } },
      rate: RATE,
      port: {},
      ports: { 1: { receive: { bytes: 60 * KB, drain: RATE, pfc: lossless } } },
    });
    const culprit = world.add({ from: 0, to: 1, trafficClass: PRIORITY_3 });
    const victim = world.add({ from: 0, to: 2, trafficClass: PRIORITY_3 });
    const safe = world.add({ from: 0, to: 2 });
    const rates = (end: number) => {
      const { now } = world.sim;
      const before = world.flows.map(({ bytes }) => bytes);
      world.run(end, 10_000);
      return world.flows.map(({ bytes }, i) => ((bytes - before[i]!) * 8e9) / (end - now) / RATE);
    };
    assert.ok(rates(1e6).every((rate) => rate > 0.2));
    world.hosts[1]!.port!.buffer!.setDrain(world.sim.now, 0);
    rates(1.2e6);
    // Long beyond one pause: it is said again and again, and nothing is lost meanwhile.
    const [, held, free] = rates(3e6);
    assert.is(held, 0);
    assert.ok(free! > 0.8, `${free}`);
    assert.is(switchOf(world).drops.size, 0);
    world.hosts[1]!.port!.buffer!.setDrain(world.sim.now, RATE);
    rates(3.2e6);
    assert.ok(rates(4.2e6).every((rate) => rate > 0.2));
    assert.equal([culprit.failed, victim.failed, safe.failed], ['', '', '']);
  });
});
