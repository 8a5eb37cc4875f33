// Comparisons as a table for people, and as a table of Markdown.

import { type Comparison, type HeldOutRow, medianError, type PublishedRow } from './row.js';

const DIGITS = 4;
const shown = (value: number): string =>
  Number.isFinite(value) ? String(Number(value.toPrecision(DIGITS))) : '-';

/** Cells of one comparison. */
function cells({ row, published, found, why, error, tolerance, holds }: Comparison): string[] {
  const { name, value, most, unit, points, bottleneck } = published;
  const sign = error > 0 ? '+' : '';
  const of = points === undefined ? '%' : 'pt';
  const expected = most === undefined ? shown(value) : `${shown(value)} to ${shown(most)}`;
  return [
    row,
    name,
    `${expected} ${unit}`,
    found ? `${shown(found.value)} ${unit}` : '-',
    found ? `${sign}${error.toFixed(1)} ${of}` : '-',
    Number.isFinite(tolerance) ? `${tolerance} ${of}` : '',
    found ? (Number.isFinite(tolerance) ? (holds ? 'ok' : 'FAIL') : '') : 'none',
    why || (bottleneck === undefined ? '' : `${bottleneck}; found ${found?.bottleneck ?? '?'}`),
  ];
}

export const columns = ['row', 'value', 'published', 'simulated', 'error', 'tolerance', '', 'note'];

export const tableOf = (comparisons: readonly Comparison[]): string[][] => comparisons.map(cells);

/** Aligned columns. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const all = [columns, ...rows];
  const widths = columns.map((_, i) => Math.max(...all.map((row) => row[i]!.length)));
  const right = new Set([2, 3, 4, 5]);
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (right.has(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  return all.map(line).join('\n');
}

/** How many hold where there are tolerances, and the median; of a row that has a bound on it, that too. */
export function summaryOf(
  row: PublishedRow | HeldOutRow,
  comparisons: readonly Comparison[],
): string {
  const held = comparisons.filter(({ holds }) => holds).length;
  const known = comparisons.filter(({ found }) => found !== undefined);
  const median = known.length > 0 ? medianError(known).toFixed(1) : '-';
  const error = `median error ${median} %`;
  if (!('percent' in row)) return `${row.id}: ${error}`;
  const bound = row.medianPercent === undefined ? '' : ` (tolerance ${row.medianPercent} %)`;
  return `${row.id}: ${held} of ${comparisons.length} within tolerance, ${error}${bound}`;
}

/** The median is within the row's bound, where it has one. */
export function medianHolds(row: PublishedRow, comparisons: readonly Comparison[]): boolean {
  const known = comparisons.filter(({ found }) => found !== undefined);
  return row.medianPercent === undefined || medianError(known) <= row.medianPercent;
}
