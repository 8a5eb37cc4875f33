// The data path makes no objects: a packet's way from one NIC's memory to the other's, looked at by what it leaves on
// the heap.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { assert, spec } from '../../support/spec.js';

const program = fileURLToPath(new URL('../../support/write-heap.js', import.meta.url));
const flags = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=128'];
/**
 * Bytes a packet, both ends, link and acknowledgements together. The smallest object takes 24 and a view of bytes 100;
 * what is left are numbers that V8 boxes where they pass from one function to another, and what a message of 1024
 * packets costs its consumer. Instants of a device that takes time have fractions, which are boxed more often.
 */
const MOST_ALLOCATED = { ideal: 140, timed: 230 } as const;
const MOST_KEPT = 10;

const measure = (how: string): { allocated: number; kept: number } => {
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, program, how], {
    encoding: 'utf8',
  });
  assert.ok(stdout.startsWith('{'), stderr);
  return JSON.parse(stdout) as { allocated: number; kept: number };
};

spec('a WRITE packet on its way', (it) => {
  for (const how of ['ideal', 'timed'] as const) {
    it(`leaves nothing on the heap, and allocates no object (${how})`, () => {
      const { allocated, kept } = measure(how);
      assert.ok(allocated < MOST_ALLOCATED[how], `${allocated} bytes a packet`);
      assert.ok(kept < MOST_KEPT, `${kept} bytes a packet are kept`);
    });
  }
});
