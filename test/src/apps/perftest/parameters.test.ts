// Mirrors src/apps/perftest/parameters.ts.

import {
  allSizes,
  type PerftestOptions,
  perftestParameters,
  sweepIters,
} from '../../../../src/apps/perftest/parameters.js';
import { assert, spec } from '../../../support/spec.js';

const refused = (options: PerftestOptions): string => {
  try {
    perftestParameters(options);
  } catch (error) {
    return (error as Error).message;
  }
  return 'allowed';
};

spec('perftest parameters', (it) => {
  it('are those of perftest where nothing is said', () => {
    const bw = perftestParameters({ test: 'write_bw' });
    assert.equal(
      [bw.size, bw.iters, bw.txDepth, bw.cqMod, bw.inlineSize],
      [65_536, 5000, 128, 1, 0],
    );
    const small = perftestParameters({ test: 'send_bw', size: 64 });
    assert.equal([small.cqMod, small.rxDepth, small.postList], [100, 512, 1]);
    const lat = perftestParameters({ test: 'write_lat' });
    assert.equal(
      [lat.size, lat.iters, lat.txDepth, lat.cqMod, lat.inlineSize],
      [2, 1000, 1, 1, 220],
    );
    assert.is(perftestParameters({ test: 'send_lat', qpType: 'UD' }).inlineSize, 188);
    assert.is(perftestParameters({ test: 'atomic_bw' }).size, 8);
  });

  it('bound depths and moderation by each other, as perftest does', () => {
    const few = perftestParameters({ test: 'send_bw', size: 8, iters: 10 });
    assert.equal([few.txDepth, few.rxDepth, few.cqMod], [10, 10, 10]);
    assert.is(perftestParameters({ test: 'send_bw', qpType: 'UC', iters: 2000 }).rxDepth, 2000);
  });

  it('refuse what a service does not carry, by name', () => {
    assert.is(
      refused({ test: 'read_bw', qpType: 'UC' }),
      'read_bw with --qp-type UC: RDMA READ does not exist on an unreliable connection (UC) (IBA 9.4): use RC',
    );
    assert.is(
      refused({ test: 'atomic_lat', qpType: 'UD' }),
      'atomic_lat with --qp-type UD: atomic operations do not exist on unreliable datagrams (UD) (IBA 9.4): use RC',
    );
    assert.match(refused({ test: 'write_bw', qpType: 'UD' }), /use RC or UC$/);
    assert.match(refused({ test: 'send_bw', qpType: 'UD', size: 8192 }), /one packet/);
    assert.match(refused({ test: 'atomic_bw', size: 16 }), /8 bytes \(IBA 9\.4\.5\), not 16/);
    assert.match(refused({ test: 'send_bw', wire: 'ib', ipv6: true }), /ib has no IP header/);
    assert.match(refused({ test: 'write_lat', qps: 2 }), /one queue pair/);
  });

  it('refuse numbers out of perftest bounds', () => {
    assert.match(refused({ test: 'write_bw', iters: 4 }), /^iters: expected a whole number from 5/);
    assert.match(refused({ test: 'write_bw', mtu: 1500 }), /^mtu: expected 256, 512/);
  });

  it('know all sizes of a sweep', () => {
    assert.is(allSizes('write_bw', 'RC').length, 23);
    assert.is(allSizes('send_lat', 'UD', 1024).at(-1), 1024);
    assert.equal(allSizes('atomic_bw', 'RC'), [8]);
    assert.is(sweepIters('write_bw', 8 << 20), 16);
  });
});
