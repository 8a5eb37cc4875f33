// Mirrors protocols/core/checksum/move.ts. `copyWithin` says what moving is.

import { moveWithin, packetMemory } from '../../../../protocols/core/checksum/index.js';
import { assert, spec } from '../../../support/spec.js';

const SIZE = 4000;
const memories = {
  'packet memory': packetMemory(SIZE + 7),
  'other memory': new Uint8Array(SIZE + 7),
};

spec('moving bytes', (it) => {
  for (const [name, whole] of Object.entries(memories)) {
    const bytes = whole.subarray(7);
    it(`is what copyWithin does, overlapping or not, in ${name}`, () => {
      for (const length of [0, 1, 63, 64, 65, 1024, 1999]) {
        for (const [target, from] of [
          [0, 2000],
          [2000, 1],
          [100, 101],
          [101, 100],
          [5, 5],
        ] as const) {
          for (let i = 0; i < SIZE; i++) bytes[i] = i * 7 + (i >> 8);
          const expected = bytes.slice().copyWithin(target, from, from + length);
          moveWithin(bytes, target, from, length);
          assert.equal(Buffer.compare(bytes, expected), 0, `${length} from ${from} to ${target}`);
        }
      }
    });

    it(`keeps to the bytes that it is given, in ${name}`, () => {
      const wrong = [
        [-1, 0, 100],
        [0, -1, 100],
        [0, 0, -1],
        [SIZE - 99, 0, 100],
        [0, SIZE - 99, 100],
      ];
      for (const [target, from, length] of [...wrong, [Number.NaN, 0, 9], [0, 0, SIZE + 1]])
        assert.throws(() => moveWithin(bytes, target!, from!, length!), RangeError);
      moveWithin(bytes, SIZE - 100, 0, 100);
    });
  }
});
