// Mirrors src/apps/perftest/statistics.ts and report.ts.

import { bandwidthRow, latencyRow } from '../../../../src/apps/perftest/report.js';
import { bandwidthOf, latencyOf } from '../../../../src/apps/perftest/statistics.js';
import { assert, spec } from '../../../support/spec.js';

const stamps = (...values: number[]) => Float64Array.from(values);

spec('perftest statistics', (it) => {
  it('take the average from the first post to the last completion', () => {
    const { average, messageRate } = bandwidthOf({
      posted: stamps(0, 10, 20, 30),
      completed: stamps(Number.NaN, 300, Number.NaN, 400),
      bytes: 1000,
      withPeak: false,
    });
    assert.is(average, 1e10);
    assert.is(messageRate, 1e7);
  });

  it('take the peak from the quickest stretch', () => {
    const run = { posted: stamps(0, 100, 200), completed: stamps(150, 200, 400), bytes: 100 };
    // From the post of the second to its completion 100 ns; from the first to the second 200 for two.
    assert.is(bandwidthOf({ ...run, withPeak: true }).peak, 1e9);
    assert.is(bandwidthOf({ ...run, withPeak: false }).peak, 0);
  });

  it('leave the two longest latencies out, and halve round trips', () => {
    const posted = stamps(0, 10, 30, 60, 100, 150, 1150, 11_150);
    const { min, max, typical, average, p99 } = latencyOf(posted, 2);
    assert.equal([min, max, typical, average], [5, 500, 15, 15]);
    assert.is(p99, 500);
  });

  it('are printed in columns as perftest prints them', () => {
    const row = bandwidthRow(
      65_536,
      5000,
      { peak: 2 ** 30, average: 2 ** 29, messageRate: 8192 },
      false,
    );
    assert.is(row, ' 65536      5000             1024.00            512.00 \t\t   0.008192');
    const latency = latencyOf(stamps(0, 2000, 4000, 6000, 8000, 10_000), 2);
    assert.is(
      latencyRow(2, 1000, latency),
      ' 2       1000          1.00           1.00         1.00     \t       1.00        \t0.00   \t\t1.00    \t\t1.00   ',
    );
  });
});
