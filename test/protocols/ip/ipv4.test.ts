// IPv4 options, fragments and checksums. The header of 'RFC 1071 by hand' is a widely printed example
// (Wikipedia, "Internet checksum"): 4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7.

import * as p from '../../../protocols/index.js';
import { build, check, dissect, ipv4, type Scene, udp } from '../../../protocols/index.js';
import { assert, spec } from '../../support/spec.js';
import { chain, tilesAndReencodes } from '../../support/tiling.js';
import { datagram, frame, ipFrames, v4 } from './frames.js';

const findings = (scene: Scene) => check(scene).findings.map((f) => `${f.layer}.${f.field}`);

spec('IP frames', (it) => {
  for (const [name, [layers, { bytes }]] of Object.entries(ipFrames)) {
    it(`dissects ${name} and finds it right`, () => {
      const found = dissect(bytes);
      assert.is(chain(found), `eth/${layers}`);
      assert.is(found.stop, null);
      tilesAndReencodes(found);
      assert.equal(findings(found), []);
    });
  }
});

spec('ipv4', (it) => {
  it('computes the header checksum of a printed example', () => {
    const { bytes } = build([
      ipv4({ totalLength: 0x73, df: 1, protocol: 'UDP', src: '192.168.0.1', dst: '192.168.0.199' }),
    ]);
    assert.is(p.formatHex(bytes), '45000073000040004011b861c0a80001c0a800c7');
  });

  it('says that a header checksum is wrong, and which it should be', () => {
    const { bytes } = frame(v4({ headerChecksum: 1 }), datagram(), 'x');
    const [finding] = check(dissect(bytes)).findings;
    assert.match(finding!.message, /checksum is 0x0001, expected 0x/);
  });

  it('pads options to whole words, and keeps options of other lengths', () => {
    const { bytes } = frame(v4(), p.ipv4Option({ type: 'RTRALT', data: p.parseHex('00') }), 'x');
    const found = dissect(bytes);
    assert.is(chain(found), 'eth/ipv4/ipv4-option/ipv4-eol/payload');
    assert.is(found.layers[1]!.number('ihl'), 6);
  });

  it('names the length that bounds an option that does not fit, and goes on behind the header', () => {
    const { bytes } = frame(
      v4(),
      p.ipv4Option({ type: 94, length: 9, data: p.parseHex('0102') }),
      datagram(),
      'x',
    );
    const found = dissect(bytes);
    assert.is(chain(found), 'eth/ipv4/ipv4-option-rest/udp/payload');
    assert.is(found.stop!.code, 'length-conflict');
    assert.is(found.stop!.boundBy, 'ipv4.ihl');
    tilesAndReencodes(found);
  });

  it('refuses a header length below its own or beyond the packet', () => {
    assert.is(dissect(frame(v4({ ihl: 4 }), 'x').bytes).stop!.code, 'bad-value');
    assert.is(dissect(frame(v4({ ihl: 15 }), 'x').bytes).stop!.code, 'length-conflict');
  });

  it('judges no length or checksum that reaches beyond a first fragment', () => {
    const whole = build([udp({ srcPort: 1, dstPort: 2 }), new Uint8Array(64)]).bytes;
    const first = frame(v4({ mf: 1, protocol: 'UDP' }), whole.subarray(0, 32));
    const found = dissect(first.bytes);
    assert.is(chain(found), 'eth/ipv4/udp/payload');
    assert.is(found.stop, null);
    assert.equal(findings(found), []);
  });

  it('says what fragments may not be', () => {
    assert.equal(findings(dissect(frame(v4({ mf: 1, df: 1 }), 'whole 8b').bytes)), ['ipv4.df']);
    assert.equal(findings(dissect(frame(v4({ mf: 1 }), 'odd').bytes)), ['ipv4.mf']);
    const beyond = frame(v4({ fragmentOffset: 8191 }), new Uint8Array(16));
    assert.equal(findings(dissect(beyond.bytes)), ['ipv4.fragmentOffset']);
  });

  it('is found without a link layer', () => {
    const { bytes } = build([v4(), datagram(), 'x']);
    for (const linkType of [101, 228]) {
      assert.is(chain(dissect(bytes, { linkType })), 'ipv4/udp/payload');
    }
  });
});
