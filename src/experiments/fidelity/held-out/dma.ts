// H01, H02, H06: DMA of a card and memory of a machine, as `wireverbs probe` measures them.

import { type ProbeName, type ProbeOptions, probe } from '../../../apps/probe/index.js';
import { xeonE52699v3 as cpu } from '../../../profiles/cpu.js';
import { vtdBroadwell } from '../../../profiles/iommu.js';
import { nfp6000Slot as pcie } from '../../../profiles/pcie.js';
import type { Experiments } from '../row.js';

type Asked = Partial<ProbeOptions>;
const BITS = 8;

const latency =
  (what: ProbeName, asked: Asked = {}) =>
  (): number => {
    const { latencies } = probe({ probe: what, cpu, pcie, iters: 32, ...asked });
    return latencies!.reduce((sum, ns) => sum + ns, 0) / latencies!.length;
  };

const gigabits =
  (what: ProbeName, asked: Asked = {}) =>
  (): number => {
    const { bytes, ns } = probe({ probe: what, cpu, pcie, ...asked }).moved!;
    return (bytes * BITS) / ns;
  };

export const dmaLatency: Experiments = {
  ...Object.fromEntries(
    [8, 64, 512, 2048].map((size) => [`read ${size} B`, latency('dma_read_lat', { size })]),
  ),
  'read 64 B, other node': latency('dma_read_lat', { remote: true }),
  ...Object.fromEntries(
    [64, 512, 2048].map((size) => [
      `write, read ${size} B`,
      latency('dma_write_read_lat', { size }),
    ]),
  ),
};

const bySize = (name: string, what: ProbeName, sizes: readonly number[]): Experiments =>
  Object.fromEntries(sizes.map((size) => [`${name} ${size} B`, gigabits(what, { size })]));
const behind = (windowBytes: number) =>
  gigabits('dma_read_bw', { iommu: vtdBroadwell, windowBytes });

export const dmaBandwidth: Experiments = {
  ...bySize('read', 'dma_read_bw', [64, 128, 256, 512, 2048]),
  ...bySize('write', 'dma_write_bw', [64, 128, 256, 2048]),
  ...bySize('both', 'dma_read_write_bw', [64, 512, 2048]),
  'IOMMU, 256 KiB': behind(2 ** 18),
  'IOMMU, 1 MiB': behind(2 ** 20),
  'IOMMU, 64 MiB': behind(2 ** 26),
};

const gigabytes = (asked: Asked) => () => gigabits('mem_bw', { nodes: 2, ...asked })() / BITS;

export const haswellReads: Experiments = {
  'local node': gigabytes({}),
  'remote node': gigabytes({ remote: true }),
  'both nodes': gigabytes({ readers: 2 }),
};
