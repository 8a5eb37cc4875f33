// What follows from a declaration: places, accessors of every width and order, records, and refusals by name.
// The bytes that are expected here were written out by hand; laws of the registered headers: headers.test.ts.

import * as fc from 'fast-check';
import {
  bytes,
  formatHex,
  header,
  type Item,
  parseHex,
  reserved,
  rest,
  uint,
  word,
} from '../../../protocols/index.js';
import { agrees, roundTrips, tiles } from '../../support/laws.js';
import { assert, spec } from '../../support/spec.js';

const hex = (b: Uint8Array) => formatHex(b);

const Wide = header('Wide', [
  uint(8, 'a', 'a'),
  uint(16, 'b', 'b'),
  uint(24, 'c', 'c'),
  uint(32, 'd', 'd'),
  uint(40, 'e', 'e'),
  uint(48, 'f', 'f'),
  uint(64, 'g', 'g'),
  bytes(2, 'h', 'h'),
]);
const WIDE =
  '01' +
  '0203' +
  '040506' +
  '0708090a' +
  '0b0c0d0e0f' +
  '101112131415' +
  '161718191a1b1c1d' +
  '1e1f';

const Little = header(
  'Little',
  [
    uint(16, 'b', 'b'),
    uint(24, 'c', 'c'),
    uint(32, 'd', 'd'),
    uint(40, 'e', 'e'),
    uint(48, 'f', 'f'),
    uint(64, 'g', 'g'),
    uint(32, 'big', 'big-endian for once', { order: 'be' }),
  ],
  { order: 'le' },
);

/** Fields that cross bytes: 3 + 10 + 3, 5 + 22 + 5 bits. */
const crossing = [
  word(uint(3, 'a', 'a'), uint(10, 'b', 'b'), uint(3, 'c', 'c')),
  word(uint(5, 'd', 'd'), uint(22, 'e', 'e'), uint(5, 'f', 'f')),
  word(uint(1, 'g', 'g'), uint(23, 'h', 'h')),
] as const;
const Crossing = header('Crossing', crossing);
const CrossingLittle = header('CrossingLittle', crossing, { order: 'le' });

const Tailed = header('Tailed', [uint(16, 'length', 'length'), rest('data', 'data')]);

spec('header', (it) => {
  it('reads and writes every width in network order', () => {
    const b = parseHex(WIDE);
    const { get } = Wide;
    assert.equal(
      [get.a(b, 0), get.b(b, 0), get.c(b, 0), get.d(b, 0)],
      [1, 0x203, 0x40506, 0x708090a],
    );
    assert.equal([get.e(b, 0), get.f(b, 0)], [0x0b0c0d0e0f, 0x101112131415]);
    assert.is(get.g(b, 0), 0x161718191a1b1c1dn);
    assert.is(hex(Wide.encode(Wide.decode(b))), WIDE);
    const c = new Uint8Array(b.length + 1);
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f'] as const)
      Wide.set[name](c, 1, get[name](b, 0));
    Wide.set.g(c, 1, get.g(b, 0));
    assert.is(hex(c), `00${WIDE.slice(0, -4)}0000`);
  });

  it('reads and writes every width in little-endian order, and single fields in the other', () => {
    const b = Little.encode({
      b: 0x102,
      c: 0x30405,
      d: 0x6070809,
      e: 0x0a0b0c0d0e,
      f: 0x0f1011121314,
      g: 0x15161718191a1b1cn,
      big: 0x1d1e1f20,
    });
    assert.is(
      hex(b),
      '0201' +
        '050403' +
        '09080706' +
        '0e0d0c0b0a' +
        '14131211100f' +
        '1c1b1a1918171615' +
        '1d1e1f20',
    );
    assert.equal(Little.encode(Little.decode(b)), b);
  });

  it('packs fields that cross bytes from the high end, and from the low end in little-endian headers', () => {
    // 101 0000000011 010 | 10001 0000000000000000000011 10000 | 1 00000000000000000000011
    const fields = { a: 5, b: 3, c: 2, d: 17, e: 3, f: 16, g: 1, h: 3 };
    assert.is(hex(Crossing.encode(fields)), 'a01a' + '88000070' + '800003');
    // low bits first: 2<<13 | 3<<3 | 5, 16<<27 | 3<<5 | 17, 3<<1 | 1
    assert.is(hex(CrossingLittle.encode(fields)), '1d40' + '71000080' + '070000');
    for (const h of [Wide, Little, Crossing, CrossingLittle] as const) {
      roundTrips(h as never);
      agrees(h as never);
      tiles(h as never);
    }
  });

  it('leaves the neighbours of a field alone when it is set, and drops what is too wide', () => {
    for (const h of [Crossing, CrossingLittle]) {
      const b = new Uint8Array(h.size).fill(0xff);
      h.set.b(b, 0, 0);
      assert.equal({ ...h.decode(b) }, { ...h.decode(new Uint8Array(h.size).fill(0xff)), b: 0 });
      h.set.e(b, 0, 0);
      h.set.e(b, 0, 2 ** 22 + 1);
      assert.is(h.get.e(b, 0), 1);
      assert.equal([h.get.d(b, 0), h.get.f(b, 0)], [31, 31]);
    }
  });

  it('knows where each field lies', () => {
    assert.is(Wide.size, 31);
    assert.equal({ ...Wide.at }, { a: 0, b: 1, c: 3, d: 6, e: 10, f: 15, g: 21, h: 29 });
    const places = (h: typeof Crossing) =>
      h.spans.map((s) => [s.name, s.at, s.size, s.bitAt, s.wordAt, s.wordSize]);
    assert.equal(places(Crossing).slice(0, 4), [
      ['a', 0, 1, 0, 0, 2],
      ['b', 0, 2, 3, 0, 2],
      ['c', 1, 1, 13, 0, 2],
      ['d', 2, 1, 16, 2, 4],
    ]);
    // The lowest three bits of byte 0 are its last as the standards draw it.
    assert.equal(places(CrossingLittle)[0], ['a', 0, 1, 5, 0, 2]);
    assert.is(Tailed.span('data')?.at, 2);
    assert.is(Tailed.tail, Tailed.span('data'));
    assert.is(Tailed.span('nothing'), undefined);
    assert.is(Wide.tail, undefined);
  });

  it('numbers reserved fields and reads them like others', () => {
    const h = header('R', [word(uint(4, 'a', 'a'), reserved(4)), reserved(8), reserved(48)]);
    assert.equal(
      h.spans.map((s) => s.name),
      ['a', 'reserved', 'reserved2', 'reserved3'],
    );
    const fields = h.decode(parseHex('1234aabbccddeeff'));
    assert.is(fields.reserved, 2);
    assert.is(fields.reserved2, 0x34);
    assert.is(hex(fields.reserved3 as Uint8Array), 'aabbccddeeff');
  });

  it('is named and sorted as it says, or after its name', () => {
    const plain = header('Own', [uint(8, 'a', 'a')]);
    assert.equal(
      [plain.key, plain.family, plain.title, plain.section, plain.order],
      ['own', 'own', 'Own', '', 'be'],
    );
    const full = header('Own', [], {
      key: 'k',
      family: 'f',
      title: 't',
      section: 's',
      order: 'le',
    });
    assert.equal(
      [full.key, full.family, full.title, full.section, full.order],
      ['k', 'f', 't', 's', 'le'],
    );
    assert.is(full.size, 0);
  });

  it('refuses declarations that no bytes can have', () => {
    const refuse = (items: readonly Item[], why: RegExp) =>
      assert.throws(() => header('X', items), why);
    refuse([uint(8, 'a', 'a'), uint(16, 'a', 'a')], /X: two fields share a name/);
    refuse([reserved(8), reserved(8), uint(8, 'reserved2', 'a')], /share a name/);
    refuse([uint(12, 'a', 'a')], /a: not whole bytes/);
    refuse([reserved(4)], /reserved: not whole bytes/);
    refuse([rest('a', 'a'), uint(8, 'b', 'b')], /a rest field must be the last/);
    refuse([rest('a', 'a'), rest('b', 'b')], /a rest field must be the last/);
  });

  it('takes what is left into its rest field, and only bytes that fit when writing', () => {
    const b = parseHex('0003616263646566');
    assert.is(hex(Tailed.read('data', b, 0, 5) as Uint8Array), '616263');
    assert.is((Tailed.read('data', b, 0) as Uint8Array).length, 0);
    assert.is((Tailed.read('data', b, 4, 2) as Uint8Array).length, 0, 'an end before the start');
    assert.is(hex(Tailed.decode(b, 0, 5).data), '616263');
    assert.is(hex(Tailed.encode({ length: 2, data: Uint8Array.of(7, 8) })), '00020708');
    assert.is(hex(Tailed.encode({ length: 2 })), '0002');
    Tailed.write('data', b, 0, Uint8Array.of(1, 2), 4);
    assert.is(hex(b), '0003010263646566');
    assert.throws(
      () => Tailed.write('data', b, 0, Uint8Array.of(1), 4),
      /Tailed.data takes 2 bytes, not 1/,
    );
  });

  it('reads byte strings as views and decodes them as copies', () => {
    const b = parseHex(WIDE);
    (Wide.read('h', b, 0) as Uint8Array)[0] = 0x77;
    assert.is(b[29], 0x77);
    Wide.decode(b).h[0] = 0x11;
    assert.is(b[29], 0x77);
  });

  it('encodes into bytes that are there, fields not given as zeros, nothing beside them', () => {
    const b = new Uint8Array(6).fill(0xff);
    const written = Tailed.encode({ length: 1, data: Uint8Array.of(9) }, b, 2);
    assert.is(hex(b), 'ffff000109ff');
    assert.is(written.byteOffset, 2);
    assert.is(hex(Crossing.encode({ b: undefined as never })), '00'.repeat(9));
    assert.throws(() => Wide.encode({}, new Uint8Array(30)), /Wide takes 31 bytes, not 30/);
    assert.throws(() => Wide.encode({}, new Uint8Array(31), 1), /Wide takes 31 bytes, not 30/);
    assert.throws(() => Wide.encode({}, new Uint8Array(31), -1), RangeError);
  });

  it('names the field of a value that does not fit', () => {
    const bad: readonly (readonly [Record<string, unknown>, RegExp])[] = [
      [{ a: 256 }, /Wide.a is 256; it takes whole numbers below 2\^8/],
      [{ a: -1 }, /Wide.a is -1/],
      [{ b: 1.5 }, /Wide.b is 1.5/],
      [{ c: Number.NaN }, /Wide.c is NaN/],
      [{ d: 2 ** 32 }, /Wide.d .* 2\^32/],
      [{ e: 2 ** 40 }, /Wide.e .* 2\^40/],
      [{ f: Number.POSITIVE_INFINITY }, /Wide.f is Infinity/],
      [{ g: 1 }, /Wide.g takes a bigint, not a number/],
      [{ g: 1n << 64n }, /Wide.g .* 2\^64/],
      [{ g: -1n }, /Wide.g is -1/],
      [{ a: 1n }, /Wide.a takes a number, not a bigint/],
      [{ a: Uint8Array.of(1) }, /Wide.a takes a number, not bytes/],
      [{ h: 1 }, /Wide.h takes bytes/],
      [{ h: new Uint16Array(2) }, /Wide.h takes bytes/],
      [{ h: new Uint8Array(3) }, /Wide.h takes 2 bytes, not 3/],
      [{ z: 1 }, /Wide has no field 'z'/],
    ];
    for (const [fields, why] of bad) assert.throws(() => Wide.encode(fields as never), why);
    assert.throws(() => Wide.read('z', parseHex(WIDE), 0), /Wide has no field 'z'/);
  });

  it('refuses to decode bytes that are too few, by name', () => {
    for (let n = 0; n < Wide.size; n++) {
      assert.throws(
        () => Wide.decode(new Uint8Array(n)),
        new RegExp(`Wide takes 31 bytes, not ${n}$`),
      );
    }
    assert.throws(() => Wide.decode(new Uint8Array(40), 0, 30), /not 30/);
    assert.throws(() => Wide.decode(new Uint8Array(31), 8, 4), /not 0/);
    assert.throws(() => Wide.decode(new Uint8Array(31), -1), RangeError);
    assert.throws(() => Wide.decode(new Uint8Array(3), 0, 1e9), /not 3/);
  });

  it('checks whether bytes are enough, and names the first field that is not whole', () => {
    const none = new Uint8Array(0);
    assert.is(Wide.check(none, 4, 35, 'frame'), null);
    assert.equal(Wide.check(none, 4, 8, 'udp.length'), {
      code: 'truncated',
      layer: 'wide',
      field: 'c',
      at: 4,
      need: 31,
      have: 4,
      boundBy: 'udp.length',
    });
    assert.is(Wide.check(none, 8, 4, 'frame')?.have, 0, 'an end before the start');
    assert.is(Tailed.check(none, 0, 2, 'frame'), null);
  });
});

spec('numbers in any word', (it) => {
  const orders = fc.constantFrom('be' as const, 'le' as const);
  // Cut 32 bits at any places.
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 31 }), { maxLength: 8 });
  it('are read as buffer-layout reads them, however the word is divided', () => {
    const once = fc.property(
      cuts,
      orders,
      fc.constantFrom(8, 16, 24, 32),
      (places, order, bits) => {
        const ends = [...places.filter((p) => p < bits).sort((a, b) => a - b), bits];
        const fields = ends.map((end, i) => uint(end - (ends[i - 1] ?? 0), `f${i}`, 'any'));
        const h = header('Any', [uint(8, 'first', 'first'), word(...fields)], { order });
        tiles(h as never);
        agrees(h as never, 5);
      },
    );
    fc.assert(once, { numRuns: 60 });
  });
});
