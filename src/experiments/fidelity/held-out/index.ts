// The rows that nothing was fitted on, with their experiments.

import { latencies, quantile } from '../forwarding.js';
import { goodput } from '../loss.js';
import { type Comparison, compareValue, type Experiments, type HeldOutRow, once } from '../row.js';
import { dmaBandwidth, dmaLatency, haswellReads } from './dma.js';
import { heldOut } from './published.js';
import { otherLinks, qdrLatencies, qdrRates, smallReads } from './rdma.js';
import { manyFlows } from './tcp.js';

export { heldOut } from './published.js';

const losses: Experiments = {
  'loss 1e-6': () => goodput(1e-6, 10),
  'loss 1e-5': () => goodput(1e-5, 24),
  'loss 1e-3': () => goodput(1e-3, 12),
};

const seldom = once(() => latencies('interrupted', 200));
const forwarded: Experiments = {
  median: () => quantile(seldom(), 5000),
  p99: () => quantile(seldom(), 9900),
  'p99.99': () => quantile(seldom(), 9999),
};

const experiments: Readonly<Record<string, Experiments>> = {
  H01: dmaLatency,
  H02: dmaBandwidth,
  H03: qdrLatencies,
  H04: qdrRates,
  H05: otherLinks,
  H06: haswellReads,
  H07: losses,
  H08: smallReads,
  H09: manyFlows,
  H10: forwarded,
};

/** Runs a row's experiments, all of them or those named. Whatever comes out holds: nobody promised anything. */
export function compareHeldOut(row: HeldOutRow, names?: readonly string[]): Comparison[] {
  const { values } = row;
  return values
    .filter(({ name }) => names === undefined || names.includes(name))
    .map((value) =>
      compareValue({ ...row, percent: Number.POSITIVE_INFINITY }, value, experiments[row.id]!),
    );
}

/** @throws RangeError when there is no such row */
export function heldOutRow(id: string): HeldOutRow {
  const row = heldOut.find((one) => one.id.toLowerCase() === id.toLowerCase());
  if (!row)
    throw new RangeError(`no row ${id}: there are ${heldOut.map((one) => one.id).join(', ')}`);
  return row;
}
