// `npm run bench:peers [-- FRAMES]`: one capture of RoCE v2 frames, read by us and by the tools that people use instead;
// then fabrics, by us and by ns-3. `-- fabric` does only these. Peers that are not installed are listed with the Debian package that has them.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchNbd } from './nbd.js';
import { compareFabrics } from './peers/fabric.js';
import { ourWays } from './peers/ours.js';
import { type Peer, peers } from './peers/peer.js';
import { writeRoceCapture } from './roce-capture.js';
import { aligned } from './support.js';

const onlyFabrics = process.argv[2] === 'fabric';
const FRAMES = onlyFabrics ? 0 : Number(process.argv[2] ?? 200_000);
/** Scapy takes milliseconds a frame; it reads a part of the capture. */
const CUT = Math.min(FRAMES, 5000);
/** Each way runs so often, by turns, and its fastest run counts: load makes runs slower, never faster. */
const ROUNDS = 3;

const ours = fileURLToPath(new URL('./peers/ours.js', import.meta.url));

interface Result {
  readonly name: string;
  readonly does: string;
  readonly framesPerSecond: number;
}

const note = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
};

/** The best of several runs; `run` returns seconds. */
const best = (run: () => number, rounds = ROUNDS): number =>
  Math.min(...Array.from({ length: rounds }, run));

function main(folder: string): void {
  const path = join(folder, 'roce.pcap');
  const cut = join(folder, 'cut.pcap');
  note(`writing ${FRAMES} frames`);
  writeRoceCapture(path, { frames: FRAMES, payload: 1024 });
  writeRoceCapture(cut, { frames: CUT, payload: 1024 });
  const results: Result[] = [];
  const missing: Peer[] = [];
  for (const { name, does } of ourWays) {
    note(name);
    const seconds = best(() => timed((input) => [process.execPath, ours, name, input], path));
    results.push({ name, does, framesPerSecond: FRAMES / seconds });
  }
  for (const peer of peers) {
    note(peer.name);
    const command = peer.prepare(folder);
    if (command === undefined) {
      missing.push(peer);
      continue;
    }
    const [frames, input] = peer.slow ? [CUT, cut] : [FRAMES, path];
    const seconds = best(() => timed(command, input), peer.slow ? 1 : ROUNDS);
    results.push({ name: peer.name, does: peer.does, framesPerSecond: frames / seconds });
  }
  note('');
  report(results, missing);
}

/** Peers that start slowly print the seconds of their own loop; of others the whole run counts. */
function timed(command: (input: string) => readonly string[], input: string): number {
  const [file, ...args] = command(input);
  const start = process.hrtime.bigint();
  const run = spawnSync(file!, args, { encoding: 'utf8', maxBuffer: 1 << 30 });
  if (run.status !== 0) throw new Error(`${file} failed: ${run.stderr}`);
  const own = /^seconds ([\d.]+)/m.exec(run.stdout.slice(0, 200));
  return own ? Number(own[1]) : Number(process.hrtime.bigint() - start) / 1e9;
}

function report(results: readonly Result[], missing: readonly Peer[]): void {
  const tshark = results.find(({ name }) => name === 'tshark -T fields')?.framesPerSecond;
  const lines = results.map(({ name, does, framesPerSecond }) => [
    name,
    does,
    Math.round(framesPerSecond).toLocaleString('en'),
    tshark === undefined
      ? ''
      : (framesPerSecond / tshark).toFixed(framesPerSecond < tshark ? 3 : 1),
  ]);
  console.log(aligned(['reader', 'does', 'frames/s', 'times tshark'], lines));
  for (const { name, debian } of missing) console.log(`${name}: not installed (Debian: ${debian})`);
  const speed = (name: string) => results.find((r) => r.name === name)?.framesPerSecond;
  const goal = (words: string, ours: string, theirs: string, times: number) => {
    const [a, b] = [speed(ours), speed(theirs)];
    if (a === undefined || b === undefined) return;
    console.log(`goal: ${words}: ${(a / b).toFixed(2)} (${a >= times * b ? 'met' : 'NOT MET'})`);
  };
  console.log('');
  for (const { words, ours, theirs, times } of goals) goal(words, ours, theirs, times);
}

const goals = [
  {
    words: 'summaries with every ICRC verified, at least 20 times tshark -T fields',
    ours: 'wireverbs, verified',
    theirs: 'tshark -T fields',
    times: 20,
  },
  {
    words: "layers without ICRC verification, at least gopacket's packets",
    ours: 'wireverbs, layers',
    theirs: 'gopacket, packets',
    times: 1,
  },
  {
    words: 'layers without ICRC verification, at least libtins',
    ours: 'wireverbs, layers',
    theirs: 'libtins',
    times: 1,
  },
];

const folder = mkdtempSync(join(tmpdir(), 'wireverbs-peers-'));
try {
  if (!onlyFabrics) main(folder);
  note('fabrics');
  compareFabrics(folder);
  if (!onlyFabrics) {
    console.log('');
    await benchNbd();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
