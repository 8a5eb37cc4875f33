// Digests of the captures of some random programs, so that other machines can say whether they run the same, byte for
// byte. Run by itself, it writes test/snapshots/random-runs.txt; do that when frames or their times were meant to change.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Program } from './program.js';

const path = fileURLToPath(new URL('../../../../test/snapshots/random-runs.txt', import.meta.url));

/** One of each topology and wire. */
const SEEDS = 16;

/** A line a program: its seed, what it ran on, how much happened, and the SHA-256 of its capture. */
export function digests(): string[] {
  return Array.from({ length: SEEDS }, (_, i) => {
    const { seed, world, hops, nanoseconds, digest } = new Program(i, { capture: true }).run();
    return `${seed} ${digest} ${hops} hops ${nanoseconds} ns ${world}`;
  });
}

export const stored = (): string[] => readFileSync(path, 'utf8').trimEnd().split('\n');

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(path, `${digests().join('\n')}\n`);
}
