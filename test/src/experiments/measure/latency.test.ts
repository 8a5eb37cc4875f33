// Mirrors src/experiments/measure/latency.ts.

import { Latencies } from '../../../../src/experiments/measure/latency.js';
import { assert, spec } from '../../../support/spec.js';

const near = (found: number, expected: number) =>
  assert.ok(
    Math.abs(found / expected - 1) <= 0.001,
    `${found} is not ${expected} to three figures`,
  );

spec('latencies', (it) => {
  it('have percentiles to three figures, and exact extremes and mean', () => {
    const all = new Latencies();
    for (let i = 100_000; i > 0; i--) all.record(i * 7);
    const { count, minNs, meanNs, maxNs, p50Ns, p90Ns, p99Ns, p999Ns, p9999Ns } = all.summary()!;
    assert.is(count, 100_000);
    assert.is(minNs, 7);
    assert.is(meanNs, (7 * 100_001) / 2);
    assert.is(maxNs, 700_000);
    near(p50Ns, 350_000);
    near(p90Ns, 630_000);
    near(p99Ns, 693_000);
    near(p999Ns, 699_300);
    near(p9999Ns, 699_930);
  });

  it('never leave what was recorded', () => {
    const one = new Latencies();
    one.record(20_123);
    const { p50Ns, p9999Ns } = one.summary()!;
    assert.is(p50Ns, 20_123);
    assert.is(p9999Ns, 20_123);
    assert.is(new Latencies().summary(), undefined);
  });
});
