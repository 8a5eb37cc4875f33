// perftest's tables, column by column as it prints them, so that scripts that read perftest's output read ours.

import type { Bandwidth, Latency } from './statistics.js';

/** RESULT_LINE of perftest_parameters.h. */
export const RULE = '-'.repeat(87);

const MEGABYTE = 2 ** 20;
const GIGABIT_BYTES = 125_000_000;
const US = 1000;

/** printf's %-WIDTH.DIGITSf. */
const fixed = (value: number, width = 7, digits = 2): string => value.toFixed(digits).padEnd(width);

/** Head of the table of a bandwidth test. */
export const bandwidthHead = (gigabits: boolean): string => {
  const unit = gigabits ? 'Gb/sec' : 'MB/sec';
  return ` #bytes     #iterations    BW peak[${unit}]    BW average[${unit}]   MsgRate[Mpps]`;
};

/** A row of the table of a bandwidth test. */
export function bandwidthRow(
  size: number,
  iters: number,
  { peak, average, messageRate }: Bandwidth,
  gigabits: boolean,
): string {
  const unit = gigabits ? GIGABIT_BYTES : MEGABYTE;
  const speed = `${fixed(peak / unit)}            ${fixed(average / unit)}`;
  const rate = fixed(messageRate / 1e6, 7, 6);
  return ` ${String(size).padEnd(7)}    ${String(iters).padEnd(10)}       ${speed}\t\t   ${rate}`;
}

/** Head of the table of a latency test. */
export const latencyHead =
  ' #bytes #iterations    t_min[usec]    t_max[usec]  t_typical[usec]    t_avg[usec]    t_stdev[usec]' +
  '   99% percentile[usec]   99.9% percentile[usec] ';

/** A row of the table of a latency test. */
export function latencyRow(size: number, iters: number, latency: Latency): string {
  const us = (ns: number) => fixed(ns / US);
  const { min, max, typical, average, stdev, p99, p999 } = latency;
  return (
    ` ${String(size).padEnd(7)} ${iters}          ${us(min)}        ${us(max)}      ${us(typical)}  \t       ` +
    `${us(average)}     \t${us(stdev)}\t\t${us(p99)} \t\t${us(p999)}`
  );
}
