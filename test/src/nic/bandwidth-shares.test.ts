// Mirrors src/nic/bandwidth-shares.ts and what egress.ts does with it.

import * as fc from 'fast-check';
import { FramePool } from '../../../src/frame/index.js';
import { BandwidthShares, Egress, type TrafficClass } from '../../../src/nic/index.js';
import { ns } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';

const MANY = 2000;

/** A port whose queues are filled again: frames of so many bytes by priority. What `count` turns send, by priority. */
function sent(
  classes: readonly TrafficClass[],
  lengths: Readonly<Record<number, number>>,
  count = MANY,
) {
  const pool = new FramePool(9216);
  const egress = new Egress(pool, 2, classes);
  const bytes = new Map<number, number>();
  const put = (priority: number) => {
    const slot = pool.take();
    pool.setLength(slot, lengths[priority]!);
    egress.put(1, priority, slot, lengths[priority]!, 0);
  };
  for (const priority of Object.keys(lengths)) put(Number(priority));
  for (let i = 0; i < count; i++) {
    const slot = egress.take(ns(0), 1);
    const { priority } = egress;
    bytes.set(priority, (bytes.get(priority) ?? 0) + pool.length(slot));
    pool.release(slot);
    put(priority);
  }
  return { egress, pool, bytes: (priority: number) => bytes.get(priority) ?? 0 };
}

const halves: readonly TrafficClass[] = [
  { priorities: [1], share: 25 },
  { priorities: [3, 4], share: 75 },
];

spec('shares of bandwidth (IEEE 802.1Q 37)', (it) => {
  it('are kept whatever the shares and the lengths of frames, to a frame of each', () => {
    const length = fc.integer({ min: 64, max: 9000 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99 }), length, length, (share, a, b) => {
        const classes = [
          { priorities: [0], share },
          { priorities: [5], share: 100 - share },
        ];
        const { bytes } = sent(classes, { 0: a, 5: b });
        const [first, second] = [bytes(0) / share, bytes(5) / (100 - share)];
        assert.ok(Math.abs(first - second) <= a / share + b / (100 - share) + 1e-6);
      }),
    );
  });
  it('are of what strict priorities leave, and within a class the higher priority goes first', () => {
    assert.is(sent(halves, { 0: 100, 1: 100, 3: 100 }).bytes(0), MANY * 100, '0 is in no class');
    const within = sent(halves, { 1: 100, 3: 100, 4: 100 });
    assert.equal([1, 3, 4].map(within.bytes), [MANY * 25, 0, MANY * 75]);
  });
  it('are taken over by others while a class has nothing, which is not made up for later', () => {
    const { egress, pool } = sent(halves, { 3: 100 });
    for (let i = 0; i < 9; i++) {
      const slot = pool.take();
      pool.setLength(slot, 100);
      egress.put(1, i < 8 ? 1 : 3, slot, 100, 0);
    }
    const order = Array.from({ length: 4 }, () => {
      egress.take(ns(0), 1);
      return egress.priority;
    });
    assert.ok(order.includes(3), `${order}: class 1 has saved up nothing`);
  });
  it('leave a class that is paused out, and do not stop the others', () => {
    const { egress } = sent(halves, { 1: 100, 3: 100 }, 10);
    egress.pause(1, 3, ns(500));
    egress.take(ns(0), 1);
    assert.is(egress.priority, 1);
    assert.is(egress.take(ns(0), 1), -1);
    assert.ok(egress.take(ns(500), 1) >= 0);
    assert.is(egress.priority, 3);
  });
  it('refuse classes that are none', () => {
    for (const [classes, expected] of [
      [[{ priorities: [1], share: 90 }], /make 100 %, not 90/],
      [[{ priorities: [9], share: 100 }], /no 9/],
      [[{ priorities: [], share: 100 }], /a priority at least/],
      [[{ priorities: [1, 1], share: 100 }], /priority 1 is in two/],
      [
        [
          { priorities: [1], share: 100 },
          { priorities: [2], share: 0 },
        ],
        /above 0, not 0/,
      ],
    ] as const)
      assert.throws(() => new BandwidthShares(classes, 1), expected);
  });
});
