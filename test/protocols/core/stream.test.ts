// Units of streams and what is wrong with them are told apart.

import { isMalformed, payload } from '../../../protocols/index.js';
import { assert, spec } from '../../support/spec.js';

spec('isMalformed', (it) => {
  it('tells a unit and a wish for more bytes from what is wrong', () => {
    assert.not.ok(isMalformed(null));
    assert.not.ok(isMalformed({ size: 1, protocol: payload, boundBy: 'own.length' }));
    const wrong = {
      code: 'bad-value',
      layer: 'own',
      field: 'length',
      at: 0,
      need: 1,
      have: 0,
      boundBy: 'stream',
    } as const;
    assert.ok(isMalformed(wrong));
  });
});
