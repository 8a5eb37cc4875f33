// Results of an experiment as a table: what the sweeps set, then what came out, an operation a row.

import { type OperationResult, type PointResult, partsOf } from '../experiments/index.js';
import { table } from './terminal.js';

const US = 1000;
const GIGA = 1e9;

/** Three figures are what histograms keep. */
export const threeFigures = (value: number): string => {
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
};

const us = (ns: number | undefined): string => (ns === undefined ? '' : threeFigures(ns / US));

/** 'block-size' of 'workload.block.block-size'. */
const shortName = (path: string): string => path.split('.').at(-1)!;

const shown = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? '');

export function resultTable(results: readonly PointResult[], swept: readonly string[]): string {
  const hasNames = results.some(({ workloads }) => workloads !== undefined);
  const head = [
    ...swept.map(shortName),
    ...(hasNames ? ['workload'] : []),
    'operation',
    'p50 us',
    'p99 us',
    'p99.9 us',
    'a second',
    'Gb/s',
    'CPU us each',
    'busiest',
  ];
  const rows = results.flatMap((result) => {
    const set = swept.map((path) => shown(result.set[path] ?? ''));
    return partsOf(result).flatMap(({ name, operations, failure }) => {
      const first = hasNames ? [...set, name] : set;
      if (operations.length === 0) return [[...first, failure, '', '', '', '', '', '', '']];
      return operations.map((one) => [...first, ...cells(result, one)]);
    });
  });
  return table(head, rows);
}

function cells({ measured }: PointResult, one: OperationResult): string[] {
  const { latency, operation, operationsPerSecond, bitsPerSecond } = one;
  const work = Object.values(measured?.hosts ?? {}).reduce(
    (sum, { cpu }) => sum + cpu.workNsPerOperation,
    0,
  );
  const { resource = '', busyPercent = 0 } = measured?.bottleneck ?? {};
  return [
    operation,
    us(latency?.p50Ns),
    us(latency?.p99Ns),
    us(latency?.p999Ns),
    Math.round(operationsPerSecond).toLocaleString('en'),
    threeFigures(bitsPerSecond / GIGA),
    us(work),
    `${resource} ${Math.round(busyPercent)} %`,
  ];
}

/** What did not end well, in words. */
export const troubles = (results: readonly PointResult[]): readonly string[] =>
  results.flatMap((result) => {
    const what = `combination ${result.point} ${JSON.stringify(result.set)}`;
    const found = result.failure === '' ? [] : [`${what}: ${result.failure}`];
    for (const { name, verified } of partsOf(result))
      if (verified && verified.wrong > 0)
        found.push(
          `${what}: ${name && `${name}: `}${verified.wrong} of ${verified.blocks} blocks read back were wrong`,
        );
    return found;
  });
