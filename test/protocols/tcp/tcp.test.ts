// TCP segments and their options. The hex below is what our builder makes of the layers; tshark 4.0 reads each
// of those frames as the expectations say and calls every checksum correct.

import * as w from '../../../protocols/index.js';
import { capturedFrames, captures } from '../../support/capture.js';
import { assert, spec } from '../../support/spec.js';

const ports = { srcPort: 45678, dstPort: 4420, seq: 100, ack: 200, window: 512 };
const ip = () => [w.eth(), w.ipv4({ src: '10.0.0.1', dst: '10.0.0.2' })];
const keys = (scene: w.Scene) => scene.layers.slice(2).map((l) => l.key);
const headerOf = ({ bytes }: w.Scene) => w.formatHex(bytes, '', 14 + 20);

/** Builds on IPv4, compares the bytes from the TCP header on, and dissects them to the same layers. */
function builds(layers: readonly w.LayerInput[], hex: string): w.Dissection {
  const frame = w.build([...ip(), ...layers]);
  assert.is(headerOf(frame), hex.replaceAll(' ', ''));
  const read = w.dissect(frame.bytes);
  assert.is(read.stop, null);
  assert.equal(keys(read), keys(frame));
  assert.equal(w.check(read).findings, []);
  return read;
}

const connect = [
  w.tcp({ ...ports, syn: 1, ae: 1, cwr: 1, ece: 1 }),
  w.tcpMss({ mss: 1460 }),
  w.tcpSackPermitted(),
  w.tcpTimestamps({ tsVal: 1, tsEcr: 2 }),
  w.tcpNop(),
  w.tcpWScale({ shiftCount: 7 }),
  w.tcpFastOpen(),
];

spec('tcp', (it) => {
  it('pads options to whole words and counts them in the data offset', () => {
    const read = builds(
      connect,
      'b26e1144 00000064 000000c8 b1c20200 39560000' +
        '020405b4 0402 080a0000000100000002 01 030307 2202 0000',
    );
    assert.is(
      w.summarize(read).info,
      '45678 -> 4420 [SYN, ECE, CWR, AE] Seq=100 Win=512 Len=0 MSS=1460 SACK_PERM TSval=1 TSecr=2 WS=128 TFO=R',
    );
  });

  it("a checksum of zero may be written as FFFFh, as Linux does it where it does a card's work, and no other one", () => {
    const segment = (last: number) =>
      w.build([...ip(), w.tcp(ports), new Uint8Array([last >> 8, last & 0xff])]).bytes;
    const at = 14 + 20 + w.TCP.at.checksum;
    const found = (bytes: Uint8Array, checksum: number) => {
      w.TCP.set.checksum(bytes, 14 + 20, checksum);
      return w.check(w.dissect(bytes)).findings.length;
    };
    // Data that is the checksum of the rest makes it zero.
    const first = segment(0);
    const zero = segment((first[at]! << 8) | first[at + 1]!);
    assert.is((zero[at]! << 8) | zero[at + 1]!, 0);
    assert.equal([found(zero, 0), found(zero, 0xffff), found(zero, 1)], [0, 0, 1]);
    assert.equal([found(first, 0), found(first, 0xffff)], [1, 1]);
  });

  it('gives each SACK block a layer', () => {
    const read = builds(
      [
        w.tcp({ ...ports, ackFlag: 1, psh: 1 }),
        w.tcpNop(),
        w.tcpNop(),
        w.tcpSack(),
        w.tcpSackBlock({ leftEdge: 1000, rightEdge: 2000 }),
        w.tcpSackBlock({ leftEdge: 3000, rightEdge: 4000 }),
        'hello',
      ],
      'b26e1144 00000064 000000c8 a0180200 13dd0000' +
        '0101 0512 000003e8000007d0 00000bb800000fa0 68656c6c6f',
    );
    assert.is(
      w.summarize(read).info,
      '45678 -> 4420 [PSH, ACK] Seq=100 Ack=200 Win=512 Len=5 SLE=1000 SRE=2000 SLE=3000 SRE=4000',
    );
  });

  it('knows both orders of the accurate ECN counters, and fewer of them', () => {
    builds(
      [
        w.tcp({ ...ports, ackFlag: 1 }),
        w.tcpAccEcn(),
        w.tcpEe0b({ ee0b: 1 }),
        w.tcpEceb({ eceb: 2 }),
        w.tcpEe1b({ ee1b: 3 }),
      ],
      'b26e1144 00000064 000000c8 80100200 f4d90000 ac0b 000001 000002 000003 00',
    );
    builds(
      [
        w.tcp({ ...ports, ackFlag: 1 }),
        w.tcpAccEcn({ kind: 'ACCECN1' }),
        w.tcpEe1b({ ee1b: 7 }),
        w.tcpEceb({ eceb: 8 }),
      ],
      'b26e1144 00000064 000000c8 70100200 ffda0000 ae08 000007 000008',
    );
  });

  it('knows signatures, authentication, timeouts, experiments and keeps unknown kinds', () => {
    builds(
      [
        w.tcp({ ...ports, ackFlag: 1 }),
        w.tcpMd5({ digest: '00112233445566778899aabbccddeeff' }),
        w.tcpUserTimeout({ granularity: 1, userTimeout: 5 }),
      ],
      'b26e1144 00000064 000000c8 b0100200 097c0000' +
        '1312 00112233445566778899aabbccddeeff 1c048005 0000',
    );
    builds(
      [
        w.tcp({ ...ports, ackFlag: 1, urg: 1, urgentPointer: 1 }),
        w.tcpAo({ keyId: 1, rNextKeyId: 2, mac: '0102030405060708090a0b0c' }),
        w.tcpFastOpenExperiment({ cookie: '0102030405060708' }),
      ],
      'b26e1144 00000064 000000c8 c0300200 1acf0001' +
        '1d100102 0102030405060708090a0b0c fe0cf989 0102030405060708',
    );
    builds(
      [
        w.tcp({ ...ports, syn: 1 }),
        w.tcpMptcp({ subtype: 'MP_CAPABLE', specific: 1, data: '81' }),
        w.tcpExperiment({ exId: 0x1234, data: 'aa' }),
        w.tcpOption({ kind: 77, data: 'bbcc' }),
        w.tcpFastOpen({ cookie: '0102030405060708' }),
      ],
      'b26e1144 00000064 000000c8 b0020200 acee0000' +
        '1e040181 fd051234aa 4d04bbcc 220a0102030405060708 00',
    );
  });

  it('reports a length that the kind does not have, and goes on behind it', () => {
    const read = w.dissect(
      w.build([
        ...ip(),
        w.tcp({ ...ports, syn: 1 }),
        w.tcpOption({ kind: 2, data: '05' }),
        w.tcpNop(),
        'x',
      ]).bytes,
    );
    assert.equal(keys(read), ['tcp', 'tcp-option', 'tcp-nop', 'payload']);
    const { code, layer, field, at, need, have } = read.stop!;
    assert.equal(
      { code, layer, field, at, need, have },
      { code: 'bad-value', layer: 'tcp-option', field: 'length', at: 55, need: 4, have: 3 },
    );
  });

  it('keeps the bytes behind a length that leads nowhere', () => {
    for (const [options, code] of [
      ['081e0000', 'length-conflict'],
      ['08000000', 'bad-value'],
      ['01010108', 'truncated'],
    ] as const) {
      const frame = w.build([...ip(), w.tcp({ dataOffset: 6 }), w.parseHex(options)]);
      const read = w.dissect(frame.bytes);
      assert.is(read.stop?.code, code, options);
      assert.is(read.layers.at(-1)!.key, 'tcp-option-rest');
      assert.is(read.layers.at(-1)!.end, frame.bytes.length);
    }
  });

  it('reports a data offset that is too small or beyond the segment', () => {
    for (const [dataOffset, code, need, have] of [
      [4, 'bad-value', 5, 4],
      [15, 'length-conflict', 60, 25],
    ] as const) {
      const read = w.dissect(w.build([...ip(), w.tcp({ dataOffset }), 'bytes']).bytes);
      assert.is(read.stop?.field, 'dataOffset');
      assert.equal([read.stop?.code, read.stop?.need, read.stop?.have], [code, need, have]);
      assert.equal(keys(read), ['tcp', 'payload']);
    }
  });

  it('says which rules a segment breaks', () => {
    const options = [w.tcpWScale({ shiftCount: 15 }), w.tcpEol({ padding: '07' })];
    const flags = { reserved: 1, urgentPointer: 3, ackFlag: 1 };
    const { findings } = w.check(w.build([...ip(), w.tcp(flags), ...options]));
    assert.equal(
      findings.filter((f) => f.layer.startsWith('tcp')).map((f) => `${f.layer}.${f.field}`),
      ['tcp.reserved', 'tcp.urgentPointer', 'tcp.syn', 'tcp-wscale.shiftCount', 'tcp-eol.padding'],
    );
  });

  it('leaves its payload to whoever keeps the stream', () => {
    const { bytes } = w.build([...ip(), w.tcp({ dstPort: 4420 }), 'stream']);
    assert.equal(keys(w.dissect(bytes)), ['tcp', 'payload']);
    let left = 0;
    w.dissect(bytes, {
      tcpPayload(walk) {
        left = walk.left;
        return undefined;
      },
    });
    assert.is(left, 6);
  });

  it('verifies every checksum and length of the captures', () => {
    let segments = 0;
    for (const name of captures) {
      for (const { bytes, linkType, number } of capturedFrames(name)) {
        const read = w.dissect(bytes, { linkType });
        if (!read.layers.some((l) => l.key === 'tcp')) continue;
        segments++;
        const { verified, findings } = w.check(read);
        const ours = findings.filter((f) => f.layer.startsWith('tcp'));
        assert.equal(ours, [], `${name} ${number}`);
        assert.ok(verified.some((v) => v.layer === 'tcp' && v.field === 'checksum' && v.ok));
      }
    }
    assert.is(segments, 3589);
  });
});
