// F19: a core that reads one line after another, and all cores of one node or of both that read as much as they can.

import { type ProbeOptions, probe } from '../../apps/probe/index.js';
import { xeonPlatinum8180 as cpu } from '../../profiles/cpu.js';
import { pcieGen3x16 as pcie } from '../../profiles/pcie.js';
import type { Experiments } from './row.js';

type Asked = Pick<ProbeOptions, 'remote' | 'readers'>;

const latency =
  (asked: Asked = {}) =>
  (): number =>
    probe({ probe: 'mem_lat', cpu, pcie, iters: 32, ...asked }).latencies!.at(-1)!;

/** Gigabytes a second. */
const bandwidth =
  (asked: Asked = {}) =>
  (): number => {
    const { bytes, ns } = probe({ probe: 'mem_bw', cpu, pcie, ...asked }).moved!;
    return bytes / ns;
  };

export const memoryReads: Experiments = {
  'idle latency, local': latency(),
  'idle latency, remote': latency({ remote: true }),
  'local node': bandwidth(),
  'remote node': bandwidth({ remote: true }),
  'both nodes': bandwidth({ readers: 2 }),
};
