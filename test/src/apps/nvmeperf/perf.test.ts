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

  it('latency at a queue depth of 32, as published for 20 Optane drives and reads of 512 bytes', () => {
    const { perf } = polledReads({ drive: p4800x, count: 20, depth: 32, bytes: 512 });
    const us = perf.totalNs / perf.reads / 1000;
    assert.ok(Math.abs(us / 57 - 1) < 0.08, `${us}`); // SPDK's blog, May 2019: 57 us on average
  });

  it('a doorbell for each command costs most of the rate', () => {
    const drives = { drive: p4600, count: 21, depth: 128, bytes: 4096 };
    const batched = perSecond(polledReads(drives));
    const atOnce = perSecond(polledReads({ ...drives, ringsAtOnce: true }));
    assert.ok(atOnce < batched / 3, `${atOnce} and ${batched}`); // the same source: 2.89 and 10.39 M/s
  });

  it('a drive that has one read at a time answers below its typical latency', () => {
    const { perf } = polledReads({ drive: p4800x, count: 1, depth: 1, bytes: 4096 });
    assert.ok(perf.totalNs / perf.reads < 10_000); // Intel's product brief
    assert.ok(perf.totalNs / perf.reads > p4800x.medium.readNs);
  });
});
