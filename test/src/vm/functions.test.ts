// Guests with a function of a card, or all of it: the programs of hosts, unchanged.

import {
  Perftest,
  type PerftestOptions,
  perftestParameters,
} from '../../../src/apps/perftest/index.js';
import type { Computer } from '../../../src/host/index.js';
import { seconds } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';
import { type GuestWorld, guestsOf, type Way } from './network.js';

function perftest(world: GuestWorld, ends: readonly Computer[], options: PerftestOptions) {
  const { sim, hosts } = world;
  const test = new Perftest(ends[0]!, ends[1]!, perftestParameters(options), (call) => {
    call(sim.now);
    for (const host of hosts) sim.settle(host);
  });
  test.start();
  for (const host of hosts) sim.settle(host);
  sim.run(seconds(10), () => !test.ended);
  return test.result(sim.now);
}

const ways: readonly Way[] = ['vf', 'card'];
const wires = [
  ['RoCE v2', 'rocev2'],
  ['RoCE v1', 'rocev1'],
  ['iWARP', 'iwarp'],
] as const;

spec('functions of guests', (it) => {
  for (const way of ways)
    for (const [wire, name] of wires)
      it(`${wire}: two guests with ${way === 'vf' ? 'a virtual function' : 'the whole card'} run perftest`, () => {
        const world = guestsOf({ kind: 'switched', wire, way });
        const ends = world.vms.map(({ guest }) => guest);
        for (const test of ['send_lat', 'write_lat', 'read_bw'] as const) {
          const result = perftest(world, ends, {
            test,
            wire: name,
            size: 4096,
            iters: 50,
            mtu: 1024,
          });
          assert.is(result.failure, '');
          assert.is(result.completed, 50);
        }
      });
});
