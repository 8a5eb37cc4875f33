// Mirrors src/storage/file: hundreds of worlds with crashes at any instant, over a disk that keeps any part of what was
// not synced; and stores and disks that lie, which the same worlds must find out.

import { Random } from '../../../../src/time/index.js';
import { assert, spec } from '../../../support/spec.js';
import { StoreTrial, type Trial } from '../../../support/store-model.js';

const SEEDS = Number(process.env.STORE_SEEDS ?? 300);

/** How many of some worlds find that a promise was broken. */
function caught(trial: Trial, seeds: number): number {
  let found = 0;
  for (let seed = 0; seed < seeds; seed++) {
    try {
      new StoreTrial(new Random(seed, 'liar'), trial).run();
    } catch {
      found++;
    }
  }
  return found;
}

spec('store on disk, crashes', (it) => {
  it('every read after a crash is of a version that a store may have', () => {
    let crashes = 0;
    for (let seed = 0; seed < SEEDS; seed++) {
      const trial = new StoreTrial(new Random(seed, 'store'));
      try {
        trial.run();
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).stack}`);
      }
      crashes += trial.crashes;
    }
    assert.ok(crashes > SEEDS * 3, `${crashes} crashes`);
  });

  it('a disk that calls syncs done which it did not do is found out', () => {
    assert.ok(caught({ lies: { sync: 0.5 } }, 20) >= 10);
  });

  it('a store that answers FUA early is found out', () => {
    const spoil: Trial['spoil'] = (io) => {
      io.fua = false;
    };
    assert.ok(caught({ spoil }, 20) >= 10);
  });

  it('a flush that does nothing is found out', () => {
    const spoil: Trial['spoil'] = (io) => {
      if (io.length > 0 || io.bytes.length > 0) return;
      const { done } = io;
      io.done = () => {};
      done(0);
    };
    assert.ok(caught({ spoil }, 20) >= 10);
  });
});
