// Writes what README.md says of `wireverbs compare`: the table of all paths, and the picture of two. `npm run docs` does it; a
// test holds both equal to what the command gives.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { svgOf } from '../apps/compare/index.js';
import { countsOf } from '../cli/compare-report.js';
import { compare } from '../scenario/compare.js';

const fileOf = (path: string): string =>
  fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const README = 'README.md';
const PICTURE = 'docs/compare.svg';
/** The table stands in a block of its own, which begins with its head. */
const block = /(?<=^```\n)initiator \+ target .*?(?=^```$)/ms;

export const present = {
  get readme(): string {
    return readFileSync(fileOf(README), 'utf8');
  },
  get picture(): string {
    return readFileSync(fileOf(PICTURE), 'utf8');
  },
};

/** README.md with the counts as they are now. */
export function readme(): string {
  const counts = `${stripVTControlCharacters(countsOf(compare()))}\n`;
  const text = present.readme;
  if (!block.test(text)) throw new Error(`${README} has no table of a comparison`);
  return text.replace(block, () => counts);
}

/** What `wireverbs compare --wires tcp,rocev2 --svg FILE` draws. */
export const picture = (): string => svgOf(compare({ paths: ['tcp', 'rocev2'] }));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(fileOf(README), readme());
  writeFileSync(fileOf(PICTURE), picture());
}
