// What is left in the last-level cache of what devices wrote.

import { type IoCacheProfile, lookAtCache } from '../../../src/memory/index.js';
import { Random } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';

function stillCached(profile: IoCacheProfile, writtenSince: number): number {
  const into = { part: 0 };
  lookAtCache(profile, writtenSince, into);
  return into.part;
}

const LINE = 64;

/** A cache of tags that lines replace oldest first: what of them is left. */
function replayed({ bytes, ways }: IoCacheProfile, written: number): number {
  const sets = bytes / LINE / ways;
  const random = new Random(1);
  const later = Array.from({ length: sets }, () => 0);
  for (let i = 0; i < written / LINE; i++) later[random.below(sets)]!++;
  return later.filter((count) => count < ways).length / sets;
}

spec('the cache that devices write to', (it) => {
  const profile = { bytes: 2 ** 20, ways: 2 };

  it('holds what was just written, and nothing of what was written long ago', () => {
    assert.is(stillCached(profile, 0), 1);
    assert.ok(stillCached(profile, 20 * 2 ** 20) < 1e-9);
  });

  for (const written of [2 ** 18, 2 ** 20, 3 * 2 ** 20]) {
    it(`holds as much after ${written} bytes as a cache of tags does`, () => {
      const error = stillCached(profile, written) - replayed(profile, written);
      assert.ok(Math.abs(error) < 0.02, `${error}`);
    });
  }

  it('holds more of the latest with more ways', () => {
    const some = 2 ** 18;
    assert.ok(stillCached({ ...profile, ways: 8 }, some) > stillCached(profile, some));
  });
});
