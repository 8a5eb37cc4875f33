// Packet-hops a second in ns-3 and here: the same shapes, link rates, delays, packet sizes. Fabrics: ns-3 sends UDP
// datagrams of virtual bytes without checksums; our frames are RoCE v2 to the last byte, their ICRCs made and verified. TCP:
// ns-3's bytes are virtual again; ours are copied from ring to frame to ring, and summed at both ends.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { datagramBytes } from '../fabric-run.js';
import { aligned } from '../support.js';
import { BUFFER, DELAY_NS, RATE, SEGMENT } from '../tcp-run.js';

const DEBIAN = 'ns3 libns3-dev g++';
const MODULES = [
  'applications',
  'internet',
  'traffic-control',
  'point-to-point',
  'network',
  'core',
];
const PAYLOAD = 1024;
/** By turns, and the fastest counts. */
const ROUNDS = 3;

interface Workload {
  readonly name: string;
  /** bench/peers/PROGRAM-ours.ts and bench/peers/ns3/PROGRAM.cpp. */
  readonly program: 'fabric' | 'tcp';
  /** For each; ns-3 takes ten times as long for a packet and gets fewer. */
  readonly ours: readonly (string | number)[];
  readonly theirs: readonly (string | number)[];
  /** What the project promises: so many times ns-3's packet-hops a second. */
  readonly times: number;
}

const datagram = datagramBytes(PAYLOAD);

const workloads: readonly Workload[] = [
  {
    name: 'two hosts',
    program: 'fabric',
    ours: ['pair', 0, 100_000, PAYLOAD],
    theirs: ['pair', 0, 40_000, datagram],
    times: 5,
  },
  {
    name: '16-host fat tree',
    program: 'fabric',
    ours: ['fat-tree', 4, 8000, PAYLOAD],
    theirs: ['fat-tree', 4, 1500, datagram],
    times: 15,
  },
  {
    name: 'bulk TCP',
    program: 'tcp',
    ours: [300e6],
    theirs: [RATE, DELAY_NS, SEGMENT, BUFFER, 60e6],
    times: 5,
  },
];

const ours = (program: string): string =>
  fileURLToPath(new URL(`./${program}-ours.js`, import.meta.url));

/** ns-3's program, compiled into `folder`; undefined where ns-3 or the compiler is missing. */
function compiled(folder: string, program: string): string | undefined {
  const source = fileURLToPath(new URL(`../../../bench/peers/ns3/${program}.cpp`, import.meta.url));
  const made = join(folder, `ns3-${program}`);
  if (existsSync(made)) return made;
  const libraries = MODULES.map((name) => `-lns3-${name}`);
  const run = spawnSync('g++', ['-O2', '-o', made, source, ...libraries], { stdio: 'ignore' });
  return run.status === 0 ? made : undefined;
}

/** Packet-hops a second of CPU time, as the program says. */
function speed(file: string, args: readonly (string | number)[]): number {
  const run = spawnSync(file, args.map(String), { encoding: 'utf8' });
  const hops = /^hops (\d+)$/m.exec(run.stdout);
  const seconds = /^seconds ([\d.e-]+)$/m.exec(run.stdout);
  if (run.status !== 0 || !hops || !seconds) throw new Error(`${file} failed: ${run.stderr}`);
  return Number(hops[1]) / Number(seconds[1]);
}

/** Runs both and prints a table with the goals. */
export function compareFabrics(folder: string): void {
  const lines: string[][] = [];
  const goals: string[] = [];
  let missing = false;
  for (const { name, program, ours: mine, theirs, times } of workloads) {
    const ns3 = compiled(folder, program);
    missing ||= ns3 === undefined;
    let [here, there] = [0, 0];
    for (let round = 0; round < ROUNDS; round++) {
      here = Math.max(here, speed(process.execPath, [ours(program), ...mine]));
      if (ns3 !== undefined) there = Math.max(there, speed(ns3, theirs));
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
  if (missing) console.log(`ns-3: not installed (Debian: ${DEBIAN})`);
  else console.log(`\n${goals.join('\n')}`);
}
