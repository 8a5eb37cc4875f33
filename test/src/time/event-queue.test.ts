// Mirrors src/time/event-queue.ts.

import * as fc from 'fast-check';
import { EventQueue, NEVER, ns } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';

spec('event queue', (it) => {
  it('gives events back by instant, and those of one instant in the order of putting in', () => {
    const gap = fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 200_000 }), fc.nat({ max: 1e10 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(gap, fc.nat({ max: 3 })), { maxLength: 300 }), (steps) => {
        const queue = new EventQueue();
        const model: { at: number; id: number }[] = [];
        let id = 0;
        const takeOne = () => {
          model.sort((a, b) => a.at - b.at || a.id - b.id);
          const expected = model.shift()!;
          assert.is(queue.due(), expected.at);
          assert.ok(queue.next());
          assert.equal([queue.at, queue.a], [expected.at, expected.id]);
        };
        for (const [delay, take] of steps) {
          queue.put(ns(queue.at + delay), 7, id);
          model.push({ at: queue.at + delay, id: id++ });
          for (let i = 0; i < take && model.length > 0; i++) takeOne();
        }
        while (model.length > 0) takeOne();
        assert.is(queue.due(), NEVER);
        assert.not.ok(queue.next());
        assert.is(queue.size, 0);
      }),
    );
  });
  it('reuses its rows: a million events through a hundred places', () => {
    const queue = new EventQueue();
    for (let i = 0; i < 100; i++) queue.put(ns(i), 0, i);
    for (let i = 0; i < 200_000; i++) {
      queue.next();
      queue.put(ns(queue.at + 1 + ((i * 7919) % 100_000)), 1, queue.a, i);
    }
    assert.is(queue.size, 100);
  });
  it('refuses the past and what never comes', () => {
    const queue = new EventQueue();
    queue.put(ns(5), 0);
    queue.next();
    assert.throws(() => queue.put(ns(4), 0), /when it is 5 ns already/);
    assert.throws(() => queue.put(NEVER, 0), /never comes/);
  });
});
