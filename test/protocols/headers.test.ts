// The laws of every header in the registry.

import { protocols } from '../../protocols/index.js';
import { agrees, roundTrips, tiles } from '../support/laws.js';
import { assert, spec } from '../support/spec.js';

for (const { header, key } of protocols) {
  spec(`header ${key}`, (it) => {
    it('gives back every record that it encodes', () => roundTrips(header));
    it('reads and writes as buffer-layout does', () => agrees(header));
    it('has each bit in exactly one field', () => tiles(header));
    it('refuses every length below its size', () => {
      for (let n = 0; n < header.size; n++) {
        const stop = header.check(new Uint8Array(n), 0, n, 'test');
        assert.is(stop?.code, 'truncated');
        assert.is(stop?.have, n);
      }
    });
  });
}

spec('registry', (it) => {
  it('has no two protocols of one key', () => {
    assert.is(new Set(protocols.map((p) => p.key)).size, protocols.length);
  });
});
