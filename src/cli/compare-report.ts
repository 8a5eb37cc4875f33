// How `wireverbs compare` prints: the stations of each path with what follows from them, and the counts of all paths beside
// each other.

import {
  type Comparison,
  type CountRow,
  countRows,
  inBytes,
  inUs,
  type PathRecord,
  type Station,
} from '../apps/compare/index.js';
import { print, style, table } from './terminal.js';

const US = 1000;

export function printComparison(comparison: Comparison, brief: boolean): void {
  const { size, op, nic, cpu, kernel, mtu, paths, warmUp } = comparison;
  print(style.layer(`One message of ${inBytes(size)} (${op}) over each path`));
  print(
    style.dim(
      `${nic}; CPU ${cpu}; socket stack ${kernel}; 100 Gb/s, Ethernet MTU ${mtu}, one cable.`,
    ),
  );
  print(
    style.dim(
      `Steady state: after ${warmUp} messages and a pause, so connections, neighbours, registered memory and caches are warm.`,
    ),
  );
  for (const path of paths) if (!brief) printPath(path);
  print(`\n${countsOf(comparison)}`);
}

/** The counts of all paths beside each other, and what follows from them. */
export const countsOf = ({ paths, findings }: Comparison): string =>
  [countTable(paths), '', ...findings].join('\n');

function printPath(path: PathRecord): void {
  print(`\n${style.layer(`${path.title}: ${path.operation}`)}`);
  const head = ['', 'from [us]', 'to [us]', 'where', 'who', 'what', 'bytes'];
  const rows: (string | number)[][] = [];
  let phase = 0;
  path.stations.forEach((station, i) => {
    if (station.phase !== phase) rows.push(['', '', '', '', '', style.dim('all is quiet, until')]);
    phase = station.phase;
    rows.push(stationRow(station, i + 1));
  });
  print(table(head, rows));
  for (const finding of path.findings) print(`- ${finding}`);
}

function stationRow(station: Station, number: number): (string | number)[] {
  const { side, by, times, bytes, atNs, untilNs } = station;
  const pieces = isMove(station) ? `in ${times} pieces` : `${times} times`;
  const often = times > 1 ? ` (${pieces})` : '';
  return [
    String(number).padStart(2),
    (atNs / US).toFixed(2).padStart(9),
    (untilNs / US).toFixed(2).padStart(9),
    side,
    side === 'wire' ? '' : by,
    `${wordsOf(station)}${often}`,
    bytes > 0 ? bytes.toLocaleString('en').padStart(7) : '',
  ];
}

const isMove = ({ kind }: Station): boolean =>
  kind === 'copy' || kind === 'dma-read' || kind === 'dma-write';

/** What happens at a station, with the places. */
function wordsOf({ kind, what, from, to }: Station): string {
  switch (kind) {
    case 'copy':
      return style.bad(`copies ${from} to ${to}`);
    case 'dma-read':
      return `reads ${from} by DMA`;
    case 'dma-write':
      return `writes ${to} by DMA`;
    case 'frame':
      return `${what} to the ${to}`;
    default:
      return what;
  }
}

const paired = (path: PathRecord, row: CountRow): string => {
  const told = (n: number) => (row.unit === 'ns' ? (n / US).toFixed(2) : n.toLocaleString('en'));
  return `${told(row.value(path, 'initiator'))} + ${told(row.value(path, 'target'))}`;
};

/** A column a path; initiator and target beside each other. */
function countTable(paths: readonly PathRecord[]): string {
  const head = ['initiator + target', ...paths.map(({ title }) => title)];
  const rows = countRows.map((row) => [
    row.unit === 'ns' ? `${row.title} [us]` : row.title,
    ...paths.map((path) => paired(path, row)),
  ]);
  rows.push(['latency: in place', ...paths.map(({ placedNs }) => inUs(placedNs))]);
  rows.push([
    'latency: known',
    ...paths.map(({ knownNs, knownBy }) => `${inUs(knownNs)}, ${knownBy}`),
  ]);
  return table(head, rows);
}
