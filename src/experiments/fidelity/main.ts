// `npm run fidelity -- [ROW...] [--json] [--markdown FILE]`: re-runs the published measurements that the model is calibrated on, and fails where one is
// outside its tolerance or has no experiment.

import { writeFileSync } from 'node:fs';
import { document } from './document.js';
import {
  aligned,
  type Comparison,
  compareRow,
  medianHolds,
  published,
  rowOf,
  summaryOf,
  tableOf,
} from './index.js';

const args = process.argv.slice(2);
const asJson = args.includes('--json');
const markdown = args.indexOf('--markdown');
const file = markdown < 0 ? undefined : args[markdown + 1];
const ids = args.filter((arg) => !arg.startsWith('--') && arg !== file);
const unknown = ids.find((id) => !published.some((row) => row.id === id.toUpperCase()));
if (unknown !== undefined) {
  console.error(
    `fidelity: no row ${unknown}; there are ${published.map(({ id }) => id).join(', ')}`,
  );
  process.exit(2);
}
const rows = ids.length > 0 ? ids.map(rowOf) : published;

/** What runs now, on a terminal alone. */
function progress(text: string): void {
  const { stderr } = process;
  if (stderr.isTTY) stderr.write(`\r\x1b[K${text.slice(0, stderr.columns - 1)}`);
}

const all: Comparison[] = [];
const summaries: string[] = [];
let good = true;
for (const row of rows) {
  progress(`${row.id}: ${row.title}`);
  const found = compareRow(row);
  all.push(...found);
  summaries.push(summaryOf(row, found));
  good &&= found.every(({ holds }) => holds) && medianHolds(row, found);
}
progress('');
if (file !== undefined) writeFileSync(file, document(rows, all));
if (asJson) console.log(JSON.stringify(all, null, 1));
else console.log(`${aligned(tableOf(all))}\n\n${summaries.join('\n')}`);
process.exitCode = good ? 0 : 1;
