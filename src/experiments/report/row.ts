// Results of a comparison of disks as rows: by which way, of what size, how many at once, and the numbers that plots and
// tables take from them.

import { type PathName, pathTitles } from '../../apps/compare/index.js';
import { readSize } from '../../scenario/quantity.js';
import { valueAt } from '../file/sweep.js';
import type { PointText } from '../file/text.js';
import { isList } from '../file/workload.js';
import type { PointResult } from '../run/result.js';

/** How a program has its disk: of the host itself, or a VM in one of four ways. */
export const devices = ['host', 'emulated', 'virtio', 'vf', 'passthrough'] as const;
export type DeviceName = (typeof devices)[number];

export const deviceTitles: Readonly<Record<DeviceName, string>> = {
  host: 'bare host',
  emulated: 'full emulation',
  virtio: 'virtio',
  vf: 'SR-IOV VF',
  passthrough: 'passthrough',
};

export type PlacementName = 'pinned' | 'shared';

export interface Row {
  readonly transport: PathName;
  readonly device: DeviceName;
  readonly placement: PlacementName;
  readonly size: number;
  readonly depth: number;
  /** Of the volume, on as many nodes of the pool. */
  readonly copies: number;
  readonly result: PointResult;
}

const DEFAULT_SIZE = 4096;

/** A result with the text of its combination; undefined where it came to nothing, or is no block job that is alone. */
export function rowOf(result: PointResult, text: PointText): Row | undefined {
  if (isList(text.workload)) return undefined;
  const { block } = text.workload;
  if (!block || result.failure !== '' || !result.measured) return undefined;
  const size = block['block-size'];
  if (Array.isArray(size)) return undefined;
  return {
    transport: text.transport ?? 'rocev2',
    device: (valueAt(text, ['vms', 'device']) as DeviceName | undefined) ?? 'host',
    placement: (valueAt(text, ['vms', 'placement']) as PlacementName | undefined) ?? 'pinned',
    size: size === undefined ? DEFAULT_SIZE : readSize('size', size as string),
    depth: block.depth ?? 1,
    copies: text.pool?.replicas ?? 1,
    result,
  };
}

const US = 1000;
const KILO = 1000;
const GIGA = 1e9;

/** Reads where there are some, else writes. */
const main = ({ result }: Row) =>
  result.operations.find(({ operation }) => operation === 'read') ?? result.operations[0]!;

export type Percentile = 'p50Ns' | 'p90Ns' | 'p99Ns' | 'p999Ns' | 'p9999Ns';

export const latencyUs = (row: Row, percentile: Percentile = 'p50Ns'): number =>
  main(row).latency![percentile] / US;

const sum = (row: Row, of: (one: PointResult['operations'][number]) => number): number =>
  row.result.operations.reduce((total, one) => total + of(one), 0);

/** Median of reads or of writes; undefined where there are none. */
export const medianUs = ({ result }: Row, operation: 'read' | 'write'): number | undefined => {
  const found = result.operations.find((one) => one.operation === operation);
  return found?.latency && found.latency.p50Ns / US;
};

export const kiops = (row: Row): number => sum(row, (one) => one.operationsPerSecond) / KILO;
export const gigabits = (row: Row): number => sum(row, (one) => one.bitsPerSecond) / GIGA;
export const operations = (row: Row): number => sum(row, (one) => one.count);

type Use = NonNullable<PointResult['measured']>['hosts'][string];

/** What both sides did: who uses the disk, and all nodes of the pool that have a copy. */
export function sidesOf({ result }: Row): { readonly host: Use; readonly pool: Use } {
  const uses = Object.entries(result.measured!.hosts);
  const names = result.pool?.copies.map(({ host }) => host) ?? [uses.at(-1)![0]];
  const of = (isNode: boolean) =>
    uses.flatMap(([name, use]) => (names.includes(name) === isNode ? [use] : []));
  return { host: of(false)[0]!, pool: of(true).reduce(added) };
}

/** Counts of two hosts together; of their cores only what an operation takes. */
function added(a: Use, b: Use): Use {
  const counts: { -readonly [name in keyof Use['counts']]: number } = { ...a.counts };
  for (const name of Object.keys(counts) as (keyof typeof counts)[]) counts[name] += b.counts[name];
  const workNsPerOperation = a.cpu.workNsPerOperation + b.cpu.workNsPerOperation;
  return { ...a, cpu: { ...a.cpu, workNsPerOperation }, counts };
}

/** Microseconds of cores at work for one operation. */
export function cpuUs(row: Row): { readonly host: number; readonly pool: number } {
  const { host, pool } = sidesOf(row);
  const of = ({ cpu }: Use) => cpu.workNsPerOperation / US;
  return { host: of(host), pool: of(pool) };
}

/** How often CPUs moved each byte of the data. */
export function copiesOfEachByte(row: Row): { readonly host: number; readonly pool: number } {
  const { host, pool } = sidesOf(row);
  const bytes = sum(row, (one) => one.bytes);
  return { host: host.counts.bytesCopied / bytes, pool: pool.counts.bytesCopied / bytes };
}

export const titleOf = ({ transport, device }: Pick<Row, 'transport' | 'device'>): string =>
  `${pathTitles[transport]}, ${deviceTitles[device]}`;

/** '512 B', '4 KiB', '1 MiB'. */
export function sizeWords(bytes: number): string {
  const units = [' B', ' KiB', ' MiB', ' GiB'];
  const power = bytes < KIB ? 0 : Math.floor(Math.log2(bytes) / 10);
  return `${bytes / KIB ** power}${units[power]}`;
}
const KIB = 1024;

/** All rows of a comparison, and how they are asked for. */
export class Rows {
  readonly transports: readonly PathName[];
  readonly devices: readonly DeviceName[];
  readonly placements: readonly PlacementName[];
  readonly sizes: readonly number[];
  readonly depths: readonly number[];
  readonly copies: readonly number[];

  constructor(readonly all: readonly Row[]) {
    const known = <T>(of: (row: Row) => T): T[] => [...new Set(all.map(of))];
    const order = Object.keys(pathTitles) as PathName[];
    this.transports = order.filter((name) => all.some(({ transport }) => transport === name));
    this.devices = devices.filter((name) => all.some(({ device }) => device === name));
    this.placements = known(({ placement }) => placement);
    this.sizes = known(({ size }) => size).sort((a, b) => a - b);
    this.depths = known(({ depth }) => depth).sort((a, b) => a - b);
    this.copies = known(({ copies }) => copies).sort((a, b) => a - b);
  }

  /** With the fewest copies unless told. */
  find(wanted: Partial<Omit<Row, 'result'>>): Row | undefined {
    const names = Object.keys(wanted) as (keyof typeof wanted)[];
    const { copies = this.copies[0] } = wanted;
    return this.all.find(
      (row) => row.copies === copies && names.every((name) => row[name] === wanted[name]),
    );
  }

  /** The size that is nearest to 4 KiB, which most disks are asked for most. */
  get usualSize(): number {
    return this.sizes.reduce((best, size) =>
      Math.abs(Math.log2(size / DEFAULT_SIZE)) < Math.abs(Math.log2(best / DEFAULT_SIZE))
        ? size
        : best,
    );
  }

  get shallow(): number {
    return this.depths[0]!;
  }

  get deep(): number {
    return this.depths.at(-1)!;
  }

  /** The way that most VMs have their disk: virtio where it is there. */
  get usualDevice(): DeviceName {
    return this.devices.includes('virtio') ? 'virtio' : this.devices[0]!;
  }
}
