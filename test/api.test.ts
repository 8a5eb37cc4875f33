// What others build on: the names that the package exports. A change of the API shows as a change of
// test/snapshots/api.txt, which `node dist/test/support/public-names.js` writes.

import { entries, presentNames, publicNames } from './support/public-names.js';
import { assert, spec } from './support/spec.js';

/** Headers and protocols say what they are in their declaration: title, section and a word on every field. */
const declared = /: (import\([^)]*\)\.)?(Header|TypedProtocol|Protocol)\b/;

spec('public names', (it) => {
  it('are those of test/snapshots/api.txt', () => {
    assert.is(publicNames(), presentNames());
  });

  it('are documented, each of them', () => {
    const silent = entries().flatMap(({ names }) =>
      names.filter((one) => !one.documented && !declared.test(one.declaration)),
    );
    assert.equal(
      silent.map((one) => one.name),
      [],
    );
  });
});
