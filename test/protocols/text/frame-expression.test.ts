// Mirrors protocols/text/frame-expression.ts.

import {
  build,
  ExpressionError,
  formatHex,
  parseFrame,
  protocolByKey,
} from '../../../protocols/index.js';
import { assert, spec } from '../../support/spec.js';

const hex = (text: string) => formatHex(build(parseFrame(text, protocolByKey)).bytes);

/** The message of the error that `text` must cause. */
function problem(text: string): string {
  try {
    build(parseFrame(text, protocolByKey));
  } catch (error) {
    assert.instance(error, ExpressionError);
    return (error as Error).message;
  }
  throw new Error(`no error: ${text}`);
}

spec('frame expression', (it) => {
  it('nests layers from left to right and derives what is not written', () => {
    const bytes = hex(
      'eth(dst=02:00:00:00:00:01)/ipv4(src=10.0.0.1,dst=10.0.0.2,ttl=64)/udp(srcPort=5,dstPort=7)/"hi"',
    );
    assert.is(bytes.slice(0, 28), `020000000001${'0'.repeat(12)}0800`);
    assert.is(bytes.slice(28, 36), '4500001e'); // version, header length, total length 30
    assert.is(bytes.slice(-4), '6869');
  });
  it('keeps what is written, even if it is wrong', () => {
    assert.is(hex('ipv4(totalLength=9,version=6)').slice(0, 8), '65000009');
  });
  it('reads strings with escapes, hex and zeros as payload', () => {
    assert.is(hex('"a\\n\\u0042"'), '610a42');
    assert.is(hex('hex(0a:0b 0c)'), '0a0b0c');
    assert.is(hex('zeros(3)/"x"'), '00000078');
  });
  it('closes units that stand side by side', () => {
    const units = hex(
      '[udp(srcPort=1,dstPort=2,checksum=0)/"ab", udp(srcPort=3,dstPort=4,checksum=0)]',
    );
    assert.is(units, '00010002000a000061620003000400080000');
  });
  it('reads names, decimal, hex and binary numbers', () => {
    assert.is(hex('eth(type=ARP)').slice(-4), '0806');
    assert.is(hex('udp(srcPort=0x10,dstPort=0b11,length=0,checksum=0)'), '0010000300000000');
  });
  it('shows the place of each mistake and what was expected', () => {
    assert.match(
      problem('eth/ipv5'),
      /no layer 'ipv5'; did you mean 'ipv4'\?\n {2}eth\/ipv5\n {6}\^$/,
    );
    assert.match(problem('eth/ipv4(sr=10.0.0.1)'), /ipv4 has no field 'sr'; did you mean 'src'\?/);
    assert.match(problem('ipv4(src=nowhere)'), /expected an IPv4 address/);
    assert.match(problem('ipv4(ttl=1,ttl=2)'), /given twice/);
    assert.match(problem('ipv4(ttl=300)'), /below 2\^8/);
    assert.match(problem('udp(srcPort)'), /expected '=', found '\)'/);
    assert.match(problem('"abc'), /without its closing quote/);
    assert.match(problem('eth/'), /expected a layer, .* found the end/);
    assert.match(problem('zeros(99999999)'), /zeros\(\) takes 0 to/);
    assert.match(problem('hex(abc)'), /not whole bytes/);
    assert.match(problem('['.repeat(100)), /nest at most 16 deep/);
  });
});
