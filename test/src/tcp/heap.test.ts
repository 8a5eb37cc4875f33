// The paths of TCP and iWARP make no objects a segment: looked at by what a segment's way leaves on the heap, from one user's
// memory to the other's.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { assert, spec } from '../../support/spec.js';

const program = fileURLToPath(new URL('../../support/tcp-heap.js', import.meta.url));
const flags = ['--expose-gc', '--min-semi-space-size=512', '--max-semi-space-size=512'];
/**
 * Bytes a segment, both ends, link and acknowledgments together; a number that is boxed takes 16. What is left:
 * - TCP: views of the user's pieces of 64 KiB, as the test itself reads and writes them.
 * - iWARP: a request of 128 KiB is posted and completed by verbs; its 90 segments make nothing.
 * - Sockets: calls are generators, and a pair of calls of 64 KiB makes some 3 KB.
 * - Sockets without GRO: a reader is woken for nearly each segment, and what a core owes by then is a fraction.
 * Instants above 2^31 ns are objects where they are passed on: after 2.1 s the driver makes six a segment.
 */
const MOST_ALLOCATED = {
  tcp: 15,
  'tcp to the active side': 15,
  'tcp both ways': 15,
  'iwarp WRITE': 30,
  'iwarp READ': 30,
  'iwarp SEND': 40,
  sockets: 140,
  'sockets to the active side': 140,
  'sockets without GRO': 450,
} as const;
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
    it(`leaves nothing on the heap, and makes next to nothing there (${how})`, () => {
      let { allocated, kept } = measured(how);
      for (let run = 1; run < RUNS && allocated >= MOST_ALLOCATED[how]; run++) {
        ({ allocated, kept } = measured(how));
      }
      assert.ok(allocated < MOST_ALLOCATED[how], `${allocated} bytes a segment`);
      assert.ok(kept < MOST_KEPT, `${kept} bytes a segment are kept`);
    });
  }
});
