// perftest over iWARP: every test of verbs, with the options that matter there.

import { type PerftestOptions, testNames } from '../../../../src/apps/perftest/index.js';
import { Lab } from '../../../../src/scenario/index.js';
import { assert, spec } from '../../../support/spec.js';

function run(options: Omit<PerftestOptions, 'wire'>, ipv6 = false, loss = 0) {
  const lab = new Lab({ wire: 'iwarp', ipv6 });
  if (loss > 0) lab.chances({ loss });
  const test = lab.perftest({ ...options, ipv6 }, lab.hosts[0]!, lab.hosts[1]!);
  lab.run();
  return test.result(lab.now);
}

spec('perftest over iWARP', (it) => {
  for (const test of testNames) {
    it(`${test} ends with all its messages`, () => {
      const result = run({ test, iters: 200 });
      assert.is(result.failure, '');
      assert.is(result.completed, 200);
    });
  }

  it('SENDs that are faster than their receiver keep within its receive requests', () => {
    const result = run({ test: 'send_bw', iters: 3000, size: 16, rxDepth: 16 });
    assert.is(result.failure, '');
  });

  it('several queue pairs, both ways, over IPv6 and through loss', () => {
    const options = { iters: 300, qps: 3, bidirectional: true, size: 8192 };
    for (const test of ['write_bw', 'send_bw', 'read_bw'] as const) {
      const result = run({ test, ...options }, true, 0.002);
      assert.is(result.failure, '');
    }
  });

  it('RDMA bypasses the receiver: no bytes are copied by a core, and no interrupt comes', () => {
    const { counts } = run({ test: 'write_bw', iters: 200 });
    assert.is(counts.server.interrupts, 0);
  });

  it('other services are refused', () => {
    assert.throws(() => run({ test: 'send_bw', qpType: 'UD' }), /reliable connections alone/);
  });
});
