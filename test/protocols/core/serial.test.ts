// Numbers on a circle: which of two is ahead, across the wrap.

import * as fc from 'fast-check';
import { psnAdd, psnDiff, seqAdd, seqDiff } from '../../../protocols/index.js';
import { assert, spec } from '../../support/spec.js';

const circles = [
  { name: 'PSNs', bits: 24, add: psnAdd, diff: psnDiff },
  { name: 'TCP sequence numbers', bits: 32, add: seqAdd, diff: seqDiff },
];

for (const { name, bits, add, diff } of circles) {
  const size = 2 ** bits;
  const point = fc.integer({ min: 0, max: size - 1 });
  const step = fc.integer({ min: -size / 2 + 1, max: size / 2 - 1 });
  spec(name, (it) => {
    it('go around', () => {
      assert.is(add(size - 1, 1), 0);
      assert.is(add(0, -1), size - 1);
      assert.is(diff(0, size - 1), 1);
      assert.is(diff(size - 1, 0), -1);
      assert.is(diff(5, 5), 0);
    });
    it('differ by what was added, up to half the circle', () => {
      fc.assert(fc.property(point, step, (a, n) => assert.is(diff(add(a, n), a), n)));
    });
    it('are ahead the one way exactly when they are behind the other way', () => {
      const opposite = (a: number, b: number) =>
        diff(a, b) + diff(b, a) === 0 || diff(a, b) === -size / 2;
      fc.assert(fc.property(point, point, opposite));
    });
    it('half the circle away count as behind', () => assert.is(diff(size / 2, 0), -size / 2));
    it('stay on the circle', () => {
      fc.assert(fc.property(point, step, (a, n) => add(a, n) >= 0 && add(a, n) < size));
    });
  });
}
