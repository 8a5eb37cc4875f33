// What stands in place of link headers in captures of several interfaces and of BSD hosts. tshark 4.0 reads the
// same fields from the same bytes.

import * as w from '../../../protocols/index.js';
import { assert, spec } from '../../support/spec.js';

const datagram = () => [
  w.ipv4({ src: '10.0.0.1', dst: '10.0.0.2', headerChecksum: 0, ttl: 0 }),
  w.udp({ srcPort: 1000, dstPort: 2000 }),
  'hi',
];
const ipHex = '4500001e00000000001100000a0000010a00000203e807d0000a77b66869';
const keys = (scene: w.Scene) => scene.layers.map((l) => l.key).join('/');

function reads(hex: string, linkType: number): w.Dissection {
  const frame = w.dissect(w.parseHex(hex.replaceAll(' ', '')), { linkType });
  assert.is(frame.stop, null);
  return frame;
}

spec('linux cooked captures', (it) => {
  const address = '020000000001 0000';
  it('name the protocol behind them, in both versions', () => {
    const one = `0000 0001 0006 ${address} 0800 ${ipHex}`;
    const built = w.build([w.sll({ src: '02:00:00:00:00:01' }), ...datagram()]);
    assert.is(w.formatHex(built.bytes), one.replaceAll(' ', ''));
    assert.is(keys(reads(one, 113)), 'sll/ipv4/udp/payload');

    const two = `0800 0000 00000003 0001 04 06 ${address} ${ipHex}`;
    const sent = w.sll2({ src: '02:00:00:00:00:01', interfaceIndex: 3, packetType: 'OUTGOING' });
    assert.is(w.formatHex(w.build([sent, ...datagram()]).bytes), two.replaceAll(' ', ''));
    assert.is(keys(reads(two, 276)), 'sll2/ipv4/udp/payload');
  });
  it('have a 4 where LLC follows', () => {
    const built = w.build([w.sll(), w.llc(), w.llcUnnumbered(), 'x']);
    assert.is(built.layers[0]!.number('type'), 4);
    assert.is(keys(reads(w.formatHex(built.bytes), 113)), 'sll/llc/llc-u/payload');
  });
});

spec('BSD loopback', (it) => {
  it('is read in both byte orders of link type 0, and in that of networks of 108', () => {
    assert.is(keys(reads(`02000000 ${ipHex}`, 0)), 'null/ipv4/udp/payload');
    assert.is(keys(reads(`00000002 ${ipHex}`, 0)), 'null/ipv4/udp/payload');
    assert.is(keys(reads(`00000002 ${ipHex}`, 108)), 'loop/ipv4/udp/payload');
  });
  it('knows the number of IPv6 on each system', () => {
    const ip = w.formatHex(w.build([w.ipv6(), w.udp(), 'x']).bytes);
    for (const family of ['18', '1c', '1e']) {
      assert.is(keys(reads(`${family}000000 ${ip}`, 0)), 'null/ipv6/udp/payload');
    }
  });
  it('is built for the byte order of its link type', () => {
    assert.ok(w.formatHex(w.build([w.bsdNull(), ...datagram()]).bytes).startsWith('02000000'));
    assert.ok(w.formatHex(w.build([w.bsdLoop(), ...datagram()]).bytes).startsWith('00000002'));
  });
});
