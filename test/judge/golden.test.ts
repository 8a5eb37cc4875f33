// The golden frames before tshark, each by itself: whatever it shows of the good ones is as we have it, and it shows of
// each what the frame's judge line says.

import { goldenFrames } from '../../src/testing/index.js';
import { judge, judgeable, judged, verdicts } from '../support/golden/judge.js';
import { assert, spec } from '../support/spec.js';
import { noTshark } from '../support/tshark.js';

spec('tshark and the golden frames', (it) => {
  const available = noTshark === '';
  it.where(available, noTshark, 'name the same fields alike', async () => {
    const frames = goldenFrames().filter(judgeable);
    const found = await judge(frames);
    assert.is(found.size, frames.length);
    const differences = [...found].flatMap(([name, judgement]) =>
      judgement.differences.map((what) => `${name}: ${what}`),
    );
    assert.equal(differences, []);
    const kept = new Set([...judged()].map(([name, layers]) => `${name}: ${layers}`));
    const now = verdicts(found).trimEnd().split('\n');
    const advice = 'run dist/test/support/golden/build.js judge, then without an argument';
    assert.equal(
      now.filter((line) => !kept.has(line)),
      [],
      advice,
    );
    assert.is(now.length, kept.size, advice);
  });
});
