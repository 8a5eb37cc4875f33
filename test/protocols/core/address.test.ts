// Addresses as people write them: RFC 5952's own examples, and what is refused.

import {
  formatHex,
  formatIpv4,
  formatIpv6,
  formatMac,
  parseHex,
  parseIpv4,
  parseIpv6,
  parseMac,
} from '../../../protocols/index.js';
import { assert, spec } from '../../support/spec.js';

const canonical = (text: string) => formatIpv6(parseIpv6(text));

spec('addresses', (it) => {
  it('of IPv6 are printed as RFC 5952 recommends', () => {
    const examples: readonly (readonly [string, string])[] = [
      ['2001:0db8::0001', '2001:db8::1'], // 4.1
      ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'], // 4.2.1
      ['2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1'], // 4.2.2
      ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'], // 4.2.3
      ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'], // 4.2.3
      ['2001:DB8::AAAA', '2001:db8::aaaa'], // 4.3
      ['0:0:0:0:0:ffff:192.0.2.1', '::ffff:192.0.2.1'], // 5
      ['0:0:0:0:0:0:0:0', '::'],
      ['0:0:0:0:0:0:0:1', '::1'],
      ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
      ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
      ['0:2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ];
    for (const [written, printed] of examples) assert.is(canonical(written), printed);
  });

  it('of IPv6 that are none are refused', () => {
    const wrong = [
      '',
      ':',
      ':::',
      '1::2::3',
      '12345::',
      '1:2:3',
      '1:2:3:4:5:6:7:8:9',
      '::g',
      ':1::',
      '::1:',
      '::1.2.3',
      '::1.2.3.256',
    ];
    for (const text of wrong) assert.throws(() => parseIpv6(text), /is not an IPv6 address/, text);
    assert.throws(() => parseIpv6('fe80::1%eth0'), /has a zone/);
  });

  it('of IPv4 are four decimal numbers', () => {
    for (const text of ['0.0.0.0', '10.0.0.1', '127.0.0.1', '128.0.0.0', '255.255.255.255'])
      assert.is(formatIpv4(parseIpv4(text)), text);
    assert.is(parseIpv4('192.0.2.1'), 0xc0000201);
    const wrong = [
      '',
      '1.2.3',
      '1.2.3.4.5',
      '1.2.3.256',
      '01.2.3.4',
      ' 1.2.3.4',
      '1..2.3',
      '1.2.3.-4',
      '0x1.2.3.4',
    ];
    for (const text of wrong) assert.throws(() => parseIpv4(text), /is not an IPv4 address/, text);
  });

  it('stay right when more are printed than are kept', () => {
    for (let n = 0; n < 10_000; n++) {
      assert.is(formatIpv4(0xf0000000 + n), `240.0.${n >> 8}.${n % 256}`);
    }
    assert.is(formatIpv4(0xf0000000), '240.0.0.0');
  });

  it('of Ethernet take colons or hyphens', () => {
    assert.is(formatMac(parseMac('02:00:00:00:AB:01')), '02:00:00:00:ab:01');
    assert.is(formatMac(parseMac('02-00-00-00-ab-01')), '02:00:00:00:ab:01');
    for (const text of [
      '',
      '02:00:00:00:00',
      '02:00:00:00:00:01:02',
      '020000000001',
      '0g:00:00:00:00:01',
    ])
      assert.throws(() => parseMac(text), /is not an Ethernet address/, text);
  });

  it('and other bytes are two digits each', () => {
    assert.is(formatHex(Uint8Array.of(0, 10, 255)), '000aff');
    assert.is(formatHex(Uint8Array.of(0, 10, 255), ' ', 1), '0a ff');
    assert.is(formatHex(Uint8Array.of(0, 10, 255), ':', 0, 2), '00:0a');
    assert.equal([...parseHex('000aFF')], [0, 10, 255]);
    for (const text of ['0', '0x00', '0g', '00 '])
      assert.throws(() => parseHex(text), /whole bytes in hex/);
  });
});
