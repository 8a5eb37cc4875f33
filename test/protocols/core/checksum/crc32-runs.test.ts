// Mirrors protocols/core/checksum/crc32-runs.ts. The npm package crc-32 says which CRC is right.

import crc32Package from 'crc-32';
import { type Cover, Crc32Runs, packetMemory } from '../../../../protocols/core/checksum/index.js';
import { assert, spec } from '../../../support/spec.js';

const covers: readonly Cover[] = [
  { ones: Uint8Array.from({ length: 20 }, (_, i) => i * 37), seed: 0 },
  { ones: Uint8Array.from({ length: 64 }, (_, i) => i * 91), seed: 0xdebb20e3 },
];

/** Bytes without a period. */
function fill(b: Uint8Array): Uint8Array {
  let x = 1;
  for (let i = 0; i < b.length; i++) {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0;
    b[i] = x >>> 16;
  }
  return b;
}

/** Puts the CRC of the masked bytes behind them. */
function seal(b: Uint8Array, from: number, to: number, { ones, seed }: Cover): void {
  const masked = b.slice(from, to).map((byte, i) => byte | (ones[i] ?? 0));
  new DataView(b.buffer, b.byteOffset).setInt32(to, crc32Package.buf(masked, seed | 0), true);
}

const LENGTHS = [0, 1, 19, 64, 511, 512, 513, 527, 575, 576, 1040, 1064, 4136, 8192, 8193];

spec('runs of bytes with their CRC-32 behind them', (it) => {
  const memories = {
    'packet memory': packetMemory(40_000),
    'other memory': new Uint8Array(40_000),
  };
  for (const [name, memory] of Object.entries(memories)) {
    it(`are verified at every length, place and cover in ${name}, alone and together`, () => {
      for (const [at, view] of [memory, memory.subarray(13)].entries()) {
        for (const cover of covers.keys()) {
          const runs = new Crc32Runs(covers, 700);
          const wrong: number[] = [];
          for (const length of LENGTHS) {
            for (let from = at; from < at + 17; from += 3) {
              fill(view);
              seal(view, from, from + length, covers[cover]!);
              runs.add(from, from + length, cover);
              runs.verify(view, (run) => wrong.push(run));
            }
          }
          assert.equal(wrong, []);
        }
      }
    });
    it(`are named by number where one bit of ${name} is wrong, more of them than one call takes`, () => {
      fill(memory);
      const runs = new Crc32Runs(covers, 700);
      for (let from = 0; from < 30_000; from += 600) seal(memory, from, from + 580, covers[1]!);
      for (let i = 0; i < 601; i++) {
        const from = (i % 50) * 600;
        runs.add(from, from + 580, 1);
      }
      memory[7 * 600 + 579]! ^= 0x10;
      const wrong: number[] = [];
      runs.verify(memory, (run) => wrong.push(run));
      assert.equal(
        wrong,
        Array.from({ length: 12 }, (_, i) => 7 + 50 * i),
      );
      runs.verify(memory, () => assert.unreachable());
    });
  }
  it('are refused outside the bytes, and so are covers that the kernel has no room for', () => {
    const memory = packetMemory(2000);
    const runs = new Crc32Runs(covers, 4);
    runs.add(1000, 1999, 0);
    const wrong: number[] = [];
    runs.verify(memory, (run) => wrong.push(run));
    assert.equal(wrong, [0]);
    runs.add(1000, 3000, 0);
    assert.throws(() => runs.verify(memory, () => {}), /bytes/);
    assert.throws(() => new Crc32Runs([{ ones: new Uint8Array(65), seed: 0 }], 1), RangeError);
  });
});
