// Mirrors src/fabric/outage.ts: links that go down at a time.

import { bth, build, check, deth, dissect, lrh } from '../../../protocols/index.js';
import { Fate, isMeant, parseOutage, parseRule } from '../../../src/fabric/index.js';
import { FramePool } from '../../../src/frame/index.js';
import { Lab } from '../../../src/scenario/lab.js';
import { ns } from '../../../src/time/index.js';
import { Simulation } from '../../../src/world/sim.js';
import { assert, spec } from '../../support/spec.js';
import { Probe } from './probe.js';

spec('links that go down', (it) => {
  it('are told by their ends and when', () => {
    const { ends, from, to } = parseOutage('link h0-s0 down at 10us for 50us')!;
    assert.equal([ends, from, to], [['h0', 's0'], 10_000, 60_000]);
    assert.is(parseOutage('link s0 down at 1ms')!.to, Number.POSITIVE_INFINITY);
    assert.is(parseOutage('link h0-s0 down from 1us to 3us')!.to, 3000);
    assert.is(parseOutage('drop frames'), undefined);
    const one = parseOutage('link s0 down at 1ms')!;
    assert.equal([isMeant(one, 'h0', 's0'), isMeant(one, 'h0', 's1')], [true, false]);
  });

  it('say what they expected', () => {
    for (const text of [
      'link',
      'link h0-s0 down',
      'link a-b down at noon',
      'link a down from 3us to 1us',
    ])
      assert.throws(() => parseOutage(text), RangeError);
  });

  it('lose what is on them and what is sent on them, and nothing else', () => {
    const sim = new Simulation({ seed: 1 });
    const [a, b] = ['a', 'b'].map((name) => sim.add(new Probe(name, sim.pool)));
    const link = sim.connect(a!, 0, b!, 0, { rate: 1e9, metres: 1000 });
    const frame = (n: number) => new Uint8Array(100).fill(n);
    const send = (at: number, n: number) =>
      sim.at(ns(at), () => {
        a!.send(frame(n));
        sim.settle(a!);
      });
    // A frame takes 992 ns on the wire and 5000 ns to the other end.
    send(0, 1);
    send(7000, 2);
    send(11_000, 3);
    send(30_000, 4);
    sim.at(ns(10_000), () => sim.setLink(link, false));
    sim.at(ns(20_000), () => sim.setLink(link, true));
    sim.run();
    assert.equal(
      b!.got.map((bytes) => bytes[0]),
      [1, 4],
    );
    assert.is(sim.lost.get('link down'), 2);
    assert.is(sim.pool.inUse, 0);
  });

  it('are a fault of a lab in words', () => {
    const lab = new Lab({});
    const [link] = lab.fabric.links;
    lab.fault('link h0-h1 down at 10us for 5us');
    const seen = [5000, 12_000, 20_000].map((at) => {
      lab.sim.run(ns(at));
      return link!.up;
    });
    assert.equal(seen, [true, false, true]);
    assert.throws(() => lab.fault('link h0-h9 down at 10us'), /there is no link 'h0-h9'/);
  });
});

spec('edits of InfiniBand packets on the way', (it) => {
  const pool = new FramePool();
  const edited = (text: string) => {
    const { bytes } = build([
      lrh({ slid: 1, dlid: 2 }),
      bth({ opcode: 0x64, destQp: 9 }),
      deth(),
      'payload!',
    ]);
    const slot = pool.take();
    pool.bytes(slot).set(bytes, pool.at(slot));
    pool.setLength(slot, bytes.length);
    parseRule(text, 247).apply(ns(0), 0, pool, slot, new Fate());
    const start = pool.at(slot);
    return dissect(pool.bytes(slot), { start, end: start + pool.length(slot), linkType: 247 });
  };

  it('spoil both CRCs, or have them repaired', () => {
    const spoilt = check(edited('set bth.psn=77 in frames')).findings.map(({ layer }) => layer);
    assert.equal(spoilt.sort(), ['icrc', 'vcrc']);
    const whole = edited('set bth.psn=77 in frames and repair');
    assert.equal(check(whole).findings, []);
    assert.is(whole.layers.find(({ key }) => key === 'bth')!.number('psn'), 77);
  });
});
