// Mirrors src/fabric/vl-arbitration.ts; what it must do is IBA 7.6.9.2's.

import { VlArbiter, type VlArbitration } from '../../../src/fabric/vl-arbitration.js';
import { assert, spec } from '../../support/spec.js';

/** Packets of these sizes wait on each lane, without end unless `left` says how many. */
function turns(tables: VlArbitration, sizes: readonly number[], count: number, left?: number[]) {
  const arbiter = new VlArbiter(tables, sizes.length);
  const source = {
    maySend: (lane: number) => sizes[lane]! > 0 && (left?.[lane] ?? 1) > 0,
    firstBytes: (lane: number) => sizes[lane]!,
  };
  return Array.from({ length: count }, () => {
    const lane = arbiter.pick(source);
    if (left && lane >= 0) left[lane] = left[lane]! - 1;
    return lane;
  });
}

const count = (lanes: readonly number[], lane: number) => lanes.filter((l) => l === lane).length;

spec('VL arbitration', (it) => {
  it('lanes of a table share by weight', () => {
    const low = [
      { vl: 0, weight: 192 },
      { vl: 1, weight: 64 },
    ];
    const lanes = turns({ high: [], low, limit: 0 }, [1024, 1024], 400);
    assert.is(count(lanes, 0), 300);
    assert.is(count(lanes, 1), 100);
  });

  it('a packet goes out whole, however little of the weight is left', () => {
    const low = [
      { vl: 0, weight: 1 },
      { vl: 1, weight: 1 },
    ];
    assert.equal(turns({ high: [], low, limit: 0 }, [4096, 256], 4), [0, 1, 0, 1]);
  });

  it('high priority goes first as long as it has something, without a limit', () => {
    const tables = { high: [{ vl: 1, weight: 10 }], low: [{ vl: 0, weight: 10 }], limit: 255 };
    assert.equal(turns(tables, [1024, 1024], 6, [9, 4]), [1, 1, 1, 1, 0, 0]);
  });

  it('the limit gives low priority one packet for every 4,096 bytes times the limit', () => {
    const tables = { high: [{ vl: 1, weight: 255 }], low: [{ vl: 0, weight: 1 }], limit: 2 };
    const lanes = turns(tables, [1024, 4096], 100);
    // 8,192 bytes may go; the packet after which more have gone is the third.
    assert.equal(lanes.slice(0, 8), [1, 1, 1, 0, 1, 1, 1, 0]);
  });

  it('limit 0 lets one packet of high priority pass before one of low priority', () => {
    const tables = { high: [{ vl: 1, weight: 255 }], low: [{ vl: 0, weight: 1 }], limit: 0 };
    assert.equal(turns(tables, [64, 64], 6), [1, 0, 1, 0, 1, 0]);
  });

  it('a lane without an entry, or with weight 0, sends nothing', () => {
    const tables = { high: [], low: [{ vl: 0, weight: 0 }], limit: 0 };
    assert.equal(turns(tables, [64, 64], 2), [-1, -1]);
  });

  it('refuses tables that name lanes which are not there', () => {
    assert.throws(
      () => new VlArbiter({ high: [{ vl: 4, weight: 1 }], low: [], limit: 0 }, 4),
      /VL 4/,
    );
    assert.throws(
      () => new VlArbiter({ high: [{ vl: 0, weight: 256 }], low: [], limit: 0 }, 4),
      /256/,
    );
  });
});
