// A host with round numbers, for tests of guests.

import type { CpuProfile } from '../../../src/cpu/index.js';
import { Host, type HostOptions } from '../../../src/host/index.js';
import { Simulation } from '../../../src/world/sim.js';

export const roundNumbers: CpuProfile = {
  name: 'round numbers',
  cores: 1,
  hertz: 1e9,
  systemCallNs: 100,
  contextSwitchNs: 1000,
  wakeUpNs: 5000,
  interruptNs: 200,
  timeSliceNs: 3_000_000,
  copyBitsPerSecond: 80e9,
  postNs: 0,
  pollNs: 0,
  emptyPollNs: 0,
};

export function machine(cpu: Partial<CpuProfile> = {}, options: Partial<HostOptions> = {}) {
  const sim = new Simulation({ seed: 1 });
  const host = new Host({
    name: 'h',
    pool: sim.pool,
    mac: '52:54:00:00:00:01',
    addresses: ['10.0.0.1/24'],
    random: sim.random,
    cpu: { ...roundNumbers, ...cpu },
    ...options,
  });
  sim.add(host);
  return { sim, host };
}
