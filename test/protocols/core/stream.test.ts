// Units of streams and what is wrong with them are told apart.

import { unmeasured } from '../../../protocols/core/stream.js';
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

spec('unmeasured', (it) => {
  it('points at the start of the piece', () => {
    const piece = { bytes: new Uint8Array(9), at: 4, end: 9, from: 0, position: 0 } as const;
    const wrong = unmeasured(piece, 'bad-value', 'own', 'magic', 1, 2);
    assert.ok(isMalformed(wrong));
    assert.equal([wrong.at, wrong.need, wrong.have, wrong.boundBy], [4, 1, 2, 'stream']);
  });
});
