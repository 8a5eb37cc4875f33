// Mirrors protocols/iwarp/mpa.ts: FPDUs with and without CRC and markers.

import {
  build,
  check,
  ddpTagged,
  ddpUntagged,
  type From,
  type LayerInput,
  mpa,
  mpaRep,
  mpaReq,
  mpaStream,
  mpaV2,
  rdmapReadReq,
  withMarkers,
  withoutMarkers,
} from '../../../protocols/index.js';
import { follow } from '../../support/conversation.js';
import { assert, spec } from '../../support/spec.js';
import { chain, tilesAndReencodes } from '../../support/tiling.js';

const bytesOf = (...layers: LayerInput[]) => build(layers).bytes;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

const said = (from: From, ...layers: LayerInput[]) => ({ from, bytes: bytesOf(...layers) });

spec('MPA start-up frames', (it) => {
  it('are built as siw sends them', () => {
    // Frame 23 of siw.pcap: Linux 6.1, rping.
    const siw = '4d504120494420526571204672616d6510020004' + '00010001';
    assert.is(hex(bytesOf(mpaReq(), mpaV2({ ird: 1, ord: 1 }))), siw);
  });

  it('are revision 1 without the IRD/ORD block', () => {
    const [reply] = build([mpaRep({ r: 1 }), 'sorry']).layers;
    assert.equal([reply!.number('rev'), reply!.number('pdLength')], [1, 5]);
  });

  it('may not carry more than 512 bytes of private data', () => {
    const { findings } = check(build([mpaReq(), new Uint8Array(513)]));
    assert.match(findings[0]!.message, 'beyond 512');
  });
});

spec('FPDUs', (it) => {
  it('get length, pad and CRC by themselves', () => {
    const frame = build([mpa(), ddpTagged({ stag: 1, to: 2 }), 'x']);
    assert.is(chain(frame), 'mpa/ddp-tagged/payload/mpa-pad/mpa-crc');
    assert.is(frame.layers[0]!.number('length'), 15);
    assert.is(frame.bytes.length % 4, 0);
    assert.equal(check(frame).findings, []);
  });

  it('have the CRC that tshark 4.0 finds good', () => {
    // What tshark 4.0.17 says of this FPDU on a connection with the C bit: '0x19fa318c (Good CRC32)'.
    const fpdu = bytesOf(mpa(), ddpUntagged({ opcode: 'SEND' }), 'x');
    assert.is(hex(fpdu).slice(-8), '19fa318c');
  });

  it('are known by the agreement to have a CRC or none', () => {
    const zeroed = bytesOf(mpa(), ddpUntagged(), 'abcd');
    zeroed.fill(0, zeroed.length - 4);
    const findings = (c: number) => {
      const start = [said(0, mpaReq({ c })), said(1, mpaRep({ c }))];
      const { units } = follow(mpaStream, [...start, { from: 0, bytes: zeroed }]);
      return check(units[2]!.walk).findings.map((f) => `${f.layer}.${f.field}`);
    };
    assert.equal(findings(0), []);
    assert.equal(findings(1), ['mpa-crc.crc']);
  });

  it('may be empty', () => {
    const { units } = follow(mpaStream, [
      said(0, mpaReq(), mpaV2({ a: 1, b: 1 })),
      said(1, mpaRep(), mpaV2({ a: 1, b: 1 })),
      said(0, mpa()),
    ]);
    assert.is(chain(units[2]!.walk), 'mpa/mpa-pad/mpa-crc');
    assert.equal(check(units[2]!.walk).findings, []);
  });

  it('do not follow a rejection', () => {
    const refused = [said(0, mpaReq()), said(1, mpaRep({ r: 1 })), said(0, mpa())];
    assert.is(follow(mpaStream, refused).stops[0]!.field, 'r');
  });
});

spec('MPA markers', (it) => {
  /** A connection on which the responder wants markers; FPDUs go from the initiator. */
  const marked = (fpdus: readonly Uint8Array[]) => {
    let position = 0;
    const sent = fpdus.map((plain) => {
      const bytes = withMarkers(plain, position);
      position += bytes.length;
      return { from: 0 as const, bytes };
    });
    return [said(0, mpaReq({ c: 1 })), said(1, mpaRep({ c: 1, m: 1 })), ...sent];
  };

  it('stand every 512 bytes from the first FPDU byte on', () => {
    const fpdus = [600, 20, 1000].map((n) => bytesOf(mpa(), ddpTagged(), new Uint8Array(n)));
    const { units, left, stops } = follow(mpaStream, marked(fpdus));
    assert.equal([stops, left], [[], [0, 0]]);
    assert.equal(
      units.slice(2).map(({ walk }) => chain(walk)),
      [
        'mpa-marker/mpa/ddp-tagged/payload/mpa-marker/payload/mpa-crc',
        'mpa/ddp-tagged/payload/mpa-crc',
        'mpa/ddp-tagged/payload/mpa-marker/payload/mpa-marker/payload/mpa-crc',
      ],
    );
    for (const { walk } of units) {
      tilesAndReencodes(walk);
      assert.equal(check(walk).findings, []);
    }
  });

  it('leave a direction alone whose receiver did not ask for them', () => {
    const reply = bytesOf(mpa(), ddpTagged({ opcode: 'READ_RESPONSE' }), new Uint8Array(900));
    const { units } = follow(mpaStream, [...marked([]), { from: 1, bytes: reply }]);
    assert.is(chain(units[2]!.walk), 'mpa/ddp-tagged/payload/mpa-crc');
  });

  it('that cut a header leave a message without them', () => {
    const read = bytesOf(mpa(), ddpUntagged(), rdmapReadReq({ size: 7 }));
    // Every place that a marker can have in the FPDU comes up; in the last ones it is behind it.
    for (let before = 4; before <= read.length + 4; before += 4) {
      const filler = bytesOf(mpa(), ddpTagged({ last: 0 }), new Uint8Array(488 - before));
      const { units, left } = follow(mpaStream, marked([filler, read]));
      const { walk, message } = units[3]!;
      assert.equal(left, [0, 0]);
      tilesAndReencodes(walk);
      assert.equal(check(walk).findings, []);
      const cut = !chain(walk).includes('rdmap-read-req');
      assert.is(cut, before < read.length - 4);
      assert.is(walk.notes.length, cut ? 1 : 0);
      if (!cut) continue;
      assert.is(chain(message!), 'mpa/ddp-untagged/rdmap-read-req/mpa-crc');
      assert.is(message!.layers[2]!.number('size'), 7);
    }
  });

  it('are under the CRC, as tshark 4.0 has it', () => {
    // A Read Request behind 500 bytes: tshark 4.0.17 reads the marker's pointer as 12, the header as one piece,
    // and says 'CRC check: 0xc62a41a5 (Good CRC32)'.
    const filler = bytesOf(mpa(), ddpTagged({ last: 0 }), new Uint8Array(476));
    const read = bytesOf(mpa(), ddpUntagged(), rdmapReadReq({ size: 7, sinkStag: 9 }));
    const [, , before, cut] = marked([filler, read]);
    assert.is(before!.bytes.length, 500);
    assert.is(hex(cut!.bytes.subarray(-4)), 'c62a41a5');
  });

  it('come out again', () => {
    const plain = bytesOf(mpa(), ddpTagged(), new Uint8Array(3000).fill(7));
    const there = withMarkers(plain, 300);
    const back = withoutMarkers(there, 0, there.length, 300);
    assert.is(hex(back.subarray(0, -4)), hex(plain.subarray(0, -4)));
  });
});
