// F15's other half: one core asks local drives for random reads as fast as it goes, by a driver in user space that polls (SPDK).

import { NvmePerf, type NvmePerfOptions } from '../../apps/nvmeperf/index.js';
import { Host } from '../../host/index.js';
import { xeonPlatinum8280l } from '../../profiles/cpu.js';
import { p4600 } from '../../profiles/drive.js';
import { spdk, spdkPerfCycles } from '../../profiles/user-driver.js';
import { type DriveProfile, NvmeDrive } from '../../storage/drive/index.js';
import { MemoryVolume } from '../../storage/index.js';
import { after, seconds, us } from '../../time/index.js';
import { Simulation } from '../../world/sim.js';
import type { Experiments } from './row.js';

/** Until the reads that began together are spread. */
const WARM = us(1000);
const WATCHED = us(1500);
/** Of each drive: where a read lies makes no difference to it. */
const DRIVE_BYTES = 2 ** 30;

export interface PolledLoad extends Pick<NvmePerfOptions, 'depth' | 'bytes' | 'ringsAtOnce'> {
  readonly drive: DriveProfile;
  readonly count: number;
  readonly cpu?: typeof xeonPlatinum8280l;
}

/** The program after a while, with what it counted since it was warm. */
export function polledReads({ drive, count, cpu = xeonPlatinum8280l, ...load }: PolledLoad) {
  const sim = new Simulation({ seed: 1 });
  const { pool, random } = sim;
  const host = sim.add(
    new Host({
      name: 'host',
      pool,
      random,
      cpu,
      mac: '02:00:00:00:00:01',
      addresses: ['10.0.0.1/24'],
    }),
  );
  const drives = Array.from({ length: count }, (_, i) => {
    const volume = new MemoryVolume(DRIVE_BYTES);
    return new NvmeDrive({ name: `nvme${i}`, host, profile: drive, volume });
  });
  const perf = new NvmePerf({
    host,
    drives,
    driver: spdk,
    readCycles: spdkPerfCycles,
    random: random.fork('perf'),
    ...load,
  });
  sim.settle(host);
  sim.run(seconds(1), () => !perf.started);
  sim.run(after(sim.now, WARM));
  perf.begin();
  sim.run(after(sim.now, WATCHED));
  return { perf, host, seconds: WATCHED / 1e9 };
}

/** Millions of reads a second. */
function rate(load: PolledLoad): number {
  const { perf, seconds } = polledReads(load);
  return perf.reads / seconds / 1e6;
}

export const polledNvme: Experiments = {
  'polled NVMe I/O of one core': () => rate({ drive: p4600, count: 21, depth: 128, bytes: 4096 }),
};
