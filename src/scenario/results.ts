// What came out of a lab: of every test, host, switch and link, as values with names and as a table.

import type { Perftest, PerftestResult } from '../apps/perftest/index.js';
import type { Values } from './expectation.js';
import type { Lab } from './lab.js';

/** The results of a run. */
export interface Results {
  readonly workloads: Readonly<Record<string, PerftestResult>>;
  /** All numbers and words by their names. */
  readonly values: Values;
}

const BITS = 8;

/** Collects what a lab's tests, hosts, switches and links have to say. */
export function resultsOf(lab: Lab, tests: ReadonlyMap<string, Perftest>): Results {
  const workloads: Record<string, PerftestResult> = {};
  const values: Record<string, number | string> = { time: lab.now };
  for (const [name, test] of tests) {
    const result = test.result(lab.now);
    workloads[name] = result;
    const at = `workloads.${name}`;
    for (const [key, value] of Object.entries(valuesOf(result))) values[`${at}.${key}`] = value;
  }
  for (const host of lab.hosts) {
    values[`hosts.${host.name}.name`] = host.name;
    for (const [key, value] of Object.entries(host.device.counters.all()))
      values[`hosts.${host.name}.${key}`] = value;
    for (const [key, value] of host.port?.counters ?? [])
      values[`hosts.${host.name}.${key}`] = value;
  }
  for (const [name, station] of lab.fabric.switches) {
    const { drops, marked, pausesSent } = station as unknown as {
      readonly drops?: ReadonlyMap<string, number>;
      readonly marked?: number;
      readonly pausesSent?: number;
    };
    let sum = 0;
    for (const [why, count] of drops ?? []) {
      values[`switches.${name}.drops.${why}`] = count;
      sum += count;
    }
    values[`switches.${name}.drops`] = sum;
    values[`switches.${name}.marked`] = marked ?? 0;
    values[`switches.${name}.pauses`] = pausesSent ?? 0;
  }
  let lost = 0;
  for (const [why, count] of lab.sim.lost) {
    values[`lost.${why}`] = count;
    lost += count;
  }
  values.lost = lost;
  return { workloads, values };
}

/** One test's values; rates are in bits a second, times in nanoseconds. */
function valuesOf(result: PerftestResult): Record<string, number | string> {
  const { bandwidth, latency, completed, messages, failure, startNs, endNs, counts } = result;
  const values: Record<string, number | string> = {
    completed,
    messages,
    failure,
    start: startNs,
    end: endNs,
    duration: endNs - startNs,
  };
  if (bandwidth) {
    values.bandwidth = bandwidth.average * BITS;
    values.peak = bandwidth.peak * BITS;
    values.rate = bandwidth.messageRate;
  }
  for (const [key, value] of Object.entries(latency ?? {})) values[`latency.${key}`] = value;
  for (const [side, tally] of Object.entries(counts))
    for (const [key, value] of Object.entries(tally)) values[`${side}.${key}`] = value;
  return values;
}

const US = 1000;
const GIGA = 1e9;

/** A line a workload, then what switches and links lost. */
export function tableOf({ workloads, values }: Results): string[] {
  const head = [
    'workload',
    'test',
    'from',
    'to',
    'bytes',
    'messages',
    'start us',
    'took us',
    'result',
  ];
  const rows = Object.entries(workloads).map(([name, result]) => {
    const { parameters: p, client, server, startNs, endNs, completed, messages } = result;
    const count = completed === messages ? `${messages}` : `${completed}/${messages}`;
    const times = [startNs, endNs - startNs].map((ns) => (ns / US).toFixed(2));
    return [
      name,
      `${p.test} ${p.qpType}`,
      client,
      server,
      `${p.size}`,
      count,
      ...times,
      outcome(result),
    ];
  });
  const lines = aligned([head, ...rows]);
  const seen = Object.entries(values).filter(
    ([name, value]) => /^(switches|lost)\./.test(name) && typeof value === 'number' && value > 0,
  );
  if (seen.length > 0) lines.push(seen.map(([name, value]) => `${name} ${value}`).join(', '));
  return lines;
}

function outcome({ bandwidth, latency, failure }: PerftestResult): string {
  if (failure !== '') return failure;
  if (bandwidth) return `${((bandwidth.average * BITS) / GIGA).toFixed(2)} Gb/s`;
  return latency ? `${(latency.typical / US).toFixed(2)} us` : '';
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
}
