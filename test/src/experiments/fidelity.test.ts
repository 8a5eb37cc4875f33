// Published measurements that come out within their tolerances: those that take no time to run. All of them, by
// `npm run fidelity`.

import { compareRow, rowOf } from '../../../src/experiments/fidelity/index.js';
import { errorOf } from '../../../src/experiments/fidelity/row.js';
import { assert, spec } from '../../support/spec.js';

/** Values by row; undefined: all. */
const quick: Readonly<Record<string, readonly string[] | undefined>> = {
  F05: ['RC 32 B', 'RC 1024 B', 'RC 4096 B', 'RC 32768 B', 'UD 32 B'],
  F07: ['write, hairpin', 'read, hairpin', 'atomic, hairpin', 'write, switch', 'read, switch'],
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

  it('errs by percent, by points for shares, and not inside a range', () => {
    assert.is(errorOf({ name: 'a', value: 2, unit: 'us' }, 3), 50);
    assert.is(errorOf({ name: 'a', value: 40, unit: '%', points: 4 }, 43), 3);
    assert.is(errorOf({ name: 'a', value: 2, most: 6, unit: 'us' }, 5), 0);
    assert.is(errorOf({ name: 'a', value: 2, most: 4, unit: 'us' }, 5), 25);
  });
});
