// What a check verifies and what it says where something is wrong.

import { buildWith } from '../../../protocols/core/build.js';
import { audit, same } from '../../../protocols/core/check.js';
import {
  bth,
  build,
  check,
  dissect,
  eth,
  header,
  ipv4,
  type LayerInput,
  protocol,
  tcp,
  udp,
  uint,
} from '../../../protocols/index.js';
import { assert, spec } from '../../support/spec.js';

const sentences = (...layers: LayerInput[]) =>
  check(dissect(build(layers).bytes)).findings.map(
    (f) => `${f.layer}.${f.field}@${f.at} ${f.message}`,
  );
const addresses = { src: '10.0.0.1', dst: '10.0.0.2' };

spec('check', (it) => {
  it('lists every field that could be verified, with its place', () => {
    const { verified, findings } = check(
      dissect(build([eth(), ipv4(addresses), udp(), 'x']).bytes),
    );
    assert.equal(findings, []);
    assert.equal(
      verified.map((v) => [v.layer, v.index, v.field, v.kind, v.at, v.ok]),
      [
        ['ipv4', 1, 'ihl', 'length', 14, true],
        ['ipv4', 1, 'totalLength', 'length', 16, true],
        ['ipv4', 1, 'headerChecksum', 'checksum', 24, true],
        ['udp', 2, 'length', 'length', 38, true],
        ['udp', 2, 'checksum', 'checksum', 40, true],
      ],
    );
  });

  it('says what was found and what was expected, for each kind of field', () => {
    const [sum, ...others] = sentences(eth(), ipv4({ ...addresses, headerChecksum: 1 }), 'x');
    assert.match(sum!, /^ipv4.headerChecksum@24 checksum is 0x0001, expected 0x[0-9a-f]{4}$/);
    assert.equal(others, []);
    const pad = build([eth(), ipv4(addresses), udp(), bth({ opcode: 4, padCount: 1 }), 'abc'], {
      complete: false,
    });
    assert.match(check(pad).findings[0]!.message, /^count is 1, expected 0$/);
  });

  it('tells where dissecting stopped', () => {
    const all = sentences(eth(), ipv4({ ...addresses, totalLength: 200 }), 'x').join('\n');
    assert.match(all, /length-conflict: makes ipv4 200 bytes long, frame leaves 21/);
  });

  it('takes other values that are right as well', () => {
    assert.equal(sentences(eth(), ipv4(addresses), udp({ checksum: 0 }), 'x'), []);
    assert.is(sentences(eth(), ipv4(addresses), tcp({ checksum: 0 }), 'x').length, 1);
  });

  it('leaves out what the scene does not tell, types, and packets that are there in part', () => {
    const First = header('First', [
      uint(8, 'a', 'a'),
      uint(8, 'b', 'b'),
      uint(8, 'c', 'c'),
      uint(8, 'd', 'd'),
    ]);
    const first = protocol(First, {
      derive: {
        a: { kind: 'type', value: () => 1 },
        b: { kind: 'length', value: () => undefined },
        c: { kind: 'count', value: () => 2, accepts: (found) => found === 7 },
        d: { kind: 'checksum', value: () => 3 },
      },
      verify: (_scene, _index, report) => {
        report('', 'the whole is odd');
        report('c', 'c is odd');
      },
    });
    const frame = buildWith({}, [first({ a: 9, b: 9, c: 7, d: 9 })]);
    const { verified, findings } = check(frame);
    assert.equal(
      verified.map((v) => [v.field, v.ok, v.found, v.expected]),
      [
        ['c', true, 7, 2],
        ['d', false, 9, 3],
      ],
    );
    assert.equal(
      findings.map((f) => `${f.field}@${f.at} ${f.message}`),
      ['d@3 checksum is 9, expected 3', '@0 the whole is odd', 'c@2 c is odd'],
    );
    frame.layers[0]!.partial = true;
    assert.equal(check(frame), { verified: [], findings: [] });
    assert.throws(
      () => protocol(First, { derive: { e: { kind: 'type', value: () => 1 } } }),
      /First has no field 'e' to derive/,
    );
  });

  it('gives places from the start of the frame, wherever that is in the bytes', () => {
    const { bytes } = build([eth(), ipv4({ ...addresses, headerChecksum: 1 }), 'x']);
    const shifted = new Uint8Array(bytes.length + 7);
    shifted.set(bytes, 7);
    const [finding] = check(dissect(shifted, { start: 7 })).findings;
    assert.is(finding?.at, 24);
  });

  it('audits empty scenes', () => {
    assert.equal(
      audit(build([]), () => {}),
      [],
    );
  });
});

spec('same', (it) => {
  it('compares numbers by value and bytes by content', () => {
    assert.ok(same(1, 1) && same(1n, 1n) && same(Uint8Array.of(1, 2), Buffer.from([1, 2])));
    assert.not.ok(
      same(1, 2) || same(1n, 1) || same(Uint8Array.of(1), 1) || same(1, Uint8Array.of(1)),
    );
    assert.not.ok(
      same(Uint8Array.of(1), Uint8Array.of(1, 2)) || same(Uint8Array.of(1), Uint8Array.of(2)),
    );
  });
});
