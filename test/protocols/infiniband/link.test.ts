// InfiniBand's own links: what stands behind an LRH, and what closes the packet.

import { crc16 } from '../../../protocols/core/checksum/index.js';
import {
  bth,
  build,
  check,
  deth,
  dissect,
  flowctl,
  grh,
  immdt,
  ipv4,
  ipv6,
  LINKTYPE_INFINIBAND_FLOW,
  lrh,
  reth,
  rwh,
} from '../../../protocols/index.js';
import { assert, spec } from '../../support/spec.js';
import { ibaSample } from './vectors.js';

const local = { vl: 3, sl: 5, dlid: 0x11, slid: 0x22 } as const;
const native = { linkType: 247 } as const;

const keys = (bytes: Uint8Array, linkType = 247): string =>
  dissect(bytes, { linkType })
    .layers.map((layer) => layer.key)
    .join('/');

const problems = (bytes: Uint8Array, linkType = 247): string[] =>
  check(dissect(bytes, { linkType })).findings.map((f) => `${f.layer}.${f.field}`);

const write = build([
  lrh(local),
  bth({ opcode: 'RC_RDMA_WRITE_ONLY', destQp: 0x11, pkey: 0xffff }),
  reth({ va: 0x1000, rkey: 0x1ee }),
  'hello',
]);

const datagram = build([
  lrh(local),
  grh({ sgid: 'fe80::1', dgid: 'fe80::2', hopLmt: 9 }),
  bth({ opcode: 'UD_SEND_ONLY_WITH_IMMEDIATE', destQp: 0x11, pkey: 0xffff }),
  deth({ qkey: 0x11, srcQp: 5 }),
  immdt({ immediate: 7 }),
  'hello',
]);

spec('lrh', (it) => {
  it("dissects the standard's sample packet, whose VCRC is not printed", () => {
    const { layers, stop } = dissect(ibaSample, native);
    assert.is(keys(ibaSample), 'lrh/bth/reth/payload/ibpad/icrc');
    assert.is(layers[2]!.number('dmaLen'), 14);
    assert.is(layers[1]!.number('padCount'), 2);
    assert.is(stop?.layer, 'vcrc');
    assert.is(stop?.need, 2);
  });

  it('builds a local packet: LNH, lengths, pad, ICRC and VCRC follow', () => {
    assert.is(keys(write.bytes), 'lrh/bth/reth/payload/ibpad/icrc/vcrc');
    const [link] = dissect(write.bytes, native).layers;
    assert.is(link!.number('lnh'), 2);
    assert.is(link!.number('pktLen') * 4 + 2, write.bytes.length);
    assert.equal(problems(write.bytes), []);
  });

  it('builds a global packet, whose GRH counts from BTH to ICRC', () => {
    assert.is(keys(datagram.bytes), 'lrh/grh/bth/deth/immdt/payload/ibpad/icrc/vcrc');
    const [link, network] = dissect(datagram.bytes, native).layers;
    assert.is(link!.number('lnh'), 3);
    assert.is(network!.number('nxtHdr'), 0x1b);
    assert.is(network!.number('payLen'), 12 + 8 + 4 + 8 + 4);
    assert.equal(problems(datagram.bytes), []);
  });

  it('carries raw packets by EtherType, without an ICRC', () => {
    const raw = build([lrh(local), rwh(), ipv4({ protocol: 253 })]);
    assert.is(keys(raw.bytes), 'lrh/rwh/ipv4/vcrc');
    const [link, rawHeader] = dissect(raw.bytes, native).layers;
    assert.is(link!.number('lnh'), 0);
    assert.is(rawHeader!.number('etherType'), 0x0800);
  });

  it('carries raw IPv6, without an ICRC', () => {
    const raw = build([lrh(local), ipv6({ src: 'fe80::1', dst: 'fe80::2', nextHeader: 59 })]);
    assert.is(keys(raw.bytes), 'lrh/ipv6/vcrc');
    const [link] = dissect(raw.bytes, native).layers;
    assert.is(link!.number('lnh'), 1);
    assert.equal(problems(raw.bytes), []);
  });

  it('covers every byte with the VCRC, the virtual lane and the ICRC too', () => {
    for (let at = 0; at < write.bytes.length; at++) {
      const bytes = write.bytes.slice();
      bytes[at] = bytes[at]! ^ 0x20;
      assert.ok(problems(bytes).length > 0, `byte ${at}`);
    }
    const lane = write.bytes.slice();
    lane[0] = 0x40;
    assert.equal(problems(lane), ['vcrc.vcrc']);
  });

  it('stops at every prefix', () => {
    for (const { bytes } of [write, datagram]) {
      for (let n = 0; n < bytes.length; n++) {
        assert.ok(dissect(bytes.subarray(0, n), native).stop, `${n} bytes`);
      }
    }
  });
});

spec('flowctl', (it) => {
  const grant = build([flowctl({ op: 'NORMAL', fctbs: 0x123, vl: 2, fccl: 0x456 })]);

  it('has an LPCRC over its first four bytes', () => {
    assert.equal([...grant.bytes.subarray(0, 4)], [0x01, 0x23, 0x24, 0x56]);
    const crc = crc16(grant.bytes, 0, 4);
    assert.equal([...grant.bytes.subarray(4)], [crc % 256, Math.floor(crc / 256)]);
    assert.equal(problems(grant.bytes, LINKTYPE_INFINIBAND_FLOW), []);
  });

  it('is dissected under its pseudo link type', () => {
    assert.is(keys(grant.bytes, LINKTYPE_INFINIBAND_FLOW), 'flowctl');
    assert.is(keys(grant.bytes), 'payload');
  });

  it('shows a damaged LPCRC', () => {
    const bytes = grant.bytes.slice();
    bytes[1] = 0;
    assert.equal(problems(bytes, LINKTYPE_INFINIBAND_FLOW), ['flowctl.lpcrc']);
  });
});
