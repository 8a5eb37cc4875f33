// The paths of TCP and iWARP make no objects a segment: looked at by what a segment's way leaves on the heap, from one user's
// memory to the other's.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { assert, spec } from '../../support/spec.js';

const program = fileURLToPath(new URL('../../support/tcp-heap.js', import.meta.url));
const flags = ['--expose-gc', '--min-semi-space-size=512', '--max-semi-space-size=512'];
/**
 * Bytes a segment, both ends, link and acknowledgments together. A view of bytes alone takes 100. What is left are instants
 * that V8 boxes (16 bytes) where one function returns them to another, most of all where a host is asked when it wants to be
 * woken: with sockets there are some ten events a segment, and three or four numbers an event. Without GRO a reader is woken
 * for nearly each segment as well.
 */
const MOST_ALLOCATED = { tcp: 100, iwarp: 300, sockets: 750, 'sockets without GRO': 2000 } as const;
const MOST_KEPT = 10;
/** The compiler joins functions otherwise once in a while, and more numbers are boxed: the best of so many runs counts. */
const RUNS = 3;

interface Heap {
  readonly allocated: number;
  readonly kept: number;
}

function measured(how: string): Heap {
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, program, how], {
    encoding: 'utf8',
  });
  assert.ok(stdout.startsWith('{'), stderr);
  return JSON.parse(stdout) as Heap;
}

spec('a segment of TCP on its way', (it) => {
  for (const how of Object.keys(MOST_ALLOCATED) as (keyof typeof MOST_ALLOCATED)[]) {
    it(`leaves nothing on the heap, and allocates nothing but boxed numbers (${how})`, () => {
      let { allocated, kept } = measured(how);
      for (let run = 1; run < RUNS && allocated >= MOST_ALLOCATED[how]; run++) {
        ({ allocated, kept } = measured(how));
      }
      assert.ok(allocated < MOST_ALLOCATED[how], `${allocated} bytes a segment`);
      assert.ok(kept < MOST_KEPT, `${kept} bytes a segment are kept`);
    });
  }
});
