// The words of a declaration refuse what no header can have, as soon as they are said.

import {
  bytes,
  flag,
  isBytes,
  reserved,
  rest,
  text,
  uint,
  word,
} from '../../../protocols/index.js';
import { assert, spec } from '../../support/spec.js';

spec('field declarations', (it) => {
  it('take numbers of the widths that accessors know', () => {
    for (const bits of [1, 7, 24, 32, 40, 48, 64]) assert.is(uint(bits, 'n', 'n').bits, bits);
    for (const bits of [0, -1, 1.5, 33, 41, 56, 65, Number.NaN])
      assert.throws(() => uint(bits, 'n', 'n'), /n: a number has 1 to 32, 40, 48 or 64 bits/);
  });

  it('take strings of one byte or more', () => {
    assert.is(bytes(3, 'b', 'b').bits, 24);
    for (const count of [0, -1, 1.5]) {
      assert.throws(() => bytes(count, 'b', 'b'), /b: a string of bytes has 1 or more/);
      assert.throws(() => text(count, 'b', 'b'), /b: a string of bytes has 1 or more/);
    }
  });

  it('take reserved bits as a number up to 32, else as bytes', () => {
    assert.is(reserved(32).kind, 'uint');
    assert.is(reserved(40).kind, 'bytes');
    for (const bits of [0, 33, 1.5])
      assert.throws(() => reserved(bits), /neither a number nor whole bytes/);
  });

  it('pack words of whole bytes, of numbers, in one order', () => {
    assert.is(word(flag('a', 'a'), uint(7, 'b', 'b')).word.length, 2);
    assert.throws(
      () => word(flag('a', 'a')),
      /a word is 8, 16, 24 or 32 bits of numbers, not 1: a/,
    );
    assert.throws(() => word(), /not 0/);
    assert.throws(() => word(uint(32, 'a', 'a'), uint(8, 'b', 'b')), /not 40: a, b/);
    assert.throws(() => word(bytes(2, 'a', 'a')), /of numbers/);
    assert.throws(() => word(rest('a', 'a'), uint(8, 'b', 'b')), /of numbers/);
    assert.throws(() => word(uint(8, 'a', 'a', { order: 'le' })), /the order of the header/);
  });
});

spec('isBytes', (it) => {
  it('knows bytes, of Buffers too, from everything else', () => {
    for (const b of [new Uint8Array(2), Buffer.alloc(1), new Uint8Array(0)]) assert.ok(isBytes(b));
    const others = [
      1,
      1n,
      'ab',
      null,
      undefined,
      [1],
      new DataView(new ArrayBuffer(2)),
      new Uint16Array(2),
      {},
    ];
    for (const other of others) assert.not.ok(isBytes(other));
  });
});
