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
const rows = ids.length > 0 ? ids.map(rowOf) : published;

const all: Comparison[] = [];
const summaries: string[] = [];
let good = true;
for (const row of rows) {
  const found = compareRow(row);
  all.push(...found);
  summaries.push(summaryOf(row, found));
  good &&= found.every(({ holds }) => holds) && medianHolds(row, found);
}
if (file !== undefined) writeFileSync(file, document(rows, all));
if (asJson) console.log(JSON.stringify(all, null, 1));
else console.log(`${aligned(tableOf(all))}\n\n${summaries.join('\n')}`);
process.exitCode = good ? 0 : 1;
