// What is wrong with bytes, in words: what, where, how much was needed and had, and which length said so.

import {
  bth,
  build,
  describeMalformed,
  dissect,
  eth,
  ipv4,
  ipv6,
  type LayerInput,
  lrh,
  type Malformed,
  tcp,
  udp,
} from '../../../protocols/index.js';
import { assert, spec } from '../../support/spec.js';

const wrong = (layers: readonly LayerInput[], linkType = 1): string => {
  const { stop } = dissect(build(layers, { complete: false }).bytes, { linkType });
  return stop ? describeMalformed(stop) : 'nothing';
};

spec('describeMalformed', (it) => {
  it('tells of lengths that do not fit, too long and too short', () => {
    const cases: readonly (readonly [LayerInput[], string])[] = [
      [
        [eth(), ipv4({ totalLength: 1000 }), udp(), 'hello'],
        'ipv4.totalLength at byte 16: length-conflict: makes ipv4 1000 bytes long, frame leaves 33',
      ],
      [
        [eth(), ipv4({ totalLength: 3 }), udp(), 'hello'],
        'ipv4.totalLength at byte 16: length-conflict: makes ipv4 3 bytes long, of which 20 are read already',
      ],
      [
        [eth(), ipv4(), udp({ length: 7 }), 'hello'],
        'udp.length at byte 38: length-conflict: makes udp 7 bytes long, of which 8 are read already',
      ],
      [
        [eth(), ipv4(), udp({ length: 700 }), 'hello'],
        'udp.length at byte 38: length-conflict: makes udp 700 bytes long, ipv4.totalLength leaves 13',
      ],
      [
        [eth(), ipv6({ payloadLength: 1000 }), udp(), 'x'],
        'ipv6.payloadLength at byte 18: length-conflict: makes ipv6 1040 bytes long, frame leaves 49',
      ],
      [
        [eth(), ipv4(), tcp({ dataOffset: 15 }), 'x'],
        'tcp.dataOffset at byte 46: length-conflict: makes tcp 60 bytes long, ipv4.totalLength leaves 21',
      ],
    ];
    for (const [layers, sentence] of cases) assert.is(wrong(layers), sentence);
  });

  it('tells of headers that are cut', () => {
    assert.is(
      wrong([eth(), ipv4(), udp({ dstPort: 4791 }), new Uint8Array(5)]),
      "bth at byte 42: truncated: needs 12 bytes, udp.length leaves 5, cut in 'destQp'",
    );
    assert.is(
      wrong([eth(), ipv4({ totalLength: 20 }), udp(), 'hello']),
      'udp at byte 34: truncated: needs 8 bytes, ipv4.totalLength leaves 0',
    );
    assert.is(wrong([]), 'eth at byte 0: truncated: needs 14 bytes, frame leaves 0');
    assert.is(
      wrong([lrh({ pktLen: 2 })], 247),
      'vcrc at byte 8: truncated: needs 2 bytes, frame leaves 0',
    );
  });

  it('tells of values that cannot be', () => {
    assert.is(
      wrong([eth(), ipv4({ version: 5 })]),
      'ipv4.version at byte 14: bad-value: is 5, expected 4 (bound: frame)',
    );
    assert.is(
      wrong([eth(), ipv4(), udp(), bth({ opcode: 0xff }), 'hello']),
      'bth.opcode at byte 42: unsupported: has the value 255, which is not dissected (bound: udp.length)',
    );
  });

  it('has a sentence for every code', () => {
    const common = { layer: 'own', field: 'part', at: 7, need: 1, have: 2, boundBy: 'frame' };
    const sentences: Record<Malformed['code'], string> = {
      truncated: "own at byte 7: truncated: needs 1 byte, frame leaves 2, cut in 'part'",
      'length-conflict':
        'own.part at byte 7: length-conflict: makes own 1 byte long, of which 2 are read already',
      'bad-value': 'own.part at byte 7: bad-value: is 2, expected 1 (bound: frame)',
      'bad-checksum': 'own.part at byte 7: bad-checksum: is 2, computed 1 (over: frame)',
      unsupported:
        'own.part at byte 7: unsupported: has the value 2, which is not dissected (bound: frame)',
      limit: 'own.part at byte 7: limit: goes beyond the bound of 1 (frame): 2',
    };
    for (const [code, sentence] of Object.entries(sentences)) {
      assert.is(describeMalformed({ ...common, code: code as Malformed['code'] }), sentence);
    }
  });
});
