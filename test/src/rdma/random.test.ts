// Random verbs programs between two devices under random loss, duplication and reordering, by seed, against the model of
// verbs-program.ts.

import { connectX4, type NicProfile } from '../../../src/profiles/nic.js';
import { hcaProfile, rxeProfile } from '../../../src/rdma/index.js';
import { type Nanos, Random } from '../../../src/time/index.js';
import { BackToBack, type Wire } from '../../support/back-to-back.js';
import { assert, spec } from '../../support/spec.js';
import { areDone, collect, judge, post, Side } from '../../support/verbs-program.js';

const seeds = Number(process.env.WIREVERBS_SEEDS ?? 40);
const first = Number(process.env.WIREVERBS_SEED ?? 1);

const wires: readonly Wire[] = ['RoCE v2', 'RoCE v1', 'IB'];

function program(seed: number, nic?: NicProfile): void {
  const random = new Random(seed).fork('program');
  const faults = new Random(seed).fork('faults');
  const habits = seed % 2 === 0 ? rxeProfile : hcaProfile;
  const profile = seed % 5 === 0 ? { ...habits, selectiveRepeat: 64 } : habits;
  const net = new BackToBack({ wire: wires[seed % wires.length]!, profile, ...(nic && { nic }) });
  const attr = {
    maxRdAtomic: 1 + random.below(4),
    maxDestRdAtomic: 4,
    pathMtu: random.chance(0.5) ? 'IBV_MTU_1024' : 'IBV_MTU_256',
  } as const;
  const [a, b] = net.connect({ attr });
  const sides = [new Side(net.hosts[0], a, random), new Side(net.hosts[1], b, random)] as const;
  const loss = faults.unit() * 0.1;
  const twice = faults.unit() * 0.1;
  const jitter = faults.chance(0.5) ? 5000 : 0;
  net.rule = () => {
    if (faults.chance(loss)) return [];
    const late = () => 1000 + (jitter > 0 && faults.chance(0.1) ? faults.below(jitter) : 0);
    return faults.chance(twice) ? [late(), late() + faults.below(3000)] : [late()];
  };
  for (let round = 0; round < 5000 && !areDone(sides); round++) {
    post(sides, random, { sendsWithImm: true, receivesFirst: false });
    net.run((net.now + 3000) as Nanos);
    net.now = (net.now + 3000) as Nanos;
    for (const side of sides) collect(side);
  }
  net.run();
  for (const side of sides) {
    collect(side);
    judge(side);
  }
  assert.is(net.pool.inUse, 0);
}

spec('random verbs programs', (it) => {
  it(`arrive exactly once and in order through loss, duplicates and reordering (${seeds} seeds)`, () => {
    for (let seed = first; seed < first + seeds; seed++) {
      try {
        program(seed);
        program(seed, connectX4);
      } catch (error) {
        const again = `WIREVERBS_SEED=${seed} WIREVERBS_SEEDS=1`;
        throw new Error(`seed ${seed}: ${again} repeats it\n${(error as Error).stack}`);
      }
    }
  });
});
