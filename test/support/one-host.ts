// One host without a network, for tests of what happens inside it.

import type { Program } from '../../src/cpu/index.js';
import { Host, type HostOptions } from '../../src/host/index.js';
import { type Nanos, seconds } from '../../src/time/index.js';
import { Simulation } from '../../src/world/sim.js';

export interface Alone {
  readonly sim: Simulation;
  readonly host: Host;
  /** Runs a program to its end. @throws Error when it has none within the time */
  run(program: Program, longest?: Nanos): void;
}

export function alone(options: Partial<HostOptions> = {}): Alone {
  const sim = new Simulation({ seed: 1 });
  const { pool, random } = sim;
  const mac = '52:54:00:00:00:01';
  const host = new Host({ name: 'h', pool, random, mac, addresses: ['10.0.0.1/24'], ...options });
  sim.add(host);
  const run = (program: Program, longest: Nanos = seconds(600)): void => {
    const thread = host.spawn('program', program);
    sim.settle(host);
    sim.run(longest, () => !thread.ended);
    if (!thread.ended) throw new Error('the program did not end');
  };
  return { sim, host, run };
}
