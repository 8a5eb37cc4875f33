// What a comparison found, in three sentences that follow from its numbers: what an I/O takes, what it costs, and what the
// way into the VM and its neighbours do to it.

import { pathTitles } from '../../apps/compare/index.js';
import {
  copiesOfEachByte,
  cpuUs,
  deviceTitles,
  gigabits,
  kiops,
  latencyUs,
  type Row,
  type Rows,
  sizeWords,
} from './row.js';

const figures = (value: number): string => {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
};
const times = (a: number, b: number): string => `${figures(a / b)} times`;
const cpu = (row: Row): number => cpuUs(row).host + cpuUs(row).pool;
const copies = (row: Row): number => copiesOfEachByte(row).host + copiesOfEachByte(row).pool;

/** The wire that is compared with TCP: the one that routes, or whichever is there. */
export function rivals(rows: Rows, device = rows.usualDevice) {
  const at = (transport: Row['transport'], depth: number) =>
    rows.find({ transport, depth, device, placement: 'pinned', size: rows.usualSize });
  const rdma = (['rocev2', 'ib', 'rocev1', 'iwarp'] as const).find((name) =>
    at(name, rows.shallow),
  );
  if (rdma === undefined) return undefined;
  const shallow = { tcp: at('tcp', rows.shallow), rdma: at(rdma, rows.shallow)! };
  const deep = { tcp: at('tcp', rows.deep), rdma: at(rdma, rows.deep)! };
  if (!shallow.tcp || !deep.tcp) return undefined;
  return {
    name: pathTitles[rdma],
    shallow: { tcp: shallow.tcp, rdma: shallow.rdma },
    deep: { tcp: deep.tcp, rdma: deep.rdma },
  };
}

/** Three sentences, or those of them that the rows can carry. */
export function findings(rows: Rows): string[] {
  const found = rivals(rows);
  return [...(found ? [latency(rows, found), cost(rows, found)] : []), ...ways(rows)];
}

type Rivals = NonNullable<ReturnType<typeof rivals>>;

const where = (rows: Rows): string =>
  rows.usualDevice === 'host' ? 'on the bare host' : `in a VM by ${deviceTitles[rows.usualDevice]}`;

function latency(rows: Rows, { name, shallow, deep }: Rivals): string {
  const [slow, fast] = [latencyUs(shallow.tcp), latencyUs(shallow.rdma)];
  return (
    `A read of ${sizeWords(rows.usualSize)} ${where(rows)} takes ${figures(slow)} us over kernel TCP and ${figures(fast)} us over ${name}, ` +
    `and with ${rows.deep} at once kernel TCP carries ${figures(kiops(deep.tcp))} thousand I/Os a second and ${name} ${figures(kiops(deep.rdma))} thousand.`
  );
}

function cost(_rows: Rows, { name, deep: { tcp, rdma } }: Rivals): string {
  const moved = (row: Row) =>
    copies(row) < 0.01 ? 'copy no byte' : `copy every byte ${figures(copies(row))} times`;
  return (
    `Each of those I/Os costs ${figures(cpu(tcp))} us of CPU on host and pool over kernel TCP, whose CPUs ${moved(tcp)}, and ${figures(cpu(rdma))} us over ${name}, ` +
    `whose CPUs ${moved(rdma)}: the same cores serve ${times(cpu(tcp), cpu(rdma))} as many, or a million of them a second leave ${figures(cpu(tcp) - cpu(rdma))} more cores to be sold.`
  );
}

function ways(rows: Rows): string[] {
  const transport = rows.transports.includes('rocev2') ? 'rocev2' : rows.transports.at(-1)!;
  const at = (device: Row['device'], placement: Row['placement'] = 'pinned') =>
    rows.find({ device, placement, transport, size: rows.usualSize, depth: rows.shallow });
  const guests = rows.devices
    .filter((device) => device !== 'host')
    .flatMap((device) => at(device) ?? []);
  if (guests.length < 2) return throughput(rows, transport);
  const sorted = [...guests].sort((a, b) => latencyUs(a) - latencyUs(b));
  const told = sorted.map((row) => `${deviceTitles[row.device]} ${figures(latencyUs(row))} us`);
  const shared = at(rows.usualDevice, 'shared');
  const pinned = at(rows.usualDevice);
  const tail =
    shared && pinned
      ? `, and sharing its cores with other VMs lengthens the 99.9th percentile by ${deviceTitles[rows.usualDevice]} from ${figures(latencyUs(pinned, 'p999Ns'))} to ${figures(latencyUs(shared, 'p999Ns'))} us`
      : '';
  return [
    `Over ${pathTitles[transport]} the way into the VM decides what is left of that: ${told.join(', ')}${tail}.`,
  ];
}

function throughput(rows: Rows, transport: Row['transport']): string[] {
  const size = rows.sizes.at(-1)!;
  const device = rows.usualDevice;
  const at = (name: Row['transport']) =>
    rows.find({ transport: name, device, size, depth: rows.deep, placement: 'pinned' });
  const [tcp, rdma] = [at('tcp'), at(transport)];
  if (!tcp || !rdma || transport === 'tcp') return [];
  return [
    `With ${rows.deep} requests of ${sizeWords(size)} at once, ${figures(gigabits(tcp))} Gb/s go over kernel TCP and ${figures(gigabits(rdma))} Gb/s over ${pathTitles[transport]}; what holds the former back is ${bottleneck(tcp)}, the latter ${bottleneck(rdma)}.`,
  ];
}

function bottleneck({ result }: Row): string {
  const { resource, busyPercent } = result.measured!.bottleneck;
  return `${resource} (${Math.round(busyPercent)} % busy)`;
}
