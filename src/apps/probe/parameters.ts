// What a probe is asked for: a part of one machine alone, without programs that talk to each other.

import type { CpuProfile } from '../../cpu/index.js';
import type { IommuProfile, PageBytes, PcieProfile } from '../../memory/index.js';

/** DMA by a device, by latency and by bandwidth, as pcie-bench has it; memory as cores see it, as Intel's MLC has it. */
export const probeNames = [
  'dma_read_lat',
  'dma_write_read_lat',
  'dma_read_bw',
  'dma_write_bw',
  'dma_read_write_bw',
  'mem_lat',
  'mem_bw',
] as const;
export type ProbeName = (typeof probeNames)[number];

export interface ProbeOptions {
  readonly probe: ProbeName;
  readonly cpu: CpuProfile;
  readonly pcie: PcieProfile;
  /** Bytes of a transfer. */
  readonly size?: number;
  readonly iters?: number;
  /** Bytes of memory that transfers are spread over, at random. */
  readonly windowBytes?: number;
  /** The device's addresses are translated, by pages of this size. */
  readonly iommu?: IommuProfile | undefined;
  readonly pageBytes?: PageBytes;
  /** Memory is another node's than that of the slot, or of the cores. */
  readonly remote?: boolean;
  /** NUMA nodes of the machine, which share its cores. */
  readonly nodes?: number;
  /** Nodes whose cores read at once. */
  readonly readers?: number;
  readonly seed?: number;
}

export type ProbeParameters = Required<ProbeOptions>;

const MOST_SIZE = 2 ** 20;
const MOST_WINDOW = 2 ** 28;
const MOST_ITERS = 10_000_000;
const MOST_NODES = 8;

/** @throws RangeError that names what cannot be */
export function probeParameters(given: ProbeOptions): ProbeParameters {
  const { probe, cpu, remote = false } = given;
  const isMemory = probe === 'mem_lat' || probe === 'mem_bw';
  if (isMemory && cpu.memory === undefined)
    throw new RangeError(`${cpu.name}: its profile does not say how fast its memory is`);
  const nodes = whole('nodes', given.nodes ?? (remote || isMemory ? 2 : 1), 1, MOST_NODES);
  if (remote && nodes === 1) throw new RangeError('nodes: memory of another node needs two');
  if (isMemory && cpu.cores % nodes !== 0)
    throw new RangeError(`nodes: ${cpu.cores} cores do not share ${nodes} nodes evenly`);
  const size = whole('size', given.size ?? 64, 1, MOST_SIZE);
  return {
    probe,
    cpu,
    pcie: given.pcie,
    size,
    iters: whole('iters', given.iters ?? (probe.endsWith('_lat') ? 1000 : 20_000), 2, MOST_ITERS),
    windowBytes: whole('window', given.windowBytes ?? Math.max(8192, size), size, MOST_WINDOW),
    iommu: given.iommu,
    pageBytes: given.pageBytes ?? 4096,
    remote,
    nodes,
    readers: whole('readers', given.readers ?? 1, 1, nodes),
    seed: given.seed ?? 1,
  };
}

function whole(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name}: expected a whole number from ${least} to ${most}, found ${value}`);
}
