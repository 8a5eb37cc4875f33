// Reads of local drives by polling, as the experiment of F15 makes them, at points that nothing was fitted on.

import { polledReads } from '../../../../src/experiments/fidelity/polled-nvme.js';
import { p4600, p4800x } from '../../../../src/profiles/drive.js';
import { assert, spec } from '../../../support/spec.js';

const perSecond = ({ perf, seconds }: ReturnType<typeof polledReads>) => perf.reads / seconds;

spec('reads by polling', (it) => {
  it('a few drives are as fast as they are, and the core has time to look for each', () => {
    const one = polledReads({ drive: p4600, count: 1, depth: 128, bytes: 4096 });
    const three = polledReads({ drive: p4600, count: 3, depth: 128, bytes: 4096 });
    // 559,550 a second each (Intel's product specifications).
    assert.ok(Math.abs(perSecond(one) / 559_550 - 1) < 0.02, `${perSecond(one)}`);
    assert.ok(Math.abs(perSecond(three) / 3 / 559_550 - 1) < 0.02, `${perSecond(three)}`);
    assert.is(one.perf.failed + three.perf.failed, 0);
  });

  it('a drive that has one read at a time answers below its typical latency', () => {
    const { perf } = polledReads({ drive: p4800x, count: 1, depth: 1, bytes: 4096 });
    assert.ok(perf.totalNs / perf.reads < 10_000); // Intel's product brief
    assert.ok(perf.totalNs / perf.reads > p4800x.medium.readNs);
  });
});
