// Syndromes: what each of the 256 values says.

import { syndromeOf, syndromeParts, syndromes } from '../../../protocols/index.js';
import { assert, spec } from '../../support/spec.js';

spec('aeth syndromes', (it) => {
  it('takes a syndrome apart and puts it together again', () => {
    for (let code = 0; code < 128; code++) {
      const { type, value } = syndromeParts(code);
      assert.is(syndromeOf(type, value), code);
    }
    assert.is(syndromeParts(0x80).type, 'RESERVED');
  });

  it('names what Linux sends: ACK without credits and the NAKs', () => {
    assert.is(syndromes[0x1f], 'ACK');
    assert.is(syndromes[0x60], 'NAK_PSN_SEQUENCE_ERROR');
    assert.is(syndromes[0x61], 'NAK_INVALID_REQUEST');
    assert.is(syndromes[0x62], 'NAK_REMOTE_ACCESS_ERROR');
    assert.is(syndromes[0x63], 'NAK_REMOTE_OPERATIONAL_ERROR');
    assert.is(syndromes[0x65], undefined);
  });

  it('has the longest RNR timer at code 0', () => {
    assert.is(syndromes[0x20], 'RNR_NAK_655360_US');
    assert.is(syndromes[0x21], 'RNR_NAK_10_US');
    assert.is(syndromes[0x2e], 'RNR_NAK_1280_US');
  });

  it('gives every name once', () => {
    const names = Object.values(syndromes);
    assert.is(new Set(names).size, names.length);
    assert.is(names.length, 32 + 32 + 5);
  });
});
