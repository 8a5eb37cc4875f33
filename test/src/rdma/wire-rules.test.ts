// What of a packet's outer headers must be right and what may change on the way (docs/rdma-rules.md, 5.1 and 5.2):
// packets that the device itself sent are changed between the two ends.

import { check, dissect } from '../../../protocols/index.js';
import { postRecv, postSend } from '../../../src/rdma/index.js';
import { BackToBack, type PairOptions, sge } from '../../support/back-to-back.js';
import { headerChecksum as checksum, opened, type Sent } from '../../support/opened-frame.js';
import { assert, spec } from '../../support/spec.js';

const LEFT = 0;
const RIGHT = 1;
const SIZE = 5;
const INFINIBAND = 247;

/** Sends a UC message of five bytes, which comes through or is lost; what is sent again would hide it. */
function sendOne(options: PairOptions, change: (sent: Sent) => void = () => {}, count = 1) {
  const net = new BackToBack(options);
  const [left, right] = net.hosts;
  const [a, b] = net.connect({ type: 'IBV_QPT_UC' });
  const linkType = net.wire === 'IB' ? INFINIBAND : 1;
  const frames: Sent[] = [];
  net.rule = (frame) => {
    frames.push(opened(frame, linkType));
    change(frames.at(-1)!);
    return [1000];
  };
  const from = left.buffer(SIZE);
  for (let i = 0; i < count; i++) {
    postRecv(right.context, b.qp, { sgList: [sge(right.buffer(64))] });
    postSend(left.context, a.qp, { opcode: 'IBV_WR_SEND', sgList: [sge(from)] });
  }
  net.run();
  const { counters } = right.device;
  return { net, frames, frame: frames[0]!, came: right.poll(b.recvCq).length, counters, right };
}

const V4: PairOptions = {};
const V6: PairOptions = { v6: true };
const V1: PairOptions = { wire: 'RoCE v1' };
const IB: PairOptions = { wire: 'IB' };

/** Does a packet live through a change of that field? */
function survives(options: PairOptions, name: string, value: number): boolean {
  const { came } = sendOne(options, (sent) => {
    assert.is.not(sent.field(name), value, name);
    sent.set(name, value);
  });
  return came === 1;
}

/** The same where the IPv4 header's checksum is repaired, as a router does. */
function routed(name: string, value: number) {
  const { came, counters } = sendOne(V4, (sent) => {
    sent.set(name, value);
    sent.set('ipv4.headerChecksum', checksum(sent.bytes));
  });
  return { came: came === 1, icrc: counters.get('rx_icrc_encapsulated') };
}

spec('outer headers as rxe sends and checks them', (it) => {
  it('rule 5.1.1: the EtherType is that of IPv4 or IPv6; others are not for the device', () => {
    assert.is(sendOne(V4).frame.field('eth.type'), 0x0800);
    assert.is(sendOne(V6).frame.field('eth.type'), 0x86dd);
    assert.not(survives(V4, 'eth.type', 0x0806));
  });

  it('rule 5.1.2: the IPv4 header has no options; packets with options go to the stack', () => {
    assert.is(sendOne(V4).frame.field('ipv4.ihl'), 5);
    const { came, right, net } = sendOne(V4, (sent) => {
      sent.set('ipv4.ihl', 6);
    });
    assert.is(came, 0);
    const slot = right.device.takeOther();
    assert.ok(slot >= 0);
    net.pool.release(slot);
  });

  it('rule 5.1.3: traffic class comes from the address vector and may change on the way', () => {
    const trafficClass = 0x68;
    for (const [options, name] of [
      [V4, 'ipv4.dscp'],
      [V6, 'ipv6.dscp'],
    ] as const) {
      const net = new BackToBack(options);
      const [a, b] = [net.end(LEFT).qp, net.end(RIGHT).qp];
      const path = net.path;
      net.path = (from) => ({ grh: { ...path.call(net, from).grh!, trafficClass } });
      net.ready(LEFT, a, b);
      postSend(net.hosts[LEFT].context, a, { opcode: 'IBV_WR_SEND' });
      net.run(net.now);
      assert.is(opened(net.sent[0]!.bytes).field(name), trafficClass / 4);
    }
    assert.ok(routed('ipv4.dscp', 9).came);
    assert.ok(survives(V6, 'ipv6.dscp', 9));
  });

  it('rule 5.1.4: the total length is exact, and a padded frame is as long as it says', () => {
    const { frame } = sendOne(V4);
    assert.is(frame.field('ipv4.totalLength'), 20 + 8 + 12 + SIZE + 3 + 4);
    assert.is(frame.bytes.length, 14 + frame.field('ipv4.totalLength'));
    assert.equal(routed('ipv4.totalLength', 20 + 8 + 12 + 4 + 4), { came: false, icrc: 1 });
  });

  it('rule 5.1.5: the identification is never zero and counts up; a change of it is a wrong ICRC', () => {
    const { frames } = sendOne(V4, undefined, 3);
    const ids = frames.map((f) => f.field('ipv4.identification'));
    assert.ok(ids.every((id) => id !== 0));
    assert.is(ids[1], (ids[0]! % 0xffff) + 1);
    assert.is(ids[2], (ids[1]! % 0xffff) + 1);
    assert.equal(routed('ipv4.identification', 7), { came: false, icrc: 1 });
  });

  it('rule 5.1.6: packets say that they must not be fragmented; fragments are for the stack to join', () => {
    assert.is(sendOne(V4).frame.field('ipv4.df'), 1);
    const { right, net, came } = sendOne(V4, (sent) => {
      sent.set('ipv4.df', 0);
      sent.set('ipv4.mf', 1);
    });
    assert.is(came, 0);
    net.pool.release(right.device.takeOther());
    assert.equal(routed('ipv4.df', 0), { came: false, icrc: 1 });
  });

  it('rule 5.1.7: TTL and hop limit are 64, and routers count them down', () => {
    assert.is(sendOne(V4).frame.field('ipv4.ttl'), 64);
    assert.is(sendOne(V6).frame.field('ipv6.hopLimit'), 64);
    assert.ok(routed('ipv4.ttl', 3).came);
    assert.ok(survives(V6, 'ipv6.hopLimit', 3));
  });

  it('rule 5.1.8: the header checksum is right, and a wrong one is dropped though the ICRC leaves it out', () => {
    const { frame } = sendOne(V4);
    assert.is(frame.field('ipv4.headerChecksum'), checksum(frame.bytes));
    const { came, counters } = sendOne(V4, (sent) => sent.set('ipv4.headerChecksum', 0x1234));
    assert.is(came, 0);
    assert.is(counters.get('InCsumErrors'), 1);
  });

  it('rule 5.1.9, trap 7: a connection has one UDP source port above bfffh; who rewrites it on the way breaks the ICRC', () => {
    const { frames } = sendOne(V4, undefined, 3);
    const ports = new Set(frames.map((f) => f.field('udp.srcPort')));
    assert.is(ports.size, 1);
    assert.ok([...ports].every((port) => port >= 0xc000));
    for (const options of [V4, V6]) {
      const { came, counters } = sendOne(options, (sent) => sent.set('udp.srcPort', 0xc999));
      assert.is(came, 0);
      assert.is(counters.get('rx_icrc_encapsulated'), 1);
    }
  });

  it('rule 5.1.10: the UDP checksum is zero, and any other one is accepted', () => {
    for (const options of [V4, V6]) {
      assert.is(sendOne(options).frame.field('udp.checksum'), 0);
      assert.ok(survives(options, 'udp.checksum', 0x1234));
    }
  });

  it('rule 5.1.11: there is no VLAN tag unless the path has one', () => {
    assert.is(sendOne(V4).frame.field('eth.type'), 0x0800);
    const net = new BackToBack();
    const [a, b] = [net.end(LEFT).qp, net.end(RIGHT).qp];
    const path = net.path;
    net.path = (from) => ({ ...path.call(net, from), vlanId: 7, sl: 3 });
    net.ready(LEFT, a, b);
    postSend(net.hosts[LEFT].context, a, { opcode: 'IBV_WR_SEND' });
    net.run(net.now);
    const tagged = opened(net.sent[0]!.bytes);
    assert.equal([tagged.field('vlan.vid'), tagged.field('vlan.pcp')], [7, 3]);
  });

  it('rule 5.1.12: the flow label comes from the address vector and may change on the way', () => {
    const net = new BackToBack(V6);
    const [a, b] = [net.end(LEFT).qp, net.end(RIGHT).qp];
    const path = net.path;
    net.path = (from) => ({ grh: { ...path.call(net, from).grh!, flowLabel: 0x54321 } });
    net.ready(LEFT, a, b);
    postSend(net.hosts[LEFT].context, a, { opcode: 'IBV_WR_SEND' });
    net.run(net.now);
    assert.is(opened(net.sent[0]!.bytes).field('ipv6.flowLabel'), 0x54321);
    assert.ok(survives(V6, 'ipv6.flowLabel', 0x12345));
  });
});

spec('the ICRC', (it) => {
  it('rule 5.2.1, trap 2: leaves TOS, TTL and header checksum of IPv4 out, and covers all else', () => {
    for (const [name, value] of [
      ['ipv4.dscp', 9],
      ['ipv4.ecn', 1],
      ['ipv4.ttl', 3],
    ] as const)
      assert.equal(routed(name, value), { came: true, icrc: 0 }, name);
    for (const [name, value] of [
      ['ipv4.identification', 7],
      ['ipv4.df', 0],
      ['ipv4.reserved', 1],
    ] as const)
      assert.equal(routed(name, value), { came: false, icrc: 1 }, name);
  });

  it('rule 5.2.2: leaves traffic class, flow label and hop limit of IPv6 out', () => {
    for (const name of ['ipv6.dscp', 'ipv6.ecn', 'ipv6.flowLabel', 'ipv6.hopLimit'])
      assert.ok(survives(V6, name, 1), name);
  });

  it('rule 5.2.3, trap 5: leaves the same of a GRH out, and covers the rest of it', () => {
    for (const name of ['grh.tClass', 'grh.flowLabel', 'grh.hopLmt'])
      assert.ok(survives(V1, name, 5), name);
    const { came, counters } = sendOne(V1, (sent) => {
      sent.bytes[14 + 8] = 0xff; // the first byte of the sender's GID
    });
    assert.is(came, 0);
    assert.is(counters.get('rx_icrc_encapsulated') + counters.get('drop_wrong_peer'), 1);
  });

  it('rule 5.2.4: leaves the virtual lane of a native packet out, which switches change', () => {
    assert.ok(survives(IB, 'lrh.vl', 3));
    assert.not(survives(IB, 'lrh.sl', 3));
  });

  it('rule 5.2.5, trap 2: leaves the UDP checksum out, and covers both ports and the length', () => {
    assert.ok(survives(V4, 'udp.checksum', 99));
    for (const [name, value] of [
      ['udp.srcPort', 0xc123],
      ['udp.length', 99],
    ] as const)
      assert.not(survives(V4, name, value), name);
  });

  it('rule 5.2.6, trap 2: leaves the whole fifth byte of BTH out, and covers the reserved bits beside AckReq', () => {
    for (const [name, value] of [
      ['bth.fecn', 1],
      ['bth.becn', 1],
      ['bth.reserved', 0x3f],
    ] as const)
      assert.ok(survives(V4, name, value), name);
    for (const [name, value] of [
      ['bth.reserved2', 1],
      ['bth.solicited', 1],
      ['bth.migReq', 1],
      ['bth.ackReq', 1],
    ] as const)
      assert.not(survives(V4, name, value), name);
  });

  it('rule 5.2.7, trap 1: stands in the packet least significant byte first', () => {
    // An acknowledgement and a SEND as rdma_rxe of Linux 6.12 sent them; with their ICRCs as numbers.
    const ack =
      '0200000000020200000000010800' +
      '45000030d5a74000401151130a0000010a000002c58012b7001c00001100ffff000007770085f5af1f000002f1f184dd';
    const send =
      '0200000000020200000000010800' +
      '4500003cd5a240004011510c0a0000010a000002c58012b7002800000400ffff000007778000abcd' +
      '000055a3dee694c0000005f300000bb96e2b98f8';
    for (const [hex, icrc] of [
      [ack, 0xdd84f1f1],
      [send, 0xf8982b6e],
    ] as const) {
      const bytes = Uint8Array.from(hex.match(/../g)!, (pair) => Number.parseInt(pair, 16));
      const view = new DataView(bytes.buffer);
      assert.is(view.getUint32(bytes.length - 4, true), icrc);
      assert.equal(check(dissect(bytes)).findings, []);
      const net = new BackToBack();
      net.inject(RIGHT, bytes);
      net.run();
      const { counters } = net.hosts[RIGHT].device;
      assert.is(counters.get('drop_no_queue_pair'), 1, 'it gets past the lengths');
    }
    const { frame, came } = sendOne(V4);
    assert.is(came, 1);
    const turned = sendOne(V4, (sent) => sent.bytes.subarray(-4).reverse());
    assert.is(turned.came, 0, 'the other way round it is wrong');
    assert.ok(frame.bytes.length > 0);
  });
});
