// Mirrors src/fabric/ib-switch.ts, ib-port.ts and ib-adapter.ts.

import {
  BTH,
  bth,
  build,
  check,
  deth,
  dissect,
  FlowControl,
  LINKTYPE_INFINIBAND_FLOW,
  LRH,
  lrh,
} from '../../../protocols/index.js';
import { chances } from '../../../src/fabric/chance.js';
import { IbAdapter } from '../../../src/fabric/ib-adapter.js';
import { IbPort } from '../../../src/fabric/ib-port.js';
import { IbSwitch, type IbSwitchOptions } from '../../../src/fabric/ib-switch.js';
import type { Fate } from '../../../src/fabric/impairment.js';
import { FramePool } from '../../../src/frame/index.js';
import { type Nanos, ns } from '../../../src/time/index.js';
import { type Simulation, Simulation as World } from '../../../src/world/sim.js';
import { assert, spec } from '../../support/spec.js';
import { Probe } from './probe.js';

const RATE = 25e9;
const LINKTYPE = 247;

/** A UD packet from `slid` to `dlid`; `psn` tells packets apart. */
const packet = (slid: number, dlid: number, psn: number, sl = 0, size = 2048) =>
  build([
    lrh({ slid, dlid, sl }),
    bth({ opcode: 0x64, destQp: 9, psn }),
    deth({ qkey: 1, srcQp: 2 }),
    new Uint8Array(size).fill(psn),
  ]).bytes;

interface Star {
  readonly sim: Simulation;
  readonly sw: IbSwitch;
  readonly devices: readonly Probe[];
  readonly adapters: readonly IbAdapter[];
  readonly go: () => void;
}

/** A switch with hosts; host n has LID n + 1. */
function star(
  count: number,
  options: Partial<IbSwitchOptions> = {},
  before: (sim: Simulation, sw: IbSwitch, adapters: IbAdapter[]) => void = () => {},
): Star {
  const sim = new World({ seed: 7 });
  const sw = sim.add(new IbSwitch('sw', sim.pool, { ports: count, rate: RATE, ...options }));
  const devices = Array.from({ length: count }, (_, n) => new Probe(`h${n}`, sim.pool));
  const adapters = devices.map((device, n) => {
    const adapter = sim.add(new IbAdapter(device, sim.pool, { rate: RATE, ...options }));
    sw.forwarding[n + 1] = n + 1;
    return adapter;
  });
  for (const [n, adapter] of adapters.entries())
    sim.connect(adapter, 0, sw, n, { rate: RATE, kind: 'infiniband' });
  before(sim, sw, adapters);
  const go = () => {
    for (const adapter of adapters) sim.settle(adapter);
    sim.run();
  };
  return { sim, sw, devices, adapters, go };
}

const psnOf = (bytes: Uint8Array) => BTH.get.psn(bytes, LRH.size);
const dropped = ({ sw }: Star) => [...sw.drops.values()].reduce((sum, count) => sum + count, 0);

/** All but the last host send `each` packets to the last. */
function incast(fabric: Star, each: number): void {
  const { devices } = fabric;
  const target = devices.length;
  for (let n = 0; n < target - 1; n++) {
    for (let i = 0; i < each; i++) devices[n]!.send(packet(n + 1, target, n * each + i));
  }
  fabric.go();
}

spec('InfiniBand switch', (it) => {
  it('forwards by LID, and what arrives is right to the last CRC', () => {
    const fabric = star(3);
    fabric.devices[0]!.send(packet(1, 2, 5));
    fabric.devices[1]!.send(packet(2, 3, 6));
    fabric.go();
    assert.equal(
      fabric.devices.map(({ got }) => got.map(psnOf)),
      [[], [5], [6]],
    );
    for (const { got } of fabric.devices)
      for (const bytes of got)
        assert.equal(check(dissect(bytes, { linkType: LINKTYPE })).findings, []);
    assert.is(fabric.sim.pool.inUse, 0);
  });

  it('maps service levels to lanes and makes the VCRC anew', () => {
    const fabric = star(2, { slToVl: [3, 2, 1, 0] });
    for (const sl of [0, 1, 2, 3]) fabric.devices[0]!.send(packet(1, 2, sl, sl));
    fabric.go();
    const got = fabric.devices[1]!.got.map((b) => [LRH.get.sl(b, 0), LRH.get.vl(b, 0)]);
    assert.equal(got.sort(), [[0, 3], [1, 2], [2, 1], [3, 0]]); // biome-ignore format: one list
    for (const bytes of fabric.devices[1]!.got)
      assert.equal(check(dissect(bytes, { linkType: LINKTYPE })).findings, []);
  });

  it('loses nothing when many send to one, and keeps the order of each', () => {
    const fabric = star(5);
    incast(fabric, 200);
    const got = fabric.devices[4]!.got.map(psnOf);
    assert.is(got.length, 800);
    assert.is(dropped(fabric), 0);
    for (let n = 0; n < 4; n++) {
      const own = got.filter((psn) => Math.floor(psn / 200) === n);
      assert.equal(
        own,
        [...own].sort((a, b) => a - b),
      );
    }
    assert.ok(fabric.adapters[0]!.end.creditWaits > 0, 'senders had to wait');
    assert.is(fabric.sim.pool.inUse, 0);
  });

  it('would lose packets if senders did not wait for credits', () => {
    const fabric = star(5, { ignoreCredits: true });
    incast(fabric, 200);
    assert.ok(fabric.sw.drops.get('buffer overflow')! > 100);
    assert.is(fabric.devices[4]!.got.length + dropped(fabric), 800);
    assert.is(fabric.sim.pool.inUse, 0);
  });

  it('never holds more than the buffers that it granted', () => {
    const fabric = star(4);
    let most = 0;
    fabric.sim.tap(fabric.sw, 0, {
      frame: () => {
        most = Math.max(most, fabric.sw.ends[0]!.held(0));
      },
    });
    incast(fabric, 100);
    assert.ok(most > 100 && most <= fabric.sw.ends[0]!.laneBlocks, `${most} blocks`);
    assert.is(fabric.sw.ends[0]!.held(0), 0, 'and all is given back');
  });

  it('lanes that are full do not stop other lanes', () => {
    const fabric = star(3);
    const [a, b] = fabric.devices as [Probe, Probe, Probe];
    for (let i = 0; i < 100; i++) b.send(packet(2, 3, 1000 + i, 0));
    for (let i = 0; i < 40; i++) a.send(packet(1, 3, i, 1));
    fabric.go();
    const order = fabric.devices[2]!.got.map(psnOf);
    const last = order.lastIndexOf(39);
    assert.ok(last < 100, `lanes take turns: the shorter flow is done after ${last} packets`);
    assert.is(order.length, 140);
  });

  it('recovers the credits of packets that were lost on the wire, and of lost grants', () => {
    const fabric = star(3, {}, (sim, sw, adapters) => {
      const lossy = chances({ loss: 0.1 }, sim.random.fork('loss'));
      sim.impair(adapters[0]!, 0, lossy);
      sim.impair(sw, 0, lossy);
      sim.impair(sw, 2, lossy);
    });
    for (let i = 0; i < 400; i++) fabric.devices[0]!.send(packet(1, 3, i));
    fabric.go();
    const got = fabric.devices[2]!.got.length;
    assert.ok(got > 280 && got < 370, `${got} of 400 through two lossy links`);
    assert.is(fabric.devices[0]!.transmit(), -1, 'all were sent: nobody waits for ever');
    assert.is(fabric.sim.pool.inUse, 0);
  });

  it('drops damaged packets and says why', () => {
    const cases: readonly (readonly [string, (b: Uint8Array) => void])[] = [
      ['bad VCRC', (b) => b.fill(0xff, 40, 44)],
      ['no route', () => {}],
      ['same port', () => {}],
      ['not a member', () => {}],
      ['no lane for the service level', () => {}],
    ];
    const sim = new World({ seed: 7 });
    const sw = sim.add(new IbSwitch('sw', sim.pool, { ports: 2, rate: RATE, slToVl: [0, 15] }));
    sw.forwarding[1] = 1;
    sw.forwarding[2] = 2;
    const host = sim.add(new Probe('h', sim.pool)); // no adapter: nothing repairs its CRCs
    sim.connect(host, 0, sw, 0, { rate: RATE, kind: 'infiniband' });
    const frames = [
      packet(1, 2, 1),
      packet(1, 77, 1),
      packet(2, 1, 1),
      packet(1, 0xc001, 1),
      packet(1, 2, 1, 1),
    ];
    frames.forEach((bytes, i) => {
      cases[i]![1](bytes);
      host.send(bytes);
    });
    host.send(packet(1, 2, 1).subarray(0, 10));
    sim.settle(host);
    sim.run();
    assert.equal([...sw.drops.keys()].sort(), [...cases.map(([why]) => why), 'too short'].sort());
    assert.is(sim.pool.inUse, 0);
  });

  it('marks FECN where a queue is long', () => {
    const fabric = star(4, { fecnBytes: 8192 });
    incast(fabric, 50);
    const marked = fabric.devices[3]!.got.filter((b) => BTH.get.fecn(b, LRH.size) === 1);
    assert.is(marked.length, fabric.sw.marked);
    assert.ok(marked.length > 20 && marked.length < 150);
    for (const bytes of marked)
      assert.equal(check(dissect(bytes, { linkType: LINKTYPE })).findings, []);
  });

  it('a packet that gets no credits for HOQLife is dropped, and those behind it go on', () => {
    const run = (hoqLife: number) => {
      // Host 0 sends to host 1, whose credits do not come any more, and to host 2.
      const lost = {
        name: 'no credits',
        apply: (_n: Nanos, _e: number, _p: unknown, _s: number, fate: Fate) => {
          fate.lost = 'credits';
        },
      };
      const world = star(3, { hoqLife }, (sim, _sw, adapters) => sim.impair(adapters[1]!, 0, lost));
      for (let i = 0; i < 20; i++) {
        world.devices[0]!.send(packet(1, 2, i));
        world.devices[0]!.send(packet(1, 3, i));
      }
      world.go();
      const before = world.devices[1]!.got.length;
      return { before, got: world.devices[2]!.got.length, drops: world.sw.drops, sim: world.sim };
    };
    const stuck = run(20); // without end
    assert.ok(stuck.got < 20, `${stuck.got}`);
    assert.is(stuck.drops.size, 0);
    const free = run(2); // 16.4 us
    assert.is(free.got, 20);
    // The first credits were told before they stopped.
    assert.equal([...free.drops], [['head of queue lifetime', 20 - free.before]]);
    assert.ok(free.before < 10);
    assert.is(free.sim.pool.inUse, 0);
  });

  it('lanes share a link by the weights of its arbitration table', () => {
    const low = [
      { vl: 0, weight: 192 },
      { vl: 1, weight: 64 },
    ];
    const world = star(3, { arbitration: { high: [], low, limit: 0 } });
    for (let i = 0; i < 60; i++) {
      world.devices[0]!.send(packet(1, 3, i, 0));
      world.devices[1]!.send(packet(2, 3, i, 1));
    }
    world.go();
    const lanes = world.devices[2]!.got.map((b) => LRH.get.vl(b, 0));
    assert.is(lanes.length, 120);
    const first = lanes.slice(10, 70);
    const share = first.filter((lane) => lane === 0).length / first.length;
    assert.ok(share > 0.7 && share < 0.8, `${share}`);
  });

  it('runs the same way each time', () => {
    const run = () => {
      const fabric = star(5);
      incast(fabric, 50);
      return fabric.devices[4]!.at.map((at, i) => `${at} ${psnOf(fabric.devices[4]!.got[i]!)}`);
    };
    assert.equal(run(), run());
  });

  it('says which option is wrong', () => {
    assert.throws(() => star(2, { lanes: 3 }), /1, 2, 4, 8 or 15 data lanes, not 3/);
    assert.throws(() => star(2, { laneBytes: 4096 }), /two packets at least: 8576 bytes, not 4096/);
    assert.throws(() => star(2, { slToVl: [9] }), /service level 0 goes to lane 9/);
  });
});

spec('credits of a lane', (it) => {
  const flowOf = (pool: FramePool, slot: number) => {
    const at = pool.at(slot);
    const bytes = pool.bytes(slot).slice(at, at + pool.length(slot));
    return {
      bytes,
      get: (field: 'fctbs' | 'fccl' | 'vl' | 'op') => FlowControl.get[field](bytes, 0),
    };
  };

  it('are told in flow-control packets that are right, first to initialize', () => {
    const pool = new FramePool();
    const port = new IbPort(pool, { rate: RATE, lanes: 2 });
    for (const lane of [0, 1]) {
      const flow = flowOf(pool, port.take(0 as Nanos));
      assert.equal([flow.get('op'), flow.get('vl'), flow.get('fctbs')], [1, lane, 0]);
      assert.is(flow.get('fccl'), 16_384 / 64);
      const scene = dissect(flow.bytes, { linkType: LINKTYPE_INFINIBAND_FLOW });
      assert.equal(check(scene).findings, []);
    }
    assert.is(port.take(0 as Nanos), -1);
  });

  it('count blocks of 64 bytes around the circle of 4096 (IBA 7.9.4)', () => {
    const pool = new FramePool();
    const here = new IbPort(pool, { rate: RATE, lanes: 1 });
    const there = new IbPort(pool, { rate: RATE, lanes: 1 });
    let blocks = 0;
    for (let i = 0; i < 400; i++) {
      for (let slot = there.take(ns(i)); slot >= 0; slot = there.take(ns(i)))
        here.accept(ns(i), slot);
      const slot = pool.take();
      const bytes = packet(1, 2, i, 0, 1000 + 4 * i);
      pool.bytes(slot).set(bytes, pool.at(slot));
      pool.setLength(slot, bytes.length);
      here.queue(ns(i), slot, 0);
      let sent = here.take(ns(i));
      while (here.takenLane < 0) {
        pool.release(sent);
        sent = here.take(ns(i));
      }
      blocks += Math.ceil(bytes.length / 64);
      assert.is(there.accept(ns(i), sent), 'data');
      assert.is(there.held(0), Math.ceil(bytes.length / 64));
      there.leave(0, bytes.length);
      pool.release(sent);
    }
    assert.ok(blocks > 2 * 4096, 'twice around');
    here.expire(ns(1e9));
    assert.is(flowOf(pool, here.take(ns(1e9))).get('fctbs'), blocks % 4096);
  });

  it('are not believed with a wrong LPCRC', () => {
    const pool = new FramePool();
    const port = new IbPort(pool, { rate: RATE });
    const slot = port.take(0 as Nanos);
    FlowControl.set.fccl(pool.bytes(slot), pool.at(slot), 2000);
    assert.is(new IbPort(pool, { rate: RATE }).accept(0 as Nanos, slot), 'bad LPCRC');
    assert.is(pool.inUse, 0);
  });
});
