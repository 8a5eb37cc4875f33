// NVMe/TCP PDUs. The hex is of captures of Linux 6.1's host and nvmet (test/captures), frames of
// nvme-tcp-connect.pcap and nvme-tcp.pcap.gz as noted.

import { isMalformed, type Piece } from '../../../protocols/core/stream.js';
import { build, check, nvme, parseHex } from '../../../protocols/index.js';
import { resultOf } from '../../../protocols/nvme/data.js';
import { MAX_PLEN } from '../../../protocols/nvme/tcp-stream.js';
import { assert, spec } from '../../support/spec.js';
import { dissectFrom } from '../../support/unit.js';

const pdu = (hex: string, size = hex.replaceAll(' ', '').length / 2) => {
  const bytes = new Uint8Array(size);
  bytes.set(parseHex(hex.replaceAll(' ', '')));
  return bytes;
};
const keys = (layers: readonly { key: string }[]) => layers.map((l) => l.key).join(' ');

const icReq = pdu('0000800080000000', 128); // nvme-tcp-connect 6
const capResponse = pdu('0500180018000000 ff03000f20080000 0200 0000 0100 0000'); // its CAP answer
// Property Get of CAP: nvme-tcp-connect 12.
const getCap = pdu(
  `0400480048000000 7f400100 04${'00'.repeat(19)} ${'00'.repeat(15)}5a 01000000 00000000${'00'.repeat(16)}`,
);

const piece = (bytes: Uint8Array, from: 0 | 1 = 0): Piece => ({
  bytes,
  at: 0,
  end: bytes.length,
  from,
  position: 0,
});

spec('NVMe/TCP', (it) => {
  it('builds the connection request that Linux sends', () => {
    const { bytes } = build([nvme.tcp(), nvme.icReq()]);
    assert.equal([...bytes], [...icReq]);
  });

  it('builds a Property Get with opcode, type, SGL type and lengths derived', () => {
    const { bytes } = build([
      nvme.tcp(),
      nvme.sqe({ cid: 1 }),
      nvme.sqeFabrics(),
      nvme.sglTransport(),
      nvme.propertyGet({ size: '8_BYTES', offset: 'CAP' }),
    ]);
    assert.equal([...bytes], [...getCap]);
  });

  it('reads the result of a Property Get in the form that the context names', () => {
    const context = {
      nvme: { resultOf: (cid: number) => (cid === 1 ? resultOf(getCap, 8) : undefined) },
    };
    const walk = dissectFrom(nvme.tcp, capResponse, context);
    assert.is(keys(walk.layers), 'nvme-tcp nvme-cap cqe');
    assert.is(walk.layers[1]!.get('mqes'), 1023);
    assert.is(walk.layers[1]!.get('css'), 0x41);
    assert.is(walk.stop, null);
  });

  it('leaves commands of an unknown queue as dwords where their opcode is one of both queues', () => {
    const walk = dissectFrom(nvme.tcp, pdu('0400480048000000 08400e00', 72));
    assert.is(keys(walk.layers), 'nvme-tcp sqe sqe-ns sgl nvme-cdw');
    const known = dissectFrom(nvme.tcp, walk.bytes, { nvme: { queue: 'admin' } });
    assert.is(known.layers.at(-1)!.key, 'nvme-abort');
    const identify = dissectFrom(nvme.tcp, pdu('0400480048000000 06400e00', 72));
    assert.is(identify.layers.at(-1)!.key, 'nvme-identify');
  });

  it('puts header digest, data and data digest where the flags say', () => {
    const { layers, bytes } = build([
      nvme.tcp({ hdgst: 1, ddgst: 1, last: 1 }),
      nvme.c2hData({ cid: 5 }),
      'datadata',
    ]);
    assert.is(keys(layers), 'nvme-tcp nvme-tcp-c2h-data nvme-tcp-hdgst payload nvme-tcp-ddgst');
    assert.is(nvme.TCP.get.pdo(bytes, 0), 28);
    assert.is(nvme.TCP.get.plen(bytes, 0), 40);
    assert.is(nvme.C2HData.get.length(bytes, 8), 8);
    assert.is(keys(dissectFrom(nvme.tcp, bytes).layers), keys(layers));
  });

  it('reads padding in front of the data', () => {
    const { layers, bytes } = build([
      nvme.tcp({ hdgst: 1 }),
      nvme.c2hData(),
      nvme.hdgst(),
      nvme.tcpPad({ pad: new Uint8Array(4) }),
      'data',
    ]);
    assert.is(nvme.TCP.get.pdo(bytes, 0), 32);
    assert.is(keys(dissectFrom(nvme.tcp, bytes).layers), keys(layers));
  });

  it('computes the digests that are on the wire', () => {
    // nvme-tcp.pcap.gz with digests on: CapsuleResp, and R2T of a longer capture of the same pair.
    for (const hex of [
      '050118001c000000 0100000000000000 0100 0000 0000 0000 42623332',
      '090118001c000000 0800 0500 00000000 00800000 00000000 781bbad6',
    ]) {
      const walk = dissectFrom(nvme.tcp, pdu(hex));
      const digest = check(walk).verified.find((v) => v.field === 'digest');
      assert.is(digest?.ok, true);
      assert.equal(check(walk).findings, []);
    }
  });

  it('stops at a header length that the type cannot have', () => {
    const bytes = icReq.slice();
    nvme.TCP.set.hlen(bytes, 0, 24);
    assert.is(dissectFrom(nvme.tcp, bytes).stop?.field, 'hlen');
  });

  it('ends every prefix of a PDU without throwing', () => {
    for (let n = 0; n < getCap.length; n++) {
      assert.ok(dissectFrom(nvme.tcp, getCap.subarray(0, n)).stop, `${n} bytes`);
    }
  });
});

spec('NVMe/TCP stream', (it) => {
  const framing = nvme.tcpStream.open();

  it('is recognised by the request that opens it and the response', () => {
    assert.is(nvme.tcpStream.recognise(piece(icReq)), true);
    assert.is(nvme.tcpStream.recognise(piece(icReq.subarray(0, 5))), 'more');
  });

  it('is recognised later by any PDU whose lengths fit, and by nothing else', () => {
    assert.is(nvme.tcpStream.recognise(piece(getCap)), true);
    assert.is(nvme.tcpStream.recognise(piece(capResponse, 1)), true);
    for (const hex of [
      '04004800480000ff',
      '0400180018000000',
      '0800180018000000',
      '474554202f204854',
    ]) {
      assert.is(nvme.tcpStream.recognise(piece(parseHex(hex))), false, hex);
    }
  });

  it('measures a PDU by its PLEN once the common header is there', () => {
    assert.is(framing.measure(piece(icReq.subarray(0, 7))), null);
    const unit = framing.measure(piece(icReq.subarray(0, 8)));
    assert.is(unit && !isMalformed(unit) && unit.size, 128);
  });

  it('refuses lengths below the header and beyond its bound', () => {
    for (const plen of [0, 127, MAX_PLEN + 1, 0xffffffff]) {
      const bytes = icReq.slice();
      nvme.TCP.set.plen(bytes, 0, plen);
      const answer = framing.measure(piece(bytes));
      assert.is(isMalformed(answer) && answer.field, 'plen');
    }
  });
});
