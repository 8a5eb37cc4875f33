// A test that never ends is a failure with a name, not a run without an end. A thread of its own looks at the clock, for
// a test that loops never gives the main thread back.

import { Worker } from 'node:worker_threads';
import type { Watched } from './watchdog-thread.js';

/** Far longer than any test takes on a busy machine: the limit is not there to measure. */
const LIMIT_SECONDS = Number(process.env.WIREVERBS_TEST_SECONDS ?? 900);
const TITLE_BYTES = 1024;

/** Ends the process when for too long no test begins or ends. */
export class Watchdog {
  readonly #shared: Watched = {
    pid: process.pid,
    limitSeconds: LIMIT_SECONDS,
    counts: new Int32Array(new SharedArrayBuffer(12)),
    title: new Uint8Array(new SharedArrayBuffer(TITLE_BYTES)),
  };

  constructor() {
    const thread = new URL('./watchdog-thread.js', import.meta.url);
    new Worker(thread, { workerData: this.#shared, execArgv: [] }).unref();
  }

  begins(title: string): void {
    this.#shared.title.fill(0);
    this.#shared.title.set(new TextEncoder().encode(title).subarray(0, TITLE_BYTES));
    Atomics.add(this.#shared.counts, 0, 1);
  }

  ended(passed: boolean): void {
    Atomics.add(this.#shared.counts, passed ? 1 : 2, 1);
  }
}
