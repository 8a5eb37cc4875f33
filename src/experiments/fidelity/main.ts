// `npm run fidelity -- [ROW...] [--held-out] [--json] [--markdown FILE]`: re-runs the published measurements that the model is calibrated
// on, and fails where one is outside its tolerance or has no experiment. Held-out ones, which nothing was fitted on, fail nothing; the
// document has both.

import { writeFileSync } from 'node:fs';
import { document } from './document.js';
import { compareHeldOut, heldOut } from './held-out/index.js';
import {
  aligned,
  type Comparison,
  compareRow,
  medianHolds,
  published,
  summaryOf,
  tableOf,
} from './index.js';
import type { HeldOutRow, PublishedRow } from './row.js';

const args = process.argv.slice(2);
const asJson = args.includes('--json');
const markdown = args.indexOf('--markdown');
const file = markdown < 0 ? undefined : args[markdown + 1];
const ids = args.filter((arg) => !arg.startsWith('--') && arg !== file);
const wanted = ids.map((id) => id.toUpperCase());
const known = [...published, ...heldOut].map(({ id }) => id);
const unknown = wanted.find((id) => !known.includes(id));
if (unknown !== undefined) {
  console.error(`fidelity: no row ${unknown}; there are ${known.join(', ')}`);
  process.exit(2);
}
const outAlone = args.includes('--held-out');
const chosen = <T extends { readonly id: string }>(all: readonly T[], otherwise: boolean) =>
  all.filter(({ id }) => (wanted.length > 0 ? wanted.includes(id) : otherwise));
const rows: readonly PublishedRow[] = chosen(published, !outAlone);
const others: readonly HeldOutRow[] = chosen(heldOut, outAlone || file !== undefined);

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
for (const row of others) {
  progress(`${row.id}: ${row.title}`);
  const found = compareHeldOut(row);
  all.push(...found);
  summaries.push(summaryOf(row, found));
}
progress('');
if (file !== undefined) writeFileSync(file, document(rows, others, all));
if (asJson) console.log(JSON.stringify(all, null, 1));
else console.log(`${aligned(tableOf(all))}\n\n${summaries.join('\n')}`);
process.exitCode = good ? 0 : 1;
