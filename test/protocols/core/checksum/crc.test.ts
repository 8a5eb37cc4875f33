// Mirrors protocols/core/checksum: both CRC-32s by every engine, and the CRC-16 of InfiniBand links. The npm
// package crc-32 is the reference; the vectors are those of the standards.

import { spawnSync } from 'node:child_process';
import * as zlib from 'node:zlib';
import crc32Package from 'crc-32';
import crc32cPackage from 'crc-32/crc32c.js';
import * as fc from 'fast-check';
import {
  crc16,
  crc32,
  crc32c,
  crc32Masked,
  crc32OfAbsentLrh,
  kernelEngine,
  packetMemory,
  portableEngine,
  useEngine,
} from '../../../../protocols/core/checksum/index.js';
import { assembleKernel } from '../../../../protocols/core/checksum/kernel/assemble.js';
import { kernelBase64 } from '../../../../protocols/core/checksum/kernel/module.js';
import { multiples } from '../../../../protocols/core/checksum/kernel/reduction.js';
import { assert, spec } from '../../../support/spec.js';

const ascii = (text: string) => new TextEncoder().encode(text);
const range = (length: number, first: number, step: number) =>
  Uint8Array.from({ length }, (_, i) => first + i * step);

/** 'An iSCSI - SCSI Read (10) Command PDU' of RFC 3720 B.4. */
const iscsiRead = Buffer.from(
  '01c00000000000000000000000000000140000000000040000000014000000182800000000000000' +
    '0200000000000000',
  'hex',
);

const reference = (b: Uint8Array, seed: number) => crc32Package.buf(b, seed | 0) >>> 0;
const referenceC = (b: Uint8Array, seed: number) => crc32cPackage.buf(b, seed | 0) >>> 0;

const message = fc.record({
  bytes: fc.uint8Array({ maxLength: 40 }),
  repeat: fc.nat({ max: 250 }),
  lead: fc.nat({ max: 40 }),
  seed: fc.nat({ max: 0xffffffff }),
});

/** Many lengths from few bytes: what is repeated has no period that suits the kernel's vectors. */
function expand({ bytes, repeat, lead }: { bytes: Uint8Array; repeat: number; lead: number }) {
  const whole = new Uint8Array(lead + bytes.length * repeat + 3);
  for (let i = 0; i < whole.length; i++) whole[i] = (bytes[i % (bytes.length || 1)] ?? 7) + i * 13;
  return whole;
}

/** CRC of the standards' check strings, for any engine. */
function vectors(): void {
  assert.is(crc32(ascii('123456789')), 0xcbf43926);
  assert.is(crc32c(ascii('123456789')), 0xe3069283);
  // RFC 3720 B.4, as numbers (there printed in the order of the wire)
  assert.is(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.is(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.is(crc32c(range(32, 0, 1)), 0x46dd794e);
  assert.is(crc32c(range(32, 31, -1)), 0x113fdb5c);
  assert.is(crc32c(iscsiRead), 0xd9963a56);
}

function equalsReference(place: (b: Uint8Array) => Uint8Array): void {
  fc.assert(
    fc.property(message, (m) => {
      const plain = expand(m);
      const b = place(plain);
      const to = b.length - 3;
      assert.is(crc32(b, m.lead, to, m.seed), reference(plain.subarray(m.lead, to), m.seed));
      assert.is(crc32c(b, m.lead, to, m.seed), referenceC(plain.subarray(m.lead, to), m.seed));
    }),
    { numRuns: 150 },
  );
}

spec('crc-32 and crc-32c', (it) => {
  const memory = packetMemory(16384);
  it('give the check values of the standards', vectors);
  it('equal crc-32 on any bytes, range and seed', () => equalsReference((b) => b));
  it('equal crc-32 where the bytes lie in packet memory, at any alignment', () => {
    let at = 0;
    equalsReference((b) => {
      at = (at + 1) % 64;
      memory.set(b, at);
      return memory.subarray(at, at + b.length);
    });
  });
  for (const engine of [portableEngine, kernelEngine()]) {
    if (!engine) continue;
    it(`equal crc-32 with the engine '${engine.name}' at every length up to 700 and around its chunks`, () => {
      const before = useEngine(engine);
      try {
        vectors();
        const b = Uint8Array.from({ length: 20000 }, (_, i) => (i * i * 31) >> 3);
        const lengths = [...Array(700).keys(), 8191, 8192, 8193, 16383, 16384, 16385, 19000];
        for (const length of lengths) {
          assert.is(crc32(b, 5, 5 + length), reference(b.subarray(5, 5 + length), 0), `${length}`);
          assert.is(
            crc32c(b, 5, 5 + length),
            referenceC(b.subarray(5, 5 + length), 0),
            `${length}`,
          );
        }
      } finally {
        useEngine(before);
      }
    });
  }
  it('equal crc-32 at random lengths up to 9000, offsets and seeds, copied in and in packet memory', () => {
    const place = fc.record({
      length: fc.nat({ max: 9000 }),
      at: fc.nat({ max: 5000 }),
      seed: fc.nat({ max: 0xffffffff }),
    });
    const plain = Uint8Array.from({ length: 14000 }, (_, i) => (i * i * 37) >> 2);
    memory.set(plain);
    const engines = [portableEngine, kernelEngine() ?? portableEngine];
    fc.assert(
      fc.property(place, ({ length, at, seed }) => {
        const view = plain.subarray(at, at + length);
        for (const engine of engines) {
          for (const b of [plain, memory]) {
            assert.is(engine.crc32(b, at, at + length, seed) >>> 0, reference(view, seed));
            assert.is(engine.crc32c(b, at, at + length, seed) >>> 0, referenceC(view, seed));
          }
        }
      }),
    );
  });
  const { crc32: native } = zlib as { crc32?: (data: Uint8Array, seed: number) => number };
  it.where(
    native !== undefined,
    'this Node has no zlib.crc32',
    'may be left to an engine that the caller brings',
    () => {
      let asked = 0;
      const before = useEngine({
        ...portableEngine,
        name: 'zlib',
        crc32: (b, from, to, seed) => {
          asked++;
          return native!(b.subarray(from, to), seed >>> 0);
        },
      });
      try {
        equalsReference((b) => b);
      } finally {
        useEngine(before);
      }
      assert.ok(asked > 0);
    },
  );
  it('are right where there is no WebAssembly, and packet memory is plain memory then', () => {
    const index = new URL('../../../../protocols/core/checksum/index.js', import.meta.url).href;
    const program = `delete globalThis.WebAssembly;
      const c = await import('${index}');
      const b = c.packetMemory(5000).fill(0x5a);
      console.log(c.defaultEngine.name, c.crc32(b), c.crc32c(b), c.internetSum(b));`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
    });
    const b = new Uint8Array(5000).fill(0x5a);
    assert.is(
      stdout.trim(),
      `portable ${reference(b, 0)} ${referenceC(b, 0)} ${(0x5a5a * 2500) % 0xffff}`,
    );
  });
  it('go on where an earlier run ended', () => {
    const b = range(1000, 3, 7);
    assert.is(crc32(b, 300, 1000, crc32(b, 0, 300)), crc32(b));
    assert.is(crc32c(b, 17, 1000, crc32c(b, 0, 17)), crc32c(b));
  });
  it('take masked bytes as ones', () => {
    const b = range(53, 1, 5);
    const ones = range(53, 0, 37);
    const masked = b.map((byte, i) => byte | ones[i]!);
    assert.is(crc32Masked(b, 0, 53, ones, 99), crc32(masked, 0, 53, 99));
  });
  it('begin RoCE frames with eight bytes of ones (state debb20e3h, as Linux has it)', () => {
    assert.is(~crc32OfAbsentLrh >>> 0, 0xdebb20e3);
  });
  it('refuse ranges outside the bytes instead of reading what lies there', () => {
    assert.throws(() => crc32(memory, 0, memory.length + 1), /bytes 0 to/);
    assert.throws(() => crc32c(memory, -1, 5), /bytes -1 to 5/);
    assert.throws(() => crc32(memory, Number.NaN, 5), /bytes NaN/);
  });
});

/** Remainder of the sum of x^(8 * distance), divided by the polynomial (33 bits, highest first). */
function remainder(distances: readonly number[], polynomial: bigint): bigint {
  const far = Math.max(...distances);
  let dividend = 1n << BigInt(8 * far);
  for (const d of distances) dividend ^= 1n << BigInt(8 * (far - d));
  for (let bit = BigInt(8 * far); bit >= 32n; bit--) {
    if ((dividend >> bit) & 1n) dividend ^= polynomial << (bit - 32n);
  }
  return dividend;
}

spec('CRC kernel', (it) => {
  it('the committed module is what assemble.ts makes', () => {
    assert.is(Buffer.from(assembleKernel()).toString('base64'), kernelBase64);
  });
  it('its sparse multiples are divided by the polynomials', () => {
    for (const { long, short } of [multiples.crc32]) {
      assert.is(remainder(long, 0x104c11db7n), 0n);
      assert.is(remainder(short, 0x104c11db7n), 0n);
    }
    assert.is(remainder(multiples.crc32c.long, 0x11edc6f41n), 0n);
    assert.is(remainder(multiples.crc32c.short, 0x11edc6f41n), 0n);
  });
});

/** CRC-16 bit by bit as IBA 7.8.2 draws it: polynomial 100Bh, least significant bit of each byte first. */
function slowCrc16(b: Uint8Array): number {
  let register = 0xffff;
  for (const byte of b) {
    for (let bit = 0; bit < 8; bit++) {
      const feedback = ((byte >> bit) & 1) ^ (register >> 15);
      register = ((register << 1) & 0xffff) ^ (feedback ? 0x100b : 0);
    }
  }
  let reflected = 0;
  for (let bit = 0; bit < 16; bit++) if (register & (1 << bit)) reflected |= 0x8000 >> bit;
  return ~reflected & 0xffff;
}

spec('crc-16 of InfiniBand links', (it) => {
  // Two implementations that met the wire agree on bit order, initial value and complement: Endace's for its
  // InfiniBand capture cards (dagcrc.c: reversed polynomial D008h, state shifted right, FFFFh at both ends) and
  // the packet builder of Mellanox's first host stack, whose printed table ends with these eight words.
  it('has the table of the implementations that met the wire', () => {
    const last = [0x4b07, 0x50a6, 0x7c45, 0x67e4, 0x2583, 0x3e22, 0x12c1, 0x0960];
    // From a register of zeros, one byte gives its own entry of the table.
    last.forEach((entry, i) => {
      assert.is(crc16(Uint8Array.of(248 + i), 0, 1, 0xffff), ~entry & 0xffff);
    });
    assert.is(crc16(new Uint8Array(0)), 0);
  });
  it('equals the shift register of the standard, on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (b) => assert.is(crc16(b), slowCrc16(b))),
    );
  });
  it('goes on where an earlier run ended', () => {
    const b = range(99, 5, 3);
    assert.is(crc16(b, 10, 99, crc16(b, 0, 10)), crc16(b));
  });
});
