// The only place that touches uvu. uvu 0.5.6 exits 0 when a hook throws, when a test throws something
// that is no Error, when `run()` is forgotten and when nothing ran; so this wrapper offers no hooks,
// turns every throw into an Error, always runs, and counts on its own: run.ts compares the sums.

import { suite } from 'uvu';
import * as uvuAssert from 'uvu/assert';

/** What was declared and what became of it, over all specs of this process. */
export const tally = { declared: 0, passed: 0, failed: 0, skipped: 0 };

/** Hears of each test: set by whoever runs them. */
export const observers: { begins(title: string): void; ended(passed: boolean): void }[] = [];

type Body = () => void | Promise<void>;

export interface It {
  (title: string, body: Body): void;
  /** Declares a test that runs only where `available` holds; elsewhere it says why it did not. */
  where(available: boolean, why: string, title: string, body: Body): void;
}

/** One subject and its sentences. `define` declares tests synchronously through `it`. */
export function spec(title: string, define: (it: It) => void): void {
  const tests = suite(title);
  const before = tally.declared + tally.skipped;
  const it: It = (name, body) => {
    tally.declared++;
    tests(name, () => counted(`${title}: ${name}`, body));
  };
  it.where = (available, why, name, body) => {
    if (available) return it(name, body);
    if (process.env.CI) return it(name, () => fail(`cannot be skipped in CI: ${why}`));
    tally.skipped++;
    console.log(`skipped: ${title}: ${name} (${why})`);
  };
  define(it);
  if (tally.declared + tally.skipped === before)
    throw new Error(`spec '${title}' declares no test`);
  tests.run();
}

async function counted(title: string, body: Body): Promise<void> {
  for (const observer of observers) observer.begins(title);
  try {
    await body();
    tally.passed++;
    for (const observer of observers) observer.ended(true);
  } catch (thrown) {
    tally.failed++;
    for (const observer of observers) observer.ended(false);
    if (!(thrown instanceof Error)) throw new Error(`threw ${String(thrown)}`);
    // fast-check keeps what the property threw as the cause.
    if (thrown.cause instanceof Error) thrown.message += `\n${thrown.cause.message}`;
    throw thrown;
  }
}

function fail(message: string): never {
  throw new Error(message);
}

/** uvu's assertions; `assert.equal` shows bytes poorly, so compare bytes with sameBytes. */
export const assert: typeof uvuAssert = uvuAssert;
