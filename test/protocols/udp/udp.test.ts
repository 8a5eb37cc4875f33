// UDP lengths, checksums and ports.

import * as w from '../../../protocols/index.js';
import { assert, spec } from '../../support/spec.js';

const ip = () => [w.eth(), w.ipv4({ src: '10.0.0.1', dst: '10.0.0.2' })];
const checksumOf = (scene: w.Scene) =>
  scene.layers.find((l) => l.key === 'udp')!.number('checksum');
const findingsOf = (scene: w.Scene) => w.check(scene).findings.filter((f) => f.layer === 'udp');

spec('udp', (it) => {
  it('covers the pseudo header', () => {
    // tshark 4.0: Checksum: 0x9c47 [correct].
    const frame = w.build([...ip(), w.udp({ srcPort: 1000, dstPort: 2000 }), 'hello']);
    assert.is(checksumOf(frame), 0x9c47);
    assert.equal(findingsOf(frame), []);
  });

  it('sends FFFFh where the sum comes out as zero', () => {
    // The two bytes bring the sum to FFFFh; tshark 4.0 calls FFFFh correct.
    const frame = w.build([...ip(), w.udp({ srcPort: 1000, dstPort: 2000 }), w.parseHex('e01f')]);
    assert.is(checksumOf(frame), 0xffff);
    assert.equal(findingsOf(frame), []);
  });

  it('accepts zero, sends it over RoCE v2 as Linux does, and finds any other value', () => {
    assert.is(checksumOf(w.build([...ip(), w.udp(), w.bth()])), 0);
    const none = w.build([...ip(), w.udp({ checksum: 0 }), 'none']);
    assert.equal(findingsOf(none), []);
    const wrong = w.build([...ip(), w.udp(), 'wrong'], { sealing: { checksum: 'spoil' } });
    assert.equal(
      findingsOf(wrong).map((f) => f.field),
      ['checksum'],
    );
  });

  it('cannot tell the checksum of a fragment or of a cut packet', () => {
    for (const outside of [w.ipv4({ mf: 1 }), w.ipv4({ totalLength: 900 })]) {
      const scene = w.build([w.eth(), outside, w.udp({ checksum: 1 }), 'part']);
      const told = w.check(scene).verified.some((v) => v.layer === 'udp' && v.field === 'checksum');
      assert.not(told);
    }
  });

  it('ends at its length, and says so when the packet is shorter or the length too small', () => {
    const padded = w.dissect(w.build([...ip(), w.udp({ length: 10 }), 'abcd']).bytes);
    assert.equal(
      padded.layers.slice(2).map((l) => `${l.key} ${l.end - l.at}`),
      ['udp 8', 'payload 2', 'padding 2'],
    );
    const long = w.dissect(w.build([...ip(), w.udp({ length: 100 }), 'abcd']).bytes);
    assert.equal([long.stop?.code, long.stop?.need, long.stop?.have], ['length-conflict', 100, 12]);
    const small = w.dissect(w.build([...ip(), w.udp({ length: 7 }), 'abcd']).bytes);
    assert.equal([small.stop?.code, small.stop?.field], ['length-conflict', 'length']);
  });

  it('finds what it carries by its destination port, else by its source port', () => {
    const bth = w.build([w.bth()]).bytes;
    for (const given of [
      { srcPort: 4791, dstPort: 9 },
      { srcPort: 9, dstPort: 4791 },
    ]) {
      const read = w.dissect(w.build([...ip(), w.udp(given), bth]).bytes);
      assert.is(read.layers[3]!.key, 'bth');
    }
  });

  it('is summed up by ports and length', () => {
    const read = w.dissect(w.build([...ip(), w.udp({ srcPort: 1, dstPort: 2 }), 'abc']).bytes);
    assert.is(w.summarize(read).info, '1 -> 2 Len=3');
  });
});
