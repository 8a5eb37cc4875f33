// Mirrors src/time/random.ts, timers.ts and nanos.ts.

import { NEVER, ns, Random, Timers, timeFor, us } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';

spec('random', (it) => {
  it('gives the same numbers for the same seed and name, others for others', () => {
    const draw = (r: Random) => Array.from({ length: 5 }, () => r.bits());
    assert.equal(draw(new Random(7, 'x')), draw(new Random(7, 'x')));
    assert.not.equal(draw(new Random(7, 'x')), draw(new Random(8, 'x')));
    assert.not.equal(draw(new Random(7).fork('a')), draw(new Random(7).fork('b')));
  });
  it('a fork does not depend on what was drawn', () => {
    const one = new Random(3);
    one.bits();
    assert.is(one.fork('link').bits(), new Random(3).fork('link').bits());
  });
  it('is even enough: mean and chance', () => {
    const r = new Random(1);
    let sum = 0;
    let hits = 0;
    for (let i = 0; i < 100_000; i++) {
      sum += r.unit();
      if (r.chance(0.02)) hits++;
    }
    assert.ok(Math.abs(sum / 100_000 - 0.5) < 0.005, `${sum}`);
    assert.ok(Math.abs(hits - 2000) < 200, `${hits}`);
  });
});

spec('timers', (it) => {
  it('wake at the earliest and are taken in order', () => {
    const timers = new Timers<'retry' | 'ack'>();
    timers.set('retry', ns(20));
    timers.set('ack', ns(10));
    assert.is(timers.wakeAt, 10);
    assert.is(timers.take(ns(9)), undefined);
    assert.is(timers.take(ns(30)), 'ack');
    assert.is(timers.take(ns(30)), 'retry');
    assert.is(timers.wakeAt, NEVER);
  });
});

spec('nanoseconds', (it) => {
  it('are whole, and wires round up', () => {
    assert.is(us(1.5), 1500);
    assert.is(timeFor(1, 100e9), 1);
    assert.is(timeFor(1250, 10e9), 1000);
    assert.throws(() => ns(1.5), /no whole number/);
  });
});
