// IPv6, its extension headers and their options. What is right is judged by tshark in test/judge.

import * as p from '../../../protocols/index.js';
import { build, check, dissect, type Scene } from '../../../protocols/index.js';
import { assert, spec } from '../../support/spec.js';
import { chain, tilesAndReencodes } from '../../support/tiling.js';
import { datagram, frame, v4, v6 } from './frames.js';

const findings = (scene: Scene) => check(scene).findings.map((f) => `${f.layer}.${f.field}`);

spec('ipv6', (it) => {
  it('derives every next header of a chain', () => {
    const { layers } = frame(v6(), p.ipv6Hop(), p.ipv6Dst(), p.ipv6Fragment(), p.ah(), v4(), 'x');
    const next = layers.flatMap((l) =>
      l.protocol.header.span('nextHeader') ? [l.number('nextHeader')] : [],
    );
    assert.equal(next, [0, 60, 44, 51, 4]);
  });

  it('says no next header where nothing known follows', () => {
    assert.is(build([v6(), 'x']).layers[0]!.number('nextHeader'), 59);
  });

  it('reads the length of a jumbogram from its option', () => {
    const { bytes } = frame(v6(), p.ipv6Hop(), p.ipv6Jumbo(), new Uint8Array(70000));
    const found = dissect(Uint8Array.from([...bytes, 0, 0]));
    assert.is(chain(found), 'eth/ipv6/ipv6-hop/ipv6-jumbo/payload/padding');
    assert.is(found.layers[1]!.number('payloadLength'), 0);
    assert.is(found.layers[3]!.number('jumboPayloadLength'), 70008);
  });

  it('says that a small packet is no jumbogram', () => {
    const { bytes } = frame(v6(), p.ipv6Hop(), p.ipv6Jumbo(), 'x');
    const wrong = findings(dissect(bytes));
    assert.ok(wrong.includes('ipv6-jumbo.jumboPayloadLength'));
    assert.ok(wrong.includes('ipv6-jumbo.type'));
  });

  it('says where hop-by-hop options may not stand', () => {
    const { bytes } = frame(v6(), p.ipv6Dst(), p.ipv6Hop(), datagram(), 'x');
    assert.equal(findings(dissect(bytes)), ['ipv6-hop.']);
  });

  it('says that more segments are left than there are', () => {
    const { bytes } = frame(v6(), p.ipv6Routing({ segmentsLeft: 2 }), p.rh0(), p.rh0Address(), 'x');
    assert.equal(findings(dissect(bytes)), ['ipv6-routing.segmentsLeft']);
  });

  it('keeps options behind a length that leads nowhere, and goes on behind the header', () => {
    const option = p.ipv6Option({ type: 0x1e, optDataLen: 99, data: p.parseHex('00000000') });
    const found = dissect(frame(v6(), p.ipv6Hop(), option, datagram(), 'x').bytes);
    assert.is(chain(found), 'eth/ipv6/ipv6-hop/ipv6-option-rest/udp/payload');
    assert.is(found.stop!.boundBy, 'ipv6-hop.hdrExtLen');
    tilesAndReencodes(found);
  });

  it('bounds the layers of a header full of padding', () => {
    const option = p.ipv6RoutingData({ data: new Uint8Array(2044) });
    const { bytes } = frame(v6(), p.ipv6Routing({ routingType: 77 }), option, 'x');
    bytes[20] = 0; // the same bytes as hop-by-hop options: Pad1 over Pad1
    bytes.fill(0, 56, 58);
    const found = dissect(bytes);
    assert.is(found.stop!.code, 'limit');
    tilesAndReencodes(found);
  });

  it('stops at an extension header that ends beyond the packet', () => {
    const found = dissect(frame(v6(), p.ipv6Hop({ hdrExtLen: 50 }), 'x').bytes);
    assert.is(found.stop!.code, 'length-conflict');
    assert.is(found.stop!.field, 'hdrExtLen');
  });

  it('leaves a first fragment unjudged and an atomic one not', () => {
    const whole = build([datagram(), new Uint8Array(64)]).bytes.subarray(0, 32);
    const first = frame(v6(), p.ipv6Fragment({ mf: 1, nextHeader: 'UDP' }), whole);
    const found = dissect(first.bytes);
    assert.is(chain(found), 'eth/ipv6/ipv6-fragment/udp/payload');
    assert.equal(findings(found), []);
    const atomic = frame(v6(), p.ipv6Fragment(), p.udp({ checksum: 1 }), 'x');
    assert.equal(findings(dissect(atomic.bytes)), ['udp.checksum']);
  });
});
