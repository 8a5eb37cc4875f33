// Random verbs programs over iWARP, by seed: the link loses, copies, reorders and damages frames, and the model of RDMA's own
// random programs holds all the same.

import { chances } from '../../../src/fabric/index.js';
import type { Rnic } from '../../../src/iwarp/index.js';
import { type Mr, regMr } from '../../../src/rdma/index.js';
import { Random, seconds, us } from '../../../src/time/index.js';
import {
  type End,
  type IwarpWorld,
  iwarpPair,
  type PairOptions,
} from '../../support/iwarp-pair.js';
import { assert, spec } from '../../support/spec.js';
import {
  areDone,
  collect,
  judge,
  type ProgramHost,
  post,
  Side,
} from '../../support/verbs-program.js';

const ALL_RIGHTS = 0xf;
const ARENA = 4 << 20;
/** Of 20 us: timeouts take 200 ms and more. */
const MOST_ROUNDS = 2_000_000;
const seeds = Number(process.env.WIREVERBS_SEEDS ?? 40);
const first = Number(process.env.WIREVERBS_SEED ?? 1);

/** One end as the programs see it: buffers one behind the other in one region. */
function hostOf(end: End): ProgramHost {
  const base = end.host.space.allocate(ARENA, { contiguous: true });
  const bytes = end.host.space.bytes(base, ARENA);
  const mr: Mr = regMr(end.pd, base, ARENA, ALL_RIGHTS);
  let used = 0;
  return {
    context: end.context,
    buffer: (length) => {
      const at = used;
      used += Math.ceil(length / 8) * 8;
      return { addr: base + BigInt(at), bytes: bytes.subarray(at, at + length), mr };
    },
    poll: () => end.completions(),
  };
}

/** MPA's CRC found what TCP's checksum let pass (RFC 5044 8): there was damage, and both sides know of the end. */
function endsByDamage(
  { run, client, server }: IwarpWorld,
  damage: { readonly bitErrorRate: number; readonly fcs: boolean },
): void {
  assert.ok(damage.bitErrorRate > 0 && !damage.fcs, 'a bad CRC of what was not damaged');
  run(seconds(60));
  assert.equal([client.qp.state, server.qp.state], ['ERR', 'ERR']);
}

function program(seed: number): void {
  const random = new Random(seed).fork('program');
  const drawn = new Random(seed).fork('faults');
  const damage = {
    bitErrorRate: drawn.chance(0.5) ? drawn.unit() * 5e-6 : 0,
    fcs: drawn.chance(0.5),
  };
  const faults = {
    loss: drawn.unit() * 0.1,
    duplicate: drawn.unit() * 0.1,
    reorder: drawn.unit() * 0.1,
    reorderNs: 1 + drawn.below(50_000),
  };
  const options: PairOptions = {
    seed,
    six: drawn.chance(0.5),
    client: { crc: drawn.chance(0.5), markers: drawn.chance(0.3) },
    server: { crc: drawn.chance(0.5), markers: drawn.chance(0.3) },
    reads: 1 + drawn.below(8),
  };
  // Of two wrong bits in a segment TCP's checksum sees most, MPA's CRC all: without it the Ethernet's must.
  const seen = options.client!.crc || options.server!.crc;
  const world = iwarpPair(options);
  const { sim, client, server } = world;
  for (const station of world.stations)
    sim.impair(
      station,
      0,
      chances(
        { ...faults, ...damage, fcs: damage.fcs || !seen },
        sim.random.fork(`faults ${station.name}`),
      ),
    );
  const sides = [client, server].map(
    (end) => new Side(hostOf(end), { qp: end.qp, sendCq: end.cq, recvCq: end.cq }, random),
  ) as unknown as readonly [Side, Side];
  const streams = [client, server].map(
    (end) => (end.host.device.transport as Rnic).streamOf(end.qp)!,
  );
  let round = 0;
  for (; !areDone(sides); round++) {
    assert.ok(round < MOST_ROUNDS, 'no progress');
    post(sides, random, { sendsWithImm: false, receivesFirst: true });
    client.settle();
    server.settle();
    world.run(us(20));
    if (streams.some(({ error }) => error === 'bad-crc')) return endsByDamage(world, damage);
    for (const side of sides) collect(side);
  }
  world.run(seconds(60));
  for (const side of sides) {
    collect(side);
    judge(side);
  }
}

spec('random verbs programs over iWARP', (it) => {
  it(`arrive exactly once and in order through loss, copies, reordering and damage (${seeds} seeds)`, () => {
    for (let seed = first; seed < first + seeds; seed++) {
      try {
        program(seed);
      } catch (error) {
        const again = `WIREVERBS_SEED=${seed} WIREVERBS_SEEDS=1`;
        throw new Error(`seed ${seed}: ${again} repeats it\n${(error as Error).stack}`);
      }
    }
  });
});
