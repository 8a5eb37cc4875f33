// Memory of very many queue pairs, seen from outside: bench/queue-pairs.ts in a process of its own.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { assert, spec } from '../../support/spec.js';

const program = fileURLToPath(new URL('../../../bench/queue-pairs.js', import.meta.url));
const PAIRS = 5000;
/** The promise is 2 GiB; what it takes is a sixth of that, and twice that would be a mistake to look at. */
const MOST_MIB = 768;

spec('ten thousand queue pairs in one process', (it) => {
  it('all bring messages, and the process stays far below 2 GiB', () => {
    const run = spawnSync(process.execPath, [program, `${PAIRS}`], { encoding: 'utf8' });
    assert.is(run.status, 0, run.stderr);
    const { queuePairs, messages, mostMiB } = JSON.parse(run.stdout) as Record<string, number>;
    assert.is(queuePairs, 2 * PAIRS);
    assert.is(messages, 2 * PAIRS);
    assert.ok(mostMiB! < MOST_MIB, `${mostMiB} MiB`);
  });
});
