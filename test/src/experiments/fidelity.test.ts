// Published measurements that come out within their tolerances: those that take no time to run. All of them, by
// `npm run fidelity`.

import { compareHeldOut, heldOutRow } from '../../../src/experiments/fidelity/held-out/index.js';
import { compareRow, rowOf } from '../../../src/experiments/fidelity/index.js';
import { errorOf } from '../../../src/experiments/fidelity/row.js';
import { assert, spec } from '../../support/spec.js';

/** Values by row; undefined: all. */
const quick: Readonly<Record<string, readonly string[] | undefined>> = {
  F01: undefined,
  F03: ['2 B', '64 B', '256 B', '4096 B', '65536 B'],
  F05: undefined,
  F07: undefined,
  F09: undefined,
  F11: undefined,
  F13: ['UD SEND, not batched', 'READ 128 B', 'atomic, one address'],
  F15: ['poll median', 'poll p99', 'poll p99.99'],
  F17: ['native, request and response', 'guest, request and response', 'guest, a byte sent'],
  F19: undefined,
  F21: ['NAK generation', 'NAK reaction'],
};

spec('fidelity', (it) => {
  for (const [id, names] of Object.entries(quick)) {
    const row = rowOf(id);
    it(`${row.title} (${id}) is as published`, () => {
      for (const { published, found, error, tolerance, holds } of compareRow(row, names))
        assert.ok(
          holds,
          `${published.name}: ${found?.value} ${found?.bottleneck ?? ''}, published ${published.value} ${published.bottleneck ?? ''}: ${error} of ${tolerance} %`,
        );
    });
  }

  it('has experiments for what nothing was fitted on, which come near', () => {
    // Half as much as published, or twice, would be another mechanism.
    const near = {
      H02: ['both 64 B'],
      H03: ['read 2 B'],
      H05: undefined,
      H06: undefined,
      H10: ['median'],
    };
    for (const [id, names] of Object.entries(near))
      for (const { published, error } of compareHeldOut(heldOutRow(id), names))
        assert.ok(Math.abs(error) < 25, `${id} ${published.name}: ${error} %`);
  });

  it('errs by percent, by points for shares, and not inside a range', () => {
    assert.is(errorOf({ name: 'a', value: 2, unit: 'us' }, 3), 50);
    assert.is(errorOf({ name: 'a', value: 40, unit: '%', points: 4 }, 43), 3);
    assert.is(errorOf({ name: 'a', value: 2, most: 6, unit: 'us' }, 5), 0);
    assert.is(errorOf({ name: 'a', value: 2, most: 4, unit: 'us' }, 5), 25);
  });
});
