// Mirrors src/frame/slot-lists.ts, slot-queue.ts and ready-ports.ts.

import * as fc from 'fast-check';
import { FramePool, ReadyPorts, SlotLists, SlotQueue } from '../../../src/frame/index.js';
import { assert, spec } from '../../support/spec.js';

const LISTS = 3;

spec('queues of slots', (it) => {
  it('many lists in one array: each gives its slots in the order of putting in, with their notes', () => {
    const step = fc.record({
      list: fc.nat({ max: LISTS - 1 }),
      length: fc.nat({ max: 99 }),
      take: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const pool = new FramePool(128);
        const lists = new SlotLists(pool, LISTS);
        const model: { slot: number; length: number; note: number }[][] = [[], [], []];
        for (const [i, { list, length, take }] of steps.entries()) {
          const known = model[list]!;
          if (take && known.length > 0) {
            const { slot, note } = known.shift()!;
            assert.is(lists.take(list), slot);
            assert.is(pool.note(slot), note);
            pool.release(slot);
          } else {
            const slot = pool.take();
            pool.setLength(slot, length);
            lists.put(list, slot, length, i);
            known.push({ slot, length, note: i });
          }
          for (const [j, expected] of model.entries()) {
            assert.is(lists.count(j), expected.length);
            assert.is(
              lists.bytes(j),
              expected.reduce((sum, one) => sum + one.length, 0),
            );
          }
        }
      }),
    );
  });
  it('a queue that grows, empties and begins anew keeps its order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -90, max: 90 }), { maxLength: 20 }), (steps) => {
        const queue = new SlotQueue();
        const model: number[] = [];
        let next = 0;
        for (const count of steps) {
          for (let i = 0; i < count; i++) {
            queue.put(next, 1, next * 2 ** 33);
            model.push(next++);
          }
          for (let i = 0; i > count && model.length > 0; i--) {
            const expected = model.shift()!;
            assert.equal([queue.first, queue.firstExtra], [expected, expected * 2 ** 33]);
            assert.is(queue.take(1), expected);
          }
          assert.equal([queue.count, queue.bytes], [model.length, model.length]);
        }
      }),
    );
  });
  it('ports are told once each, in the order in which they became ready', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -2, max: 7 }), { maxLength: 100 }), (steps) => {
        const ready = new ReadyPorts(8);
        const model: number[] = [];
        for (const port of steps) {
          if (port < 0) assert.is(ready.take(), model.shift() ?? -1);
          else {
            ready.mark(port);
            if (!model.includes(port)) model.push(port);
          }
        }
        while (model.length > 0) assert.is(ready.take(), model.shift()!);
        assert.is(ready.take(), -1);
      }),
    );
  });
});
