// All rows with their experiments.

import { forwarding } from './forwarding.js';
import { kernelParts } from './kernel-parts.js';
import { kvmNetwork } from './kvm-network.js';
import { loss } from './loss.js';
import { memoryReads } from './memory-reads.js';
import { pcieRead } from './pcie-read.js';
import { published } from './published.js';
import { edrSend, hops, qdrWrite } from './rdma-latency.js';
import { type Comparison, compareValue, type Experiments, type PublishedRow } from './row.js';
import { tcpBulk } from './tcp-bulk.js';
import { verbRates } from './verb-rates.js';

export { published } from './published.js';
export type { Comparison, PublishedRow } from './row.js';
export { aligned, columns, medianHolds, summaryOf, tableOf } from './table.js';

const experiments: Readonly<Record<string, Experiments>> = {
  F01: pcieRead,
  F03: qdrWrite,
  F05: edrSend,
  F07: hops,
  F09: kernelParts,
  F11: tcpBulk,
  F13: verbRates,
  F15: forwarding,
  F17: kvmNetwork,
  F19: memoryReads,
  F21: loss,
};

/** @throws RangeError when there is no such row */
export function rowOf(id: string): PublishedRow {
  const row = published.find((one) => one.id.toLowerCase() === id.toLowerCase());
  if (!row)
    throw new RangeError(`no row ${id}: there are ${published.map((one) => one.id).join(', ')}`);
  return row;
}

/** Runs the experiments of a row, all of them or those named. */
export function compareRow(row: PublishedRow, names?: readonly string[]): Comparison[] {
  return row.values
    .filter(({ name }) => names === undefined || names.includes(name))
    .map((value) => compareValue(row, value, experiments[row.id] ?? {}));
}
