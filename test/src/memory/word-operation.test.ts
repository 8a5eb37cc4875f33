// Mirrors src/memory/word-operation.ts. The reference goes bit by bit, as RFC 7306 5.1.1 and 5.1.2 describe it.

import * as fc from 'fast-check';
import { WordOperation } from '../../../src/memory/index.js';
import { assert, spec } from '../../support/spec.js';

const BITS = 64n;
const high = (word: bigint): number => Number(word >> 32n);
const low = (word: bigint): number => Number(word & 0xffffffffn);

/** Each bit of the mask is the highest of its field: the carry out of it is lost. */
function addBitByBit(original: bigint, data: bigint, mask: bigint): bigint {
  let [result, carry] = [0n, 0n];
  for (let bit = 0n; bit < BITS; bit++) {
    const sum = ((original >> bit) & 1n) + ((data >> bit) & 1n) + carry;
    result |= (sum & 1n) << bit;
    carry = ((mask >> bit) & 1n) === 1n ? 0n : sum >> 1n;
  }
  return result;
}

function operation(swaps: boolean, data: bigint, mask: bigint, compare = 0n, compareMask = 0n) {
  return Object.assign(new WordOperation(), {
    swaps,
    ...{ dataHigh: high(data), dataLow: low(data), maskHigh: high(mask), maskLow: low(mask) },
    ...{ compareHigh: high(compare), compareLow: low(compare) },
    ...{ compareMaskHigh: high(compareMask), compareMaskLow: low(compareMask) },
  });
}

const word = fc.oneof(
  fc.bigInt(0n, 2n ** BITS - 1n),
  fc.constantFrom(0n, 2n ** 64n - 1n, 2n ** 32n),
);
const resultOf = (o: WordOperation): bigint => (BigInt(o.high) << 32n) | BigInt(o.low);

spec('atomic operations on a word', (it) => {
  it('add in fields whose highest bits the mask has', () => {
    const property = fc.property(word, word, word, (original, data, mask) => {
      const adds = operation(false, data, mask);
      assert.ok(adds.apply(high(original), low(original)));
      assert.is(resultOf(adds), addBitByBit(original, data, mask));
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('without a mask add in 64 bits and go round', () => {
    const property = fc.property(word, word, (original, data) => {
      const adds = new WordOperation().add(high(data), low(data));
      adds.apply(high(original), low(original));
      assert.is(resultOf(adds), BigInt.asUintN(64, original + data));
    });
    fc.assert(property);
  });

  it('swap the bits of one mask where those of the other are equal', () => {
    const property = fc.property(word, word, word, word, word, fc.boolean(), (...drawn) => {
      const [original, data, mask, other, compareMask, equal] = drawn;
      const compare = equal ? (original & compareMask) | (other & ~compareMask) : other;
      const wanted = BigInt.asUintN(64, original ^ compare) & compareMask;
      const swaps = operation(true, data, mask, BigInt.asUintN(64, compare), compareMask);
      assert.is(swaps.apply(high(original), low(original)), wanted === 0n);
      if (wanted !== 0n) return;
      assert.is(resultOf(swaps), BigInt.asUintN(64, (original & ~mask) | (data & mask)));
    });
    fc.assert(property, { numRuns: 500 });
  });
});
