// The golden set: named frames to test against, read from the files that come with the package. The only
// module of this entry that needs Node.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { didYouMean } from '../../protocols/core/suggest.js';
import { type GoldenFrame, parseGolden } from './golden-file.js';

/** Where the files lie: in the package's root, two folders above dist/src/testing. */
export const goldenFolder: string = fileURLToPath(
  new URL('../../../test/golden/', import.meta.url),
);

const SUFFIX = '.hex';
const kept = new Map<string, GoldenFrame>();

/** The names of all golden frames: good ones first, then the deliberately bad ones. */
export function goldenNames(): string[] {
  const bad = (name: string) => name.startsWith('bad-');
  return readdirSync(goldenFolder)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .sort((a, b) => Number(bad(a)) - Number(bad(b)) || (a < b ? -1 : 1));
}

/** One golden frame. Its bytes are shared: copy what is to be changed. @throws RangeError when there is none */
export function golden(name: string): GoldenFrame {
  const known = kept.get(name);
  if (known) return known;
  const names = goldenNames();
  if (!names.includes(name)) {
    throw new RangeError(`there is no golden frame '${name}'${didYouMean(name, names)}`);
  }
  const frame = parseGolden(name, readFileSync(`${goldenFolder}${name}${SUFFIX}`, 'utf8'));
  kept.set(name, frame);
  return frame;
}

/** All golden frames. */
export const goldenFrames = (): GoldenFrame[] => goldenNames().map(golden);
