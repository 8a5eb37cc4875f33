// Values as people write them: whatever is printed can be typed again.

import * as fc from 'fast-check';
import { same } from '../../../protocols/core/check.js';
import {
  bytes,
  type Field,
  type FieldValue,
  flag,
  formatHex,
  formatValue,
  ipv4Address,
  ipv6Address,
  mac,
  nameOf,
  parseHex,
  parseValue,
  protocols,
  rest,
  showValue,
  text,
  uint,
} from '../../../protocols/index.js';
import { anyValue } from '../../support/laws.js';
import { assert, spec } from '../../support/spec.js';

const ascii = (s: string, size = s.length) => {
  const b = new Uint8Array(size);
  b.set(new TextEncoder().encode(s));
  return b;
};
const refused = (field: Field, value: string, pattern: RegExp) =>
  assert.throws(() => parseValue(field, value), pattern);
const again = (field: Field, value: FieldValue) =>
  assert.ok(same(parseValue(field, formatValue(field, value)), value), formatValue(field, value));

spec('values', (it) => {
  it('of every field of every header are read again as they were printed', () => {
    for (const { header } of protocols) {
      for (const span of header.spans) {
        const once = fc.property(anyValue(span), (value) => again(span.field, value));
        fc.assert(once, { numRuns: 10 });
      }
    }
  });

  it('have names that are unique and look like no number', () => {
    for (const { header, key } of protocols) {
      for (const { field, name } of header.spans) {
        for (const [value, label] of Object.entries(field.names ?? {})) {
          assert.is(parseValue(field, label), Number(value), `${key}.${name}: ${label}`);
          assert.ok(Number(value) < 2 ** field.bits, `${key}.${name}: ${label} is too wide`);
        }
      }
    }
  });

  it('of text keep every byte', () => {
    const room = text(40, 'room', 'text');
    const open = rest('open', 'text', { format: 'text' });
    for (const s of [
      '',
      'a"b',
      'a\\b',
      'tab\there',
      'line\nline',
      ' x ',
      'x  ',
      'a\0b',
      'ünïcode',
      '\ufeffbom',
      '"',
    ]) {
      again(room, ascii(s, 40));
      again(open, ascii(s, new TextEncoder().encode(s).length));
    }
    again(open, ascii('x', 3)); // no room to fill, so its zeros are its own
    again(open, Uint8Array.of(0xff, 0xfe));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 12 }), (b) => again(open, b)));
  });

  it('of text are quoted, escaped and without the filling when shown', () => {
    const field = text(8, 'sn', 'text');
    assert.is(showValue(field, ascii('AB  ', 8)), '"AB"');
    assert.is(formatValue(field, ascii('AB  ', 8)), '"AB  "');
    assert.is(showValue(field, ascii('a"b', 8)), '"a\\"b"');
    assert.is(showValue(field, Uint8Array.of(0xff)), '0xff');
    assert.is(showValue(field, ascii('\x1b[2J')), '"\\u001b[2J"');
    assert.is(showValue(field, ascii('\u202ex', 8)), '"\\u202ex"');
    assert.is(showValue(field, ascii('\x9bx', 8)), '"\\u009bx"');
  });

  it('of text may stand without quotes or as hex', () => {
    const field = text(4, 'name', 'text');
    assert.equal([...(parseValue(field, 'ab') as Uint8Array)], [0x61, 0x62, 0, 0]);
    assert.equal([...(parseValue(field, '0xff00') as Uint8Array)], [0xff, 0, 0, 0]);
    refused(field, '"abcde"', /'name' has room for 4 bytes, not 5/);
    refused(field, '"a"b"', /text in quotes/);
    refused(field, '"', /text in quotes/);
    refused(field, '0x123', /not whole bytes in hex/);
  });

  it('are numbers in decimal, hex or binary, or names', () => {
    const field = uint(8, 'opcode', 'what', { names: { 4: 'SEND', 10: 'WRITE' } });
    assert.equal(
      ['10', '0x0A', '0b1010', 'WRITE'].map((t) => parseValue(field, t)),
      [10, 10, 10, 10],
    );
    assert.is(showValue(field, 10), 'WRITE (10)');
    assert.is(showValue(field, 11), '11');
    assert.is(nameOf(field, 4), 'SEND');
    assert.is(nameOf(field, 5), undefined);
    refused(
      field,
      'READ',
      /'READ' is no value of 'opcode': expected a number or one of SEND, WRITE/,
    );
    for (const bad of ['', '-1', '1.5', '1e3', '0x', '0xg', ' 1', 'true'])
      refused(field, bad, /no value of/);
    refused(uint(4, 'n', 'n'), 'x', /expected a number below 2\^4/);
  });

  it('of flags may be true and false', () => {
    const field = flag('ackReq', 'acknowledge');
    assert.equal(
      ['true', 'false', '1', '0'].map((t) => parseValue(field, t)),
      [1, 0, 1, 0],
    );
  });

  it('of 64 bits are bigints', () => {
    const field = uint(64, 'va', 'address', { format: 'hex' });
    assert.is(parseValue(field, '0xffffffffffffffff'), 0xffffffffffffffffn);
    assert.is(formatValue(field, 0x1000n), '0x0000000000001000');
    assert.is(formatValue(uint(64, 'n', 'n', { format: 'eui64' }), 1n), '0x0000000000000001');
    assert.is(formatValue(uint(12, 'n', 'n', { format: 'hex' }), 1), '0x001');
  });

  it('are addresses where the field says so', () => {
    const v4 = ipv4Address('src', 'source');
    assert.is(parseValue(v4, '10.0.0.1'), 0x0a000001);
    assert.is(parseValue(v4, '0x0a000001'), 0x0a000001);
    refused(v4, '10.0.0', /not an IPv4 address/);
    refused(v4, 'host', /expected an IPv4 address/);
    const v6 = ipv6Address('dst', 'destination');
    assert.is(formatValue(v6, parseValue(v6, '2001:DB8::1')), '2001:db8::1');
    assert.is(formatValue(v6, parseValue(v6, '10.0.0.1')), '::ffff:10.0.0.1');
    assert.is(formatHex(parseValue(v6, '00'.repeat(16)) as Uint8Array), '00'.repeat(16));
    refused(v6, '1::2::3', /not an IPv6 address/);
    const ether = mac('addr', 'address');
    for (const form of ['02:00:00:00:00:01', '02-00-00-00-00-01', '020000000001'])
      assert.is(formatValue(ether, parseValue(ether, form)), '02:00:00:00:00:01');
    refused(ether, '02:00:00:00:00', /not an Ethernet address/);
  });

  it('are uuids and EUI-64s where the field says so', () => {
    const uuid = bytes(16, 'id', 'identifier', { format: 'uuid' });
    const shown = '00112233-4455-6677-8899-aabbccddeeff';
    assert.is(formatValue(uuid, parseValue(uuid, shown)), shown);
    const eui = bytes(8, 'eui', 'identifier', { format: 'eui64' });
    assert.is(formatValue(eui, parseHex('0011223344556677')), '00:11:22:33:44:55:66:77');
    again(eui, parseHex('0011223344556677'));
  });

  it('of bytes are hex with or without marks, or text in quotes', () => {
    const field = bytes(4, 'data', 'data');
    for (const form of ['0x41424344', '41 42 43 44', '41:42:43:44', '"ABCD"'])
      assert.is(formatValue(field, parseValue(field, form)), '41424344');
    refused(field, '4142434', /not whole bytes in hex/);
    refused(field, 'xyz1', /not whole bytes in hex/);
  });
});
