// Mirrors protocols/core/checksum/internet.ts.

import * as fc from 'fast-check';
import {
  checksumOfSum,
  internetSum,
  packetMemory,
  pseudoSumIpv4,
  pseudoSumIpv6,
  sumIsGood,
  udpChecksumOfSum,
  updateChecksum,
} from '../../../../protocols/core/checksum/index.js';
import { assert, spec } from '../../../support/spec.js';

/** RFC 1071 section 4.1, word by word. */
function slowSum(b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < b.length; i += 2) {
    sum += (b[i]! << 8) | (b[i + 1] ?? 0);
    sum = (sum & 0xffff) + (sum >>> 16);
  }
  return sum;
}

spec('internet checksum', (it) => {
  it('gives the example of RFC 1071 section 3', () => {
    const b = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
    assert.is(internetSum(b), 0xddf2);
    assert.is(checksumOfSum(internetSum(b)), 0x220d);
  });
  it('equals the sum word by word, in packet memory too', () => {
    const memory = packetMemory(4096);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), fc.nat({ max: 40 }), (b, at) => {
        memory.set(b, at);
        assert.is(internetSum(b), slowSum(b));
        assert.is(internetSum(memory, at, at + b.length), slowSum(b));
      }),
    );
  });
  it('does not overflow on long runs of ones', () => {
    const b = new Uint8Array(200001).fill(0xff);
    assert.is(internetSum(b), slowSum(b));
  });
  it('adds parts up, also behind a part of odd length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(), (b, n) => {
        const cut = b.length === 0 ? 0 : n % b.length;
        const sum = internetSum(b, cut, b.length, internetSum(b, 0, cut), cut % 2 === 1);
        assert.is(sum % 0xffff, slowSum(b) % 0xffff);
      }),
    );
  });
  it('follows a changed word without the rest (RFC 1624)', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 20, maxLength: 20 }),
        fc.nat({ max: 0xffff }),
        (b, word) => {
          const before = checksumOfSum(internetSum(b));
          const old = (b[4]! << 8) | b[5]!;
          b[4] = word >> 8;
          b[5] = word;
          const after = updateChecksum(before, old, word);
          assert.is(after % 0xffff, checksumOfSum(internetSum(b)) % 0xffff);
        },
      ),
    );
  });
  it('knows the pseudo headers and the UDP checksum that is never zero', () => {
    const v4 = Uint8Array.of(10, 0, 0, 1, 10, 0, 0, 2);
    assert.is(pseudoSumIpv4(v4, 0, 17, 8), 0x0a00 + 1 + 0x0a00 + 2 + 17 + 8);
    const v6 = new Uint8Array(32);
    v6[15] = 1;
    v6[31] = 2;
    assert.is(pseudoSumIpv6(v6, 0, 16, 58, 70000), ((70000 & 0xffff) + 1 + 3 + 58) % 0xffff);
    assert.is(udpChecksumOfSum(0xffff), 0xffff);
    assert.ok(sumIsGood(0xffff) && !sumIsGood(0xfffe));
  });
});
