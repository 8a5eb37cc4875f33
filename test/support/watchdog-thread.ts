// The watchdog's thread: when nothing has begun or ended for too long it says what ran, counts it as failed, and kills
// the process with all that it started, which would otherwise keep the output open.

import { readFileSync, writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

const LOOK_MS = 250;

/** What the thread shares with the tests. */
export interface Watched {
  readonly pid: number;
  readonly limitSeconds: number;
  /** Tests begun, passed and failed so far. */
  readonly counts: Int32Array<SharedArrayBuffer>;
  /** UTF-8 of the title of the test that began last, padded with zeros. */
  readonly title: Uint8Array<SharedArrayBuffer>;
}

const { pid, limitSeconds, counts, title }: Watched = workerData;
let seen = '';
let since = Date.now();

setInterval(() => {
  const [begun, passed, failed] = counts as Iterable<number> as [number, number, number];
  const state = [begun, passed, failed].join();
  if (state !== seen) {
    seen = state;
    since = Date.now();
  } else if (Date.now() - since > limitSeconds * 1000) {
    const name = new TextDecoder().decode(title.slice()).replace(/\0+$/, '');
    const what = begun > passed + failed ? 'does not end' : 'has ended, and nothing follows';
    writeSync(1, `\n\n   STUCK  ${name}: ${what} within ${limitSeconds} s\n\n`);
    writeSync(1, `${passed} passed, ${failed + 1} failed\n`);
    for (const child of startedBy(pid)) kill(child);
    kill(pid);
  }
}, LOOK_MS);

/** The processes that `parent` started, and theirs, where /proc tells. */
function startedBy(parent: number): number[] {
  try {
    const list = readFileSync(`/proc/${parent}/task/${parent}/children`, 'latin1').split(' ');
    return list.filter(Boolean).flatMap((child) => [...startedBy(Number(child)), Number(child)]);
  } catch {
    return [];
  }
}

function kill(process_: number): void {
  try {
    process.kill(process_, 'SIGKILL');
  } catch {
    // It ended meanwhile.
  }
}
