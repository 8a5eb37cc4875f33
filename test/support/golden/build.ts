// Makes the golden set anew: `node dist/test/support/golden/build.js` writes test/golden/*.hex. A test holds the
// files equal to what the recipes make, so that neither changes without the other. With the argument 'judge', tshark
// is asked first, and its verdicts are kept for the 'judge' lines.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { formatGolden, goldenFolder } from '../../../src/testing/index.js';
import { allGolden } from './all.js';
import { judge, judgeable, keepVerdicts } from './judge.js';

if (process.argv.includes('judge')) {
  keepVerdicts(await judge(allGolden().filter(judgeable)));
  console.log('judged; run once more to write the verdicts');
  process.exit();
}
mkdirSync(goldenFolder, { recursive: true });
for (const file of readdirSync(goldenFolder)) {
  if (file.endsWith('.hex')) rmSync(`${goldenFolder}${file}`);
}
const frames = allGolden();
for (const frame of frames) writeFileSync(`${goldenFolder}${frame.name}.hex`, formatGolden(frame));
console.log(`${frames.length} golden frames`);
