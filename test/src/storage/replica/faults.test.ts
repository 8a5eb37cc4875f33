// The whole path with copies under faults: program, qbd, fabric, the node that has the volume, and its peers.

import { assert, spec } from '../../../support/spec.js';
import { ReplicaTrial } from './replica-trial.js';

/**
 * More by hand. In the 41st life the node that has the volume comes back, and then the one whose copy counted goes with what it
 * had not flushed since before.
 */
const seedsOf = (transport: 'rdma' | 'tcp'): number =>
  Number(process.env.COPY_SEEDS ?? (transport === 'rdma' ? 41 : 12));

for (const transport of ['rdma', 'tcp'] as const) {
  const seeds = seedsOf(transport);
  spec(`copies under faults, over ${transport}`, (it) => {
    it('every read returns what was acknowledged last, and all copies are alike in the end', () => {
      const sums = { reads: 0, writes: 0, errors: 0, cuts: 0, crashes: 0, ownCrashes: 0, full: 0 };
      for (let seed = 1; seed <= seeds; seed++) {
        const trial = new ReplicaTrial({ seed, transport, nodes: 2 + (seed % 2) });
        assert.is(trial.run(), '', `seed ${seed}`);
        for (const name of Object.keys(sums) as (keyof typeof sums)[])
          sums[name] += trial.counts[name];
      }
      const { cuts, crashes, ownCrashes, full } = sums;
      assert.ok(Math.min(cuts, crashes, ownCrashes, full) > 0, JSON.stringify(sums));
    });

    for (const lie of ['write', 'stale'] as const)
      it(`a copy that lies is found: ${lie === 'write' ? 'it acknowledges what it does not write' : 'it reads what was before'}`, () => {
        for (let seed = 1; seed <= 4 * seeds; seed++)
          if (new ReplicaTrial({ seed, transport, nodes: 2, lie }).run() !== '') return;
        assert.unreachable(`${lie} was not found`);
      });
  });
}
