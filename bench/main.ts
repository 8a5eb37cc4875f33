// `npm run bench [-- NAME...] [-- --check]`: runs the suites, prints one table, and says which goals were met.
// `--check` fails only where a ratio is far from its goal, so that CI may call it on a loaded machine.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
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
const usual = strict ? ['accessor', 'encode'] : Object.keys(suites);
const wanted = names.length > 0 ? names : usual;

if (process.argv.includes('--rows')) console.log(JSON.stringify(await suites[wanted[0]!]!()));
else report(wanted.flatMap(measured));

/** Each suite has a process of its own: code that others have run before is compiled for their objects as well. */
function measured(name: string): Row[] {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${name} ...`);
  const program = fileURLToPath(import.meta.url);
  const { status, stdout } = spawnSync(process.execPath, [program, name, '--rows'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (status !== 0) process.exit(status ?? 1);
  return JSON.parse(stdout);
}

function report(rows: readonly Row[]): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  console.log(table(rows));
  const missed = rows.filter((row) => !isMet(row, true));
  for (const { task, name, ratio } of missed) {
    console.log(`${task}: '${name}' is ${ratio.toFixed(2)} times as fast, far from its goal`);
  }
  if (strict && missed.length > 0) process.exitCode = 1;
}
