// Tests of perftest's and of TCP between two guests, or whoever else is named.

import {
  Perftest,
  type PerftestOptions,
  type PerftestResult,
  perftestParameters,
} from '../../../src/apps/perftest/index.js';
import {
  TcpTest,
  type TcpTestOptions,
  type TcpTestResult,
} from '../../../src/apps/tcptest/index.js';
import type { Computer } from '../../../src/host/index.js';
import { parseIp } from '../../../src/stack/index.js';
import { seconds } from '../../../src/time/index.js';
import { assert } from '../../support/spec.js';
import type { GuestWorld } from './network.js';

export const guestsIn = ({ vms }: GuestWorld): Computer[] => vms.map(({ guest }) => guest);

export function settle({ sim, stations }: GuestWorld): void {
  for (const station of stations) sim.settle(station);
}

export function perftest(
  world: GuestWorld,
  options: PerftestOptions,
  ends: readonly Computer[] = guestsIn(world),
): PerftestResult {
  const test = new Perftest(ends[0]!, ends[1]!, perftestParameters(options), (call) => {
    call(world.sim.now);
    settle(world);
  });
  test.start();
  settle(world);
  world.sim.run(seconds(10), () => !test.ended);
  const result = test.result(world.sim.now);
  assert.is(result.failure, '');
  return result;
}

export function tcpTest(
  world: GuestWorld,
  options: TcpTestOptions,
  ends: readonly Computer[] = guestsIn(world),
): TcpTestResult {
  const address = parseIp(world.addresses[1]!);
  const test = new TcpTest(ends[0]!, ends[1]!, address, options);
  test.start();
  settle(world);
  world.sim.run(seconds(10), () => !test.ended);
  const result = test.result(world.sim.now);
  assert.is(result.failure, '');
  return result;
}
