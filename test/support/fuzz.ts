// Properties that run for a time instead of a number of runs: a moment in every test run, minutes on demand
// (`WIREVERBS_FUZZ_SECONDS=600 npm run fuzz`). A failing run prints the command that
// repeats it.

import * as fc from 'fast-check';

/** Seconds for all fuzz properties together. */
const seconds = Number(process.env.WIREVERBS_FUZZ_SECONDS ?? 5);

/** 'NAME SEED PATH' of one failing case, which alone is run then. */
const [repeated, repeatedSeed, repeatedPath] = (process.env.WIREVERBS_FUZZ_REPEAT ?? '').split(' ');
/** Always the same in the suite, so that a run says something of the change and not of its luck. */
const SUITE_SEED = 20_251;
const random = (Date.now() ^ (Math.random() * 2 ** 31)) | 0;
const onDemand = process.env.WIREVERBS_FUZZ_SECONDS !== undefined;
const seed = Number(repeatedSeed ?? (onDemand ? random : SUITE_SEED));

/** More runs than any time allows. */
const ENDLESS = 2 ** 30;

/** Runs a property for its `share` (0 to 1) of the time. `name` is its file's path, a colon, and its own. */
export function fuzz<T>(
  name: string,
  share: number,
  anything: fc.Arbitrary<T>,
  holds: (value: T) => void,
): void {
  if (repeated && repeated !== name) return;
  const outcome = fc.check(fc.property(anything, holds), {
    seed,
    path: repeatedPath ?? '',
    numRuns: ENDLESS,
    interruptAfterTimeLimit: Math.max(50, seconds * share * 1000),
    endOnFailure: false,
  });
  if (!outcome.failed) return;
  const again = `WIREVERBS_FUZZ_REPEAT="${name} ${outcome.seed} ${outcome.counterexamplePath}"`;
  const { errorInstance } = outcome;
  const why = errorInstance instanceof Error ? errorInstance.stack : String(errorInstance);
  throw new Error(
    `${show(outcome.counterexample?.[0])}\nto repeat: ${again} npm run fuzz -- ${name.split(':')[0]}\n${why}`,
  );
}

/** Bytes as hex, the rest as fast-check writes it. */
function show(value: unknown): string {
  const bytes = value instanceof Uint8Array ? value : (value as { bytes?: unknown })?.bytes;
  if (bytes instanceof Uint8Array && bytes.length < 4096) return Buffer.from(bytes).toString('hex');
  return fc.stringify(value).slice(0, 4096);
}
