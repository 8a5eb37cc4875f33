// The plots of the page, and what each shows.

import { type PathName, pathTitles } from '../../apps/compare/index.js';
import { type BarPanel, bars, curves, type Ink, type Panel } from './chart.js';
import {
  copiesOfEachByte,
  cpuUs,
  type DeviceName,
  deviceTitles,
  gigabits,
  kiops,
  latencyUs,
  type Percentile,
  type Row,
  type Rows,
  sizeWords,
} from './row.js';

export interface Figure {
  readonly title: string;
  readonly caption: string;
  readonly svg: string;
  /** What its colours mean. */
  readonly legend: readonly (readonly [name: string, ink: Ink])[];
}

export const inks: Readonly<Record<PathName, Ink>> = {
  tcp: { colour: '--tcp', symbol: 'triangle' },
  iwarp: { colour: '--iwarp', symbol: 'diamond' },
  rocev1: { colour: '--rocev1', symbol: 'emptyCircle' },
  rocev2: { colour: '--rocev2', symbol: 'circle' },
  ib: { colour: '--ib', symbol: 'rect' },
};

const HOST: Ink = { colour: '--host', symbol: 'rect' };
const POOL: Ink = { colour: '--pool', symbol: 'rect' };

const short: Readonly<Record<PathName, string>> = {
  tcp: 'TCP',
  iwarp: 'iWARP',
  rocev1: 'RoCE\nv1',
  rocev2: 'RoCE\nv2',
  ib: 'IB',
};

const figures = (value: number): string => {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value === 0 ? 0 : 2;
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
};

const legendOf = (rows: Rows): Figure['legend'] =>
  rows.transports.map((transport) => [pathTitles[transport], inks[transport]] as const);

/** A panel a device, pinned; what comes of `of` for each transport. */
function panels<T>(rows: Rows, of: (device: DeviceName) => T): (T & { title: string })[] {
  return rows.devices.map((device) => ({ title: deviceTitles[device], ...of(device) }));
}

function bySize(rows: Rows, depth: number, value: (row: Row) => number): Panel[] {
  return panels(rows, (device) => ({
    curves: rows.transports.map((transport) => ({
      name: pathTitles[transport],
      ink: inks[transport],
      points: rows.sizes.flatMap((size, i) => {
        const row = rows.find({ device, transport, size, depth, placement: 'pinned' });
        return row ? [[i, value(row)] as const] : [];
      }),
    })),
  }));
}

function byTransport(
  rows: Rows,
  depth: number,
  size: number,
  parts: (row: Row) => BarPanel['bars'][0]['parts'],
): BarPanel[] {
  return panels(rows, (device) => ({
    bars: rows.transports.flatMap((transport) => {
      const row = rows.find({ device, transport, size, depth, placement: 'pinned' });
      return row ? [{ name: short[transport], parts: parts(row) }] : [];
    }),
  }));
}

const sizeAxis = (rows: Rows) => ({
  name: 'bytes of a request',
  names: rows.sizes.map((size) => sizeWords(size).replace(' ', '\n')),
});

/** Curves that lie on each other look like one that is missing. */
function alike(rows: Rows, depth: number): string {
  const rdma = rows.transports.filter((name) => name !== 'tcp');
  const isAlike = rows.all
    .filter((row) => row.depth === depth && row.transport !== 'tcp' && row.placement === 'pinned')
    .every((row) => {
      const first = rows.find({ ...key(row), transport: rdma[0]! });
      return first !== undefined && Math.abs(latencyUs(row) / latencyUs(first) - 1) < ALIKE;
    });
  if (rdma.length < 2 || !isAlike) return '';
  const names = rdma.map((name) => pathTitles[name]);
  return ` ${names.slice(0, -1).join(', ')} and ${names.at(-1)} lie on one line: they differ in headers, not in what the hosts do.`;
}
const ALIKE = 0.03;

const key = ({ device, placement, size, depth }: Row) => ({ device, placement, size, depth });

const inkOfShort = (name: string): string =>
  inks[(Object.keys(short) as PathName[]).find((path) => short[path] === name)!].colour;

/** All figures, in the order of the page. */
export function figuresOf(rows: Rows): Figure[] {
  const { usualSize: size, shallow, deep } = rows;
  const words = sizeWords(size);
  const both = [
    ['host', HOST],
    ['pool', POOL],
  ] as const;
  const parts = ({ host, pool }: { readonly host: number; readonly pool: number }) => [
    { part: 'host', value: host },
    { part: 'pool', value: pool },
  ];
  const colourOf = (_: string, part: string) => (part === 'pool' ? POOL.colour : HOST.colour);
  const large = rows.sizes.at(-1)!;
  return [
    {
      title: `What a program waits for a read of ${words}`,
      caption: `Microseconds from the system call until the data is there, half of all reads are quicker; queue depth ${shallow}, vCPUs pinned.`,
      svg: bars(
        'latency by transport',
        byTransport(rows, shallow, size, (row) => [{ part: 'latency', value: latencyUs(row) }]),
        { name: 'us' },
        (bar) => inkOfShort(bar),
        figures,
      ),
      legend: legendOf(rows),
    },
    {
      title: 'The same for other sizes',
      caption: `Median latency of reads at queue depth ${shallow}; both scales are logarithmic.${alike(rows, shallow)}`,
      svg: curves(
        'latency by size',
        bySize(rows, shallow, (row) => latencyUs(row)),
        sizeAxis(rows),
        {
          name: 'us',
          log: true,
        },
      ),
      legend: legendOf(rows),
    },
    {
      title: `How many requests a second, ${deep} at once`,
      caption: `Thousands of reads and writes a second by one thread, on a logarithmic scale.`,
      svg: curves('IOPS by size', bySize(rows, deep, kiops), sizeAxis(rows), {
        name: 'thousand a second',
        log: true,
      }),
      legend: legendOf(rows),
    },
    {
      title: `How many bytes a second, ${deep} at once`,
      caption: 'Reads and writes together; the link carries 100 Gb/s each way.',
      svg: curves('throughput by size', bySize(rows, deep, gigabits), sizeAxis(rows), {
        name: 'Gb/s',
      }),
      legend: legendOf(rows),
    },
    {
      title: `What cores of host and pool do for one ${words} I/O`,
      caption: `Microseconds of CPU at work at queue depth ${deep}: programs, kernel, interrupts, exits of the VM.`,
      svg: bars(
        'CPU by transport',
        byTransport(rows, deep, size, (row) => parts(cpuUs(row))),
        { name: 'us of CPU an I/O' },
        colourOf,
        figures,
      ),
      legend: both,
    },
    {
      title: 'How often CPUs copy each byte',
      caption: `Of requests of ${sizeWords(large)} at queue depth ${deep}. What is not copied by a CPU moves by DMA, from the wire to the program's own pages.`,
      svg: bars(
        'copies by transport',
        byTransport(rows, deep, large, (row) => parts(copiesOfEachByte(row))),
        { name: 'copies of each byte' },
        colourOf,
        figures,
        260,
      ),
      legend: both,
    },
    ...tails(rows),
  ];
}

const percentiles: readonly (readonly [Percentile, string])[] = [
  ['p50Ns', '50 %'],
  ['p90Ns', '90 %'],
  ['p99Ns', '99 %'],
  ['p999Ns', '99.9 %'],
  ['p9999Ns', '99.99 %'],
];

/** Pinned and shared vCPUs, percentile by percentile. */
function tails(rows: Rows): Figure[] {
  const guests = rows.devices.filter((device) => device !== 'host');
  if (!rows.placements.includes('shared') || guests.length === 0) return [];
  const shown = rows.transports.filter((name) => name === 'tcp' || name === 'rocev2');
  const { usualSize: size, shallow: depth } = rows;
  return [
    {
      title: 'What sharing cores with other VMs does to the tail',
      caption: `Latency of ${sizeWords(size)} reads that so many of a hundred do not exceed, queue depth ${depth}: pinned vCPUs, and dashed vCPUs that share their cores.`,
      svg: curves(
        'tail latency, pinned and shared',
        guests.map((device) => ({
          title: deviceTitles[device],
          curves: shown.flatMap((transport) =>
            rows.placements.flatMap((placement) => {
              const row = rows.find({ transport, device, placement, size, depth });
              if (!row) return [];
              const ink = { ...inks[transport], dashed: placement === 'shared' };
              const points = percentiles.map(([name], i) => [i, latencyUs(row, name)] as const);
              return [{ name: `${pathTitles[transport]} ${placement}`, ink, points }];
            }),
          ),
        })),
        { name: 'of all reads', names: percentiles.map(([, name]) => name) },
        { name: 'us', log: true },
      ),
      legend: shown.flatMap((transport) => [
        [`${pathTitles[transport]}, pinned`, inks[transport]] as const,
        [`${pathTitles[transport]}, shared`, { ...inks[transport], dashed: true }] as const,
      ]),
    },
  ];
}
