// `node dist/bench/nbd.js`, and the last part of `npm run bench:peers`: our NBD server on a memory volume against nbdkit's
// memory and qemu-nbd on a file in memory, one unix socket each, fio as the client of all. By turns, the best of several.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aligned } from './support.js';

const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
const SIZE_MIB = 256;
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);

interface Job {
  readonly name: string;
  readonly args: readonly string[];
  /** Our share of each peer's speed, or of the better one's, that is promised. */
  readonly goal: number;
}

const random = (rw: string, depth: number, mib: number) => [
  ...[`--rw=${rw}`, '--bs=4k', `--iodepth=${depth}`, `--io_size=${mib}M`],
];
const sequential = (rw: string) => [`--rw=${rw}`, '--bs=1M', '--iodepth=4', '--io_size=512M'];

const jobs: readonly Job[] = [
  { name: '4 KiB random read, depth 32', args: random('randread', 32, 96), goal: 1 },
  { name: '4 KiB random write, depth 32', args: random('randwrite', 32, 96), goal: 1 },
  { name: '4 KiB random read, depth 1', args: random('randread', 1, 16), goal: 0.7 },
  { name: '4 KiB random write, depth 1', args: random('randwrite', 1, 16), goal: 0.7 },
  { name: '1 MiB sequential read', args: sequential('read'), goal: 0.8 },
  { name: '1 MiB sequential write', args: sequential('write'), goal: 0.8 },
];

interface Server {
  readonly name: string;
  readonly program: string;
  readonly debian: string;
  readonly args: (socket: string, folder: string) => readonly string[];
}

/** A file in memory where the system has such a place. */
const inMemory = () => (existsSync('/dev/shm') ? '/dev/shm' : tmpdir());

const servers: readonly Server[] = [
  {
    name: 'wireverbs',
    program: process.execPath,
    debian: '',
    args: (socket) => [
      ...[main, 'pool', 'serve', '--volume', `disk=${SIZE_MIB}M`, '--nbd', `unix:${socket}`],
    ],
  },
  {
    name: 'nbdkit memory',
    program: 'nbdkit',
    debian: 'nbdkit',
    args: (socket) => ['-f', '-U', socket, 'memory', `${SIZE_MIB}M`],
  },
  {
    name: 'qemu-nbd',
    program: 'qemu-nbd',
    debian: 'qemu-utils',
    args: (socket, folder) => {
      const image = join(folder, 'image');
      writeFileSync(image, '');
      truncateSync(image, SIZE_MIB << 20);
      return ['-t', '-f', 'raw', '-k', socket, image];
    },
  },
];

const has = (program: string) =>
  program === process.execPath || spawnSync('which', [program]).status === 0;

/** Bytes a second of one run of fio. */
function fio(socket: string, args: readonly string[]): number {
  const uri = `--uri=nbd+unix:///?socket=${socket}`;
  const all = ['--name=nbd', '--ioengine=nbd', uri, `--size=${SIZE_MIB}M`, ...args];
  const run = spawnSync('fio', [...all, '--output-format=json'], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`fio failed: ${run.stderr}`);
  const [job] = JSON.parse(run.stdout.slice(run.stdout.indexOf('{'))).jobs;
  return job.read.bw_bytes + job.write.bw_bytes;
}

async function start(server: Server, folder: string): Promise<[string, ChildProcess]> {
  const socket = join(folder, `${server.name.replace(/\W/g, '')}.sock`);
  const child = spawn(server.program, server.args(socket, folder), { stdio: 'ignore' });
  while (!existsSync(socket)) await new Promise((resolve) => setTimeout(resolve, 20));
  return [socket, child];
}

/** Runs all and prints one table and the goals. */
export async function benchNbd(): Promise<void> {
  const absent = [...servers, { program: 'fio', name: 'fio', debian: 'fio' }].filter(
    ({ program }) => !has(program),
  );
  for (const { name, debian } of absent) console.log(`${name}: not installed (Debian: ${debian})`);
  if (absent.some(({ name }) => name === 'fio')) return;
  const folder = mkdtempSync(join(inMemory(), 'wireverbs-nbd-'));
  const running: ChildProcess[] = [];
  try {
    const sockets = new Map<string, string>();
    for (const server of servers.filter(({ program }) => has(program))) {
      const [socket, child] = await start(server, folder);
      running.push(child);
      sockets.set(server.name, socket);
      fio(socket, ['--rw=write', '--bs=1M', '--iodepth=4']); // nobody reads holes
    }
    report(measure(sockets));
  } finally {
    for (const child of running) child.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Speeds = ReadonlyMap<string, number>;

function measure(sockets: ReadonlyMap<string, string>): Map<Job, Speeds> {
  const best = new Map<Job, Map<string, number>>(jobs.map((job) => [job, new Map()]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const job of jobs) {
      for (const [name, socket] of sockets) {
        if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${job.name}: ${name}`);
        const speeds = best.get(job)!;
        speeds.set(name, Math.max(speeds.get(name) ?? 0, fio(socket, job.args)));
      }
    }
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  return best;
}

function report(best: ReadonlyMap<Job, Speeds>): void {
  const names = [...best.values()][0]!.keys();
  const lines = [...best].map(([{ name, goal }, speeds]) => {
    const [ours = 0, ...theirs] = [...speeds.values()];
    const ratio = ours / Math.max(...theirs);
    const verdict = `${ratio.toFixed(2)} of the best (${ratio >= goal ? 'met' : 'NOT MET'}: ${goal})`;
    return [name, ...[...speeds.values()].map((s) => (s / 2 ** 20).toFixed(0)), verdict];
  });
  console.log(aligned(['NBD, MiB/s', ...names, 'goal'], lines));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await benchNbd();
