// Packet-hops a second in ns-3 and here: the same shapes, link rates, packet sizes and counts. ns-3 sends UDP datagrams
// of virtual bytes without checksums; our frames are RoCE v2 to the last byte, their ICRCs made and verified.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { datagramBytes } from '../fabric-run.js';
import { aligned } from '../support.js';

const DEBIAN = 'ns3 libns3-dev g++';
const MODULES = ['applications', 'internet', 'point-to-point', 'network', 'core'];
const PAYLOAD = 1024;
/** By turns, and the fastest counts. */
const ROUNDS = 3;

interface Workload {
  readonly name: string;
  readonly args: readonly string[];
  /** Frames that each host sends: here, and in ns-3, which takes ten times as long for one. */
  readonly ours: number;
  readonly theirs: number;
  /** What the project promises: so many times ns-3's packet-hops a second. */
  readonly times: number;
}

const workloads: readonly Workload[] = [
  { name: 'two hosts', args: ['pair', '0'], ours: 100_000, theirs: 40_000, times: 5 },
  { name: '16-host fat tree', args: ['fat-tree', '4'], ours: 8000, theirs: 1500, times: 15 },
];

const ours = fileURLToPath(new URL('./fabric-ours.js', import.meta.url));
const source = fileURLToPath(new URL('../../../bench/peers/ns3/fabric.cpp', import.meta.url));

/** ns-3's program, compiled into `folder`; undefined where ns-3 or the compiler is missing. */
function compiled(folder: string): string | undefined {
  const program = join(folder, 'ns3-fabric');
  const libraries = MODULES.map((name) => `-lns3-${name}`);
  const made = spawnSync('g++', ['-O2', '-o', program, source, ...libraries], { stdio: 'ignore' });
  return made.status === 0 ? program : undefined;
}

/** Packet-hops a second of CPU time, as the program says. */
function speed(file: string, args: readonly string[]): number {
  const run = spawnSync(file, args, { encoding: 'utf8' });
  const hops = /^hops (\d+)$/m.exec(run.stdout);
  const seconds = /^seconds ([\d.e-]+)$/m.exec(run.stdout);
  if (run.status !== 0 || !hops || !seconds) throw new Error(`${file} failed: ${run.stderr}`);
  return Number(hops[1]) / Number(seconds[1]);
}

/** Runs both and prints a table with the goals. */
export function compareFabrics(folder: string): void {
  const ns3 = compiled(folder);
  const lines: string[][] = [];
  const goals: string[] = [];
  for (const { name, args, ours: mine, theirs, times } of workloads) {
    let [here, there] = [0, 0];
    for (let round = 0; round < ROUNDS; round++) {
      here = Math.max(here, speed(process.execPath, [ours, ...args, `${mine}`, `${PAYLOAD}`]));
      if (ns3 === undefined) continue;
      const bytes = `${datagramBytes(PAYLOAD)}`;
      there = Math.max(there, speed(ns3, [...args, `${theirs}`, bytes]));
    }
    const shown = (value: number) => Math.round(value).toLocaleString('en');
    const ratio = here / there;
    lines.push([name, shown(here), ns3 ? shown(there) : '', ns3 ? ratio.toFixed(1) : '']);
    if (ns3 === undefined) continue;
    const met = ratio >= times ? 'met' : 'NOT MET';
    goals.push(
      `goal: packet-hops of ${name}, at least ${times} times ns-3: ${ratio.toFixed(1)} (${met})`,
    );
  }
  console.log(aligned(['packet-hops a second', 'wireverbs', 'ns-3', 'times ns-3'], lines));
  if (ns3 === undefined) console.log(`ns-3: not installed (Debian: ${DEBIAN})`);
  else console.log(`\n${goals.join('\n')}`);
}
