// What a packet allocates, as a process of its own finds it (write-heap.ts).

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Bytes a packet. */
export interface Allocation {
  readonly allocated: number;
  readonly kept: number;
}

const program = fileURLToPath(new URL('write-heap.js', import.meta.url));
const flags = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=128'];

/** Of an RC WRITE by packets of `mtu`, in a run that begins at the instant `from`. */
export function allocation(how: 'ideal' | 'timed', mtu: 1024 | 4096, from = 0): Allocation {
  const args = [...flags, program, how, `${mtu}`, `${from}`];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (!stdout.startsWith('{')) throw new Error(stderr);
  return JSON.parse(stdout) as Allocation;
}
