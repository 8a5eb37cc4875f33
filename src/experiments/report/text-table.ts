// The comparison as a table for a terminal of 120 columns: a transport a column, a way into the VM a row.

import { pathTitles } from '../../apps/compare/index.js';
import {
  cpuUs,
  deviceTitles,
  gigabits,
  kiops,
  latencyUs,
  type Row,
  type Rows,
  sizeWords,
} from './row.js';

export interface TextBlock {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const figures = (value: number): string => {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
};

/** Blocks of the table: what an I/O takes, how many a second there are, what each costs, and how many bytes move. */
export function textBlocks(rows: Rows): readonly TextBlock[] {
  const { usualSize: usual, shallow, deep } = rows;
  const large = rows.sizes.at(-1)!;
  const cpu = (row: Row) => cpuUs(row).host + cpuUs(row).pool;
  const both = (row: Row) => `${figures(latencyUs(row))} / ${figures(latencyUs(row, 'p999Ns'))}`;
  return [
    block(
      rows,
      `read of ${sizeWords(usual)}, depth ${shallow}: median / 99.9 % [us]`,
      usual,
      shallow,
      both,
    ),
    block(rows, `${sizeWords(usual)}, depth ${deep}: thousand I/Os a second`, usual, deep, (row) =>
      figures(kiops(row)),
    ),
    block(
      rows,
      `${sizeWords(usual)}, depth ${deep}: CPU of host and pool an I/O [us]`,
      usual,
      deep,
      (row) => figures(cpu(row)),
    ),
    block(rows, `${sizeWords(large)}, depth ${deep}: Gb/s`, large, deep, (row) =>
      figures(gigabits(row)),
    ),
  ];
}

function block(
  rows: Rows,
  title: string,
  size: number,
  depth: number,
  value: (row: Row) => string,
): TextBlock {
  const lines = rows.devices.flatMap((device) =>
    rows.placements.flatMap((placement) => {
      const found = rows.transports.map((transport) =>
        rows.find({ device, placement, transport, size, depth }),
      );
      if (found.every((row) => row === undefined)) return [];
      const name = deviceTitles[device] + (device === 'host' ? '' : `, ${placement}`);
      return [[name, ...found.map((row) => (row ? value(row) : ''))]];
    }),
  );
  return { title, head: ['', ...rows.transports.map((name) => pathTitles[name])], rows: lines };
}
