// `npm run bench [-- NAME...] [-- --check]`: runs the suites, prints one table, and says which goals were met.
// `--check` fails only where a ratio is far from its goal, so that CI may call it on a loaded machine.

import * as accessor from './accessor.js';
import * as capture from './capture.js';
import * as check from './check.js';
import * as checksum from './checksum.js';
import * as decode from './decode.js';
import * as dissect from './dissect.js';
import * as encode from './encode.js';
import * as fabric from './fabric.js';
import * as icrc from './icrc.js';
import * as memoryDma from './memory-dma.js';
import * as nvmeof from './nvmeof.js';
import * as rcWrite from './rc-write.js';
import { isMet, type Row, table } from './support.js';
import * as tcp from './tcp.js';

const suites: Readonly<Record<string, () => Promise<Row[]>>> = {
  accessor: accessor.suite,
  encode: encode.suite,
  decode: decode.suite,
  dissect: dissect.suite,
  icrc: icrc.suite,
  checksum: checksum.suite,
  capture: capture.suite,
  check: check.suite,
  'memory-dma': memoryDma.suite,
  'rc-write': rcWrite.suite,
  fabric: fabric.suite,
  tcp: tcp.suite,
  nvmeof: nvmeof.suite,
};

const names = process.argv.slice(2).filter((name) => !name.startsWith('--'));
const strict = process.argv.includes('--check');
const unknown = names.filter((name) => !(name in suites));
if (unknown.length > 0) {
  console.error(
    `no such suite: ${unknown.join(', ')}; there are ${Object.keys(suites).join(', ')}`,
  );
  process.exit(2);
}

const rows: Row[] = [];
for (const [name, run] of Object.entries(suites)) {
  if (names.length > 0 && !names.includes(name)) continue;
  if (strict && names.length === 0 && !['accessor', 'encode'].includes(name)) continue;
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${name} ...`);
  rows.push(...(await run()));
}
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
console.log(table(rows));
const missed = rows.filter((row) => !isMet(row, true));
for (const { task, name, ratio } of missed) {
  console.log(`${task}: '${name}' is ${ratio.toFixed(2)} times as fast, far from its goal`);
}
if (strict && missed.length > 0) process.exitCode = 1;
