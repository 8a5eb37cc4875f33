// Frames from a template equal those that the builder makes, byte for byte.

import { internetSum, sumIsGood } from '../../../protocols/core/checksum/index.js';
import {
  aeth,
  bth,
  build,
  check,
  dissect,
  eth,
  FrameTemplate,
  grh,
  ImmDt,
  IPv4,
  immdt,
  ipv4,
  ipv6,
  RETH,
  reth,
  udp,
} from '../../../protocols/index.js';
import { assert, spec } from '../../support/spec.js';
import { rxeAck } from '../infiniband/vectors.js';

const ip = { src: '10.0.0.1', dst: '10.0.0.2', ttl: 64, df: 1 } as const;
const port = { srcPort: 0xc580, checksum: 0 } as const;

const data = Uint8Array.from({ length: 300 }, (_, i) => i * 7);

spec('frame template', (it) => {
  it('makes the frames that the builder makes, whatever their length', () => {
    const packet = { opcode: 'RC_RDMA_WRITE_ONLY_WITH_IMMEDIATE', destQp: 0x11 } as const;
    const template = new FrameTemplate(
      build([eth(), ipv4(ip), udp(port), bth(packet), reth({ rkey: 0x1ee }), immdt()]),
    );
    for (const length of [0, 1, 2, 3, 4, 5, 255, 300]) {
      const into = new Uint8Array(7 + template.frameSize(length)).fill(0xaa);
      template.setAddress(0x12345678, 0x9abcdef0);
      RETH.set.dmaLen(template.head, template.at.reth!, length);
      ImmDt.set.immediate(template.head, template.at.immdt!, length * 3);
      template.identification = 0xfffe + (length % 2);
      const end = template.encode(into, 7, 0xabc000 + length, 1, data, 0, length);
      const ipAt = 7 + template.at.ipv4!;
      assert.ok(sumIsGood(internetSum(into, ipAt, 7 + template.at.udp!)));
      const headerChecksum = IPv4.get.headerChecksum(into, ipAt);
      const expected = build([
        eth(),
        ipv4({ ...ip, identification: 0xfffe + (length % 2), headerChecksum }),
        udp(port),
        bth({ ...packet, psn: 0xabc000 + length, ackReq: 1 }),
        reth({ va: 0x123456789abcdef0n, rkey: 0x1ee }),
        immdt({ immediate: length * 3 }),
        ...(length > 0 ? [data.subarray(0, length)] : []),
      ]);
      assert.is(end, into.length);
      assert.equal([...into.subarray(7)], [...expected.bytes], `${length} bytes`);
    }
  });

  it('makes the ACK that Linux sent', () => {
    const { layers } = dissect(rxeAck);
    const template = new FrameTemplate({ ...dissect(rxeAck), layers });
    const into = new Uint8Array(template.frameSize(0));
    template.identification = layers[1]!.number('identification');
    template.encode(into, 0, layers[3]!.number('psn'), 0, into, 0, 0);
    assert.equal([...into], [...rxeAck]);
  });

  it('takes the payload from the array that it writes to', () => {
    const template = new FrameTemplate(
      build([eth(), ipv4(ip), udp(port), bth({ opcode: 'RC_SEND_ONLY', destQp: 2 })]),
    );
    const memory = new Uint8Array(1024);
    memory.set(data, 600);
    const elsewhere = new Uint8Array(1024);
    template.identification = 5;
    const end = template.encode(memory, 0, 1, 0, memory, 600, 900);
    template.identification = 5;
    template.encode(elsewhere, 0, 1, 0, data, 0, 300);
    assert.equal([...memory.subarray(0, end)], [...elsewhere.subarray(0, end)]);
  });

  it('changes a field of all frames to come, masked or not', () => {
    const layers = (dscp: number, rkey: number) => [
      eth(),
      ipv4({ ...ip, dscp, identification: 3, totalLength: 0, headerChecksum: 0 }),
      udp(port),
      bth({ opcode: 'RC_RDMA_WRITE_ONLY', destQp: 2 }),
      reth({ rkey, dmaLen: 4 }),
    ];
    const template = new FrameTemplate(build(layers(0, 1)));
    template.set('ipv4', 'dscp', 26);
    template.set('reth', 'rkey', 9);
    const other = new FrameTemplate(build(layers(26, 9)));
    const into = new Uint8Array(template.frameSize(4));
    const expected = new Uint8Array(into.length);
    template.encode(into, 0, 1, 0, data, 0, 4);
    other.encode(expected, 0, 1, 0, data, 0, 4);
    assert.equal([...into], [...expected]);
    assert.is(dissect(into).layers[1]!.number('dscp'), 26);
    assert.throws(() => template.set('aeth', 'msn', 1), /no layer 'aeth'/);
  });

  it('counts identifications up and round', () => {
    const template = new FrameTemplate(
      build([eth(), ipv4(ip), udp(port), bth({ opcode: 'RC_ACKNOWLEDGE' }), aeth()]),
    );
    const into = new Uint8Array(template.frameSize(0));
    template.identification = 0xffff;
    template.encode(into, 0, 0, 0, into, 0, 0);
    assert.is(dissect(into).layers[1]!.number('identification'), 0xffff);
    template.encode(into, 0, 0, 0, into, 0, 0);
    assert.is(dissect(into).layers[1]!.number('identification'), 0);
  });

  it('makes the frames that the builder makes over IPv6', () => {
    const layers = [
      eth(),
      ipv6({ src: 'fe80::1', dst: 'fe80::2', dscp: 26, ecn: 2, flowLabel: 0x12345 }),
      udp(port),
      bth({ opcode: 'RC_SEND_ONLY', destQp: 2, psn: 9 }),
    ];
    const template = new FrameTemplate(build(layers));
    const into = new Uint8Array(template.frameSize(5));
    template.encode(into, 0, 9, 0, data, 0, 5);
    assert.equal([...into], [...build([...layers, data.subarray(0, 5)]).bytes]);
    assert.equal(check(dissect(into)).findings, []);
  });

  it('makes RoCE v1 frames too', () => {
    const template = new FrameTemplate(
      build([
        eth(),
        grh({ sgid: 'fe80::1', dgid: 'fe80::2' }),
        bth({ opcode: 'RC_SEND_ONLY', destQp: 2, pkey: 0xffff }),
      ]),
    );
    const into = new Uint8Array(template.frameSize(5));
    template.encode(into, 0, 9, 1, data, 0, 5);
    const found = dissect(into);
    assert.is(found.stop, null);
    assert.equal(check(found).findings, []);
  });

  it('refuses what is no RoCE packet', () => {
    assert.throws(() => new FrameTemplate(build([eth(), ipv4(), udp()])), /no RoCE packet/);
  });
});
