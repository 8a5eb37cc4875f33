// Mirrors protocols/core/hex.ts: the quick printers against those of the language.

import { beforeHex, decimalOf, hexOf, hexOf64, namedHexOf64 } from '../../../protocols/core/hex.js';
import { assert, spec } from '../../support/spec.js';

/** Both sides of every bound at which a printer does something else. */
const powers = [...Array(10).keys()]
  .map((i) => 10 ** i)
  .concat([...Array(32).keys()].map((i) => 2 ** i));
const numbers = powers.flatMap((n) => [n - 1, n, n + 1]).filter((n) => n < 2 ** 31);

spec('numbers printed from tables', (it) => {
  it('are those that the language prints in decimal', () => {
    for (const n of numbers) assert.is(decimalOf(n), String(n));
  });
  it('are those that it prints in hexadecimal, of 32 and of 64 bits', () => {
    const named = beforeHex('va 0x');
    for (const n of [...numbers, 2 ** 31, 2 ** 32 - 1]) {
      assert.is(hexOf(n), n.toString(16));
      for (const high of [0, 1, n]) {
        const b = new Uint8Array(9);
        new DataView(b.buffer).setBigUint64(1, (BigInt(high) << 32n) | BigInt(n));
        assert.is(hexOf64(b, 1), ((BigInt(high) << 32n) | BigInt(n)).toString(16));
        assert.is(namedHexOf64(named, b, 1), `va 0x${hexOf64(b, 1)}`);
      }
    }
  });
});
