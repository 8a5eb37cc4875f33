// `npm run bench:memory [-- MIB]`: the commands on a large capture, each as a process of its own: the most memory that
// it had, and its time. The capture is written to the temporary folder and deleted afterwards.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeMixedCapture } from './mixed-capture.js';
import { aligned } from './support.js';

const MIB = 2 ** 20;
const SIZE = Number(process.argv[2] ?? 1024) * MIB;
/** The project promises to stay below. */
const BOUND_MIB = 200;
const cli = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
/** Says on stderr, as the last word, how many KiB the process had at most. */
const confess =
  'process.on("exit",()=>process.stderr.write("\\nmost "+process.resourceUsage().maxRSS+"\\n"))';

const runs = [['dissect'], ['check'], ['dissect', '--filter', 'tcp.seq < 10']] as const;

function measure(args: readonly string[]): { mib: number; seconds: number } {
  const start = process.hrtime.bigint();
  const command = ['--import', `data:text/javascript,${confess}`, cli, ...args];
  const stdio = ['ignore', openSync(devNull, 'w'), 'pipe'] as const;
  const { status, stderr } = spawnSync(process.execPath, command, {
    encoding: 'utf8',
    stdio: [...stdio],
  });
  const most = /most (\d+)\s*$/.exec(stderr);
  if (status === null || status > 1 || !most) throw new Error(`${args.join(' ')}: ${stderr}`);
  return {
    mib: Number(most[1]) / 1024,
    seconds: Number(process.hrtime.bigint() - start) / 1e9,
  };
}

const note = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
};

const folder = mkdtempSync(join(tmpdir(), 'wireverbs-memory-'));
try {
  const path = join(folder, 'mixed.pcap');
  const frames = writeMixedCapture(path, SIZE, (n) => note(`writing ${Math.floor(n / MIB)} MiB`));
  const lines = runs.map(([command, ...options]) => {
    note(`${command} ${options.join(' ')}`);
    const { mib, seconds } = measure([command, path, ...options]);
    const verdict = mib < BOUND_MIB ? 'met' : 'NOT MET';
    return [
      ['wireverbs', command, ...options].join(' '),
      mib.toFixed(0),
      seconds.toFixed(1),
      Math.round(frames / seconds).toLocaleString('en'),
      `below ${BOUND_MIB} MiB (${verdict})`,
    ];
  });
  note('');
  console.log(`${SIZE / MIB} MiB, ${frames.toLocaleString('en')} frames`);
  console.log(aligned(['command', 'MiB at most', 'seconds', 'frames/s', 'goal'], lines));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
