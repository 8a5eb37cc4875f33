// Finds compiled tests below dist/test and runs them; fails when one failed, when nothing ran, or when the counts
// disagree. The last line is 'N passed, N failed'.

import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { run } from 'uvu/run';
import { Watchdog } from './watchdog.js';

// uvu starts on its own unless this is set before it is loaded; `run` starts it, once.
Object.assign(globalThis, { UVU_DEFER: 1 });
const { observers, tally } = await import('./spec.js');

// Properties draw the same values in every run of the suite; WIREVERBS_SEED tries others (`random` for any).
const { WIREVERBS_SEED = '1' } = process.env;
if (WIREVERBS_SEED !== 'random') fc.configureGlobal({ seed: Number(WIREVERBS_SEED) });

/** Runs every file that ends in `suffix`, or those whose path contains one of `wanted`. */
export async function runTests(suffix: string, wanted: readonly string[]): Promise<void> {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(suffix))
    .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
    .sort();
  let finished = false;
  process.on('exit', () => {
    const { declared, passed, failed, skipped } = tally;
    const complete = finished && declared > 0 && passed + failed === declared;
    if (!complete)
      console.log(`the run is not whole: ${declared} declared, ${passed + failed} ran`);
    const lost = complete ? 0 : Math.max(1, declared - passed - failed);
    const tail = skipped > 0 ? `, ${skipped} skipped` : '';
    console.log(`${passed} passed, ${failed + lost} failed${tail}`);
    if (failed + lost > 0) process.exitCode = 1;
  });
  observers.push(new Watchdog());
  await run(
    files.map((name) => ({ name: relative('.', name), file: join(root, name) })),
    { bail: false },
  );
  finished = true;
  // What a test left open, a server or a child, must not keep the process alive.
  process.exit();
}
