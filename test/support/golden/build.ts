// Makes the golden set anew: `node dist/test/support/golden/build.js` writes test/golden/*.hex. A test holds the
// files equal to what the recipes make, so that neither changes without the other.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { formatGolden, goldenFolder } from '../../../src/testing/index.js';
import { allGolden } from './all.js';

mkdirSync(goldenFolder, { recursive: true });
for (const file of readdirSync(goldenFolder)) {
  if (file.endsWith('.hex')) rmSync(`${goldenFolder}${file}`);
}
const frames = allGolden();
for (const frame of frames) writeFileSync(`${goldenFolder}${frame.name}.hex`, formatGolden(frame));
console.log(`${frames.length} golden frames`);
