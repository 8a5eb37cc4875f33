// Mirrors protocols/core/checksum/crc32-number.ts: what a number adds to a CRC, against the CRC of the whole run.

import { Crc32Number, crc32 } from '../../../../protocols/core/checksum/index.js';
import { assert, spec } from '../../../support/spec.js';

spec('a number in a run of bytes', (it) => {
  it('adds to the CRC-32 what its look-ups say, whatever stands around it', () => {
    const run = Uint8Array.from({ length: 90 }, (_, i) => (i * 151 + 7) & 255);
    for (const at of [0, 9, 40, 87]) {
      const number = new Crc32Number(run.length - (at + 3));
      const write = (value: number) => run.set([value >> 16, value >> 8, value], at);
      write(0);
      for (const seed of [0, 0xdebb20e3]) {
        const blank = crc32(run, 0, run.length, seed);
        for (const value of [1, 0x80, 0xffff, 0x10000, 0x800000, 0xffffff, 0x5a17c3]) {
          write(value);
          assert.is((blank ^ number.of(value)) >>> 0, crc32(run, 0, run.length, seed));
          write(0);
        }
      }
    }
  });
});
