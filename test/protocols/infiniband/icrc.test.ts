// The invariant CRC against packets from elsewhere.

import {
  BTH,
  bth,
  build,
  check,
  dissect,
  eth,
  icrcIsRight,
  icrcRoceV2,
  ipv4,
  LRH,
  udp,
} from '../../../protocols/index.js';
import { capturedFrames } from '../../support/capture.js';
import { assert, spec } from '../../support/spec.js';
import * as vectors from './vectors.js';

const icrcOf = (bytes: Uint8Array, linkType = 1) =>
  check(dissect(bytes, { linkType })).verified.find((v) => v.layer === 'icrc');

const isGood = (bytes: Uint8Array, linkType = 1) => {
  const found = icrcOf(bytes, linkType);
  assert.is(found?.expected, found?.found);
  assert.ok(found?.ok);
};

/** A copy with one byte changed. */
function changed(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = copy[at]! ^ 0x81;
  return copy;
}

spec('icrc', (it) => {
  it('is right in the sample packet of the standard', () => {
    isGood(vectors.ibaSample, 247);
    assert.is(icrcOf(vectors.ibaSample, 247)?.found, 0x9625b75a);
  });

  it('is right in packets of Linux, of a ConnectX-4 and of scapy', () => {
    isGood(vectors.rxeAck);
    isGood(vectors.rxeSendOnly);
    isGood(vectors.cnpConnectX4);
    isGood(vectors.ucSendOnly);
  });

  it('is right in RoCE v1', () => {
    isGood(vectors.roceV1Write);
    isGood(vectors.roceV1Ack);
  });

  it('is right over IPv6', () => {
    isGood(vectors.ucSendOnlyV6);
  });

  it('covers identification, length, flags, addresses and ports', () => {
    for (const at of [18, 19, 20, 26, 33, 34, 35]) {
      assert.not(icrcOf(changed(vectors.rxeSendOnly, at))?.ok, `byte ${at}`);
    }
  });

  it('leaves out what changes on the way: TOS, TTL, IP and UDP checksums, FECN and BECN', () => {
    for (const at of [15, 22, 24, 25, 40, 41, 46]) {
      assert.ok(icrcOf(changed(vectors.rxeSendOnly, at))?.ok, `byte ${at}`);
    }
  });

  it('leaves out the virtual lane of a local packet, and nothing else of its LRH', () => {
    const { vl } = LRH.offset;
    const lane = vectors.ibaSample.slice();
    LRH.set.vl(lane, 0, 3);
    assert.ok(icrcOf(lane, 247)?.ok);
    for (let at = vl! + 1; at < LRH.size; at++) {
      if (at === LRH.offset.pktLen || at === LRH.offset.pktLen! + 1) continue;
      const bytes = vectors.ibaSample.slice();
      bytes[at] = bytes[at]! ^ 0x40;
      assert.not(icrcOf(bytes, 247)?.ok, `byte ${at}`);
    }
  });

  it('is told quickly for whole captures: right, wrong, or absent', () => {
    assert.is(icrcIsRight(dissect(vectors.rxeSendOnly)), true);
    assert.is(icrcIsRight(dissect(changed(vectors.rxeSendOnly, 60))), false);
    assert.is(icrcIsRight(dissect(vectors.rxeSendOnly.subarray(0, 40))), undefined);
  });

  it('does not bear out the often copied example of a CNP', () => {
    // The example (a vendor's community page) prints e42dad81; scapy's test says that it does not match either.
    const frame = build([
      eth(),
      ipv4({ src: '22.22.22.8', dst: '22.22.22.7', identification: 0x98c6, df: 1, ttl: 0x20 }),
      udp({ srcPort: 56238, checksum: 0 }),
      bth({ opcode: 'CNP', destQp: 0xd2, becn: 1, pkey: 0xffff }),
    ]);
    const { layers } = dissect(frame.bytes);
    assert.is(layers.at(-1)!.number('icrc'), 0xdafc1bef);
  });

  it('covers IPv4 options as they are', () => {
    const bytes = new Uint8Array(14 + 24 + 8 + BTH.size + 4);
    const plain = icrcRoceV2(bytes.fill(0x45, 14, 15), 14, 14 + 24 + 8, bytes.length - 4);
    bytes[14 + 20] = 1;
    assert.is.not(icrcRoceV2(bytes, 14, 14 + 24 + 8, bytes.length - 4), plain);
  });

  for (const name of ['rxe-v4.pcap', 'nvme-rxe.pcap.gz']) {
    it(`is right in every frame of the capture ${name}`, () => {
      let count = 0;
      for (const { bytes, number } of capturedFrames(name)) {
        const found = icrcIsRight(dissect(bytes));
        if (found === undefined) continue;
        count++;
        assert.ok(found, `frame ${number}`);
      }
      assert.ok(count > 100);
    });
  }
});
