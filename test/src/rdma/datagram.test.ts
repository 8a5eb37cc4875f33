// UD, multicast, UC, shared receive queues and XRC between two devices.

import { bth, build, deth, eth, ipv4, udp } from '../../../protocols/index.js';
import {
  type Ah,
  attachMcast,
  createAh,
  createSrq,
  gidOf,
  modifySrq,
  postRecv,
  postSend,
  postSrqRecv,
} from '../../../src/rdma/index.js';
import { BackToBack, macOf, sge } from '../../support/back-to-back.js';
import { eventsOf, opcode, said } from '../../support/rdma-packet.js';
import { assert, spec } from '../../support/spec.js';

const LEFT = 0;
const RIGHT = 1;
const SIGNALED = 2;
const SOLICITED = 4;
const QKEY = 0x11111111;
const GRH_BYTES = 40;

function datagrams(options: ConstructorParameters<typeof BackToBack>[0] = {}) {
  const net = new BackToBack(options);
  const [a, b] = net.connect({ type: 'IBV_QPT_UD' });
  const [left, right] = net.hosts;
  const ah = createAh(left.pd, net.path(LEFT));
  const local = left.buffer(4096);
  const target = right.buffer(8192);
  const send = (length: number, to: { ah?: Ah; qpn?: number; qkey?: number } = {}) =>
    postSend(left.context, a.qp, {
      opcode: 'IBV_WR_SEND_WITH_IMM',
      immData: 5,
      sgList: [sge(local, 0, length)],
      sendFlags: SIGNALED + SOLICITED,
      ud: { ah: to.ah ?? ah, remoteQpn: to.qpn ?? b.qp.qpn, remoteQkey: to.qkey ?? QKEY },
    });
  const receive = (length: number, at = 0) =>
    postRecv(right.context, b.qp, { wrId: at, sgList: [sge(target, at, length)] });
  local.bytes.fill(0x77);
  return { net, a, b, left, right, local, target, send, receive };
}

spec('UD', (it) => {
  it('rule 5.4.13, trap 23: data lie behind 40 bytes; over IPv4 the header is at 20 and zeros are before it', () => {
    const o = datagrams();
    o.target.bytes.fill(0xff);
    o.receive(1000);
    o.send(100);
    o.net.run();
    const [wc] = o.right.poll(o.b.recvCq);
    assert.is(wc?.byteLen, 140);
    assert.is(wc?.srcQp, o.a.qp.qpn);
    assert.is(wc?.wcFlags, 1 + 2);
    assert.is(wc?.immData, 5);
    const memory = o.target.bytes;
    assert.ok(memory.subarray(0, 20).every((x) => x === 0));
    assert.equal(memory.slice(20, 40), o.net.sent[0]!.bytes.slice(14, 34));
    assert.ok(memory.subarray(40, 140).every((x) => x === 0x77));
    assert.is(memory[140], 0xff);
  });

  it('forty bytes are kept over IPv6, RoCE v1 and InfiniBand too', () => {
    for (const options of [{ v6: true }, { wire: 'RoCE v1' }, { wire: 'IB' }] as const) {
      const o = datagrams(options);
      o.receive(1000);
      o.send(100);
      o.net.run();
      assert.is(o.right.poll(o.b.recvCq)[0]?.byteLen, 100 + GRH_BYTES);
      assert.ok(o.target.bytes.subarray(40, 140).every((x) => x === 0x77));
    }
  });

  it('a buffer without room for the 40 bytes gets IBV_WC_LOC_LEN_ERR, and the next datagram its own', () => {
    const o = datagrams();
    o.receive(100, 0);
    o.receive(200, 200);
    o.send(100);
    o.send(100);
    o.net.run();
    const statuses = o.right.poll(o.b.recvCq).map((w) => w.status);
    assert.equal(statuses, ['IBV_WC_LOC_LEN_ERR', 'IBV_WC_SUCCESS']);
    assert.is(o.b.qp.state, 'RTS');
  });

  it('rule 5.3.5, trap 22: drops a wrong Q_Key by name; a Q_Key with the high bit means the own one', () => {
    const o = datagrams();
    o.receive(1000);
    o.send(10, { qkey: 0x222 });
    o.net.run();
    assert.is(o.right.device.counters.get('qkey_viol_cntr'), 1);
    o.send(10, { qkey: 0x80000000 });
    o.net.run();
    assert.is(o.right.poll(o.b.recvCq).length, 1);
  });

  it('drops what finds no buffer, and counts it as Linux does', () => {
    const o = datagrams();
    o.send(10);
    o.net.run();
    assert.is(o.right.device.counters.get('out_of_buffer'), 1);
    assert.is(o.left.poll(o.a.sendCq)[0]?.status, 'IBV_WC_SUCCESS');
  });

  it('a message longer than the port MTU fails at home and stops the send queue alone (SQE)', () => {
    const o = datagrams();
    const big = o.left.buffer(5000);
    const ud = { ah: createAh(o.left.pd, o.net.path(LEFT)), remoteQpn: 3, remoteQkey: QKEY };
    postSend(o.left.context, o.a.qp, { opcode: 'IBV_WR_SEND', sgList: [sge(big)], ud });
    o.net.run();
    assert.is(o.left.poll(o.a.sendCq)[0]?.status, 'IBV_WC_LOC_LEN_ERR');
    assert.is(o.a.qp.state, 'SQE');
  });

  it('a datagram to a group reaches all its members, each with its own data', () => {
    const o = datagrams();
    const gid = gidOf('239.1.2.3');
    const second = o.net.end(RIGHT, { type: 'IBV_QPT_UD' });
    o.net.ready(RIGHT, second.qp, o.a.qp);
    postRecv(o.right.context, second.qp, { sgList: [sge(o.target, 4096, 1000)] });
    o.receive(1000);
    for (const { qp } of [o.b, second]) attachMcast(o.right.context, qp, gid);
    o.send(64, { ah: createAh(o.left.pd, { grh: { dgid: gid } }), qpn: 0xffffff });
    o.net.run();
    assert.is(o.right.poll(o.b.recvCq)[0]?.byteLen, 104);
    assert.is(o.right.poll(second.recvCq)[0]?.byteLen, 104);
    assert.equal(o.net.sent[0]!.bytes.slice(0, 6), Uint8Array.of(1, 0, 0x5e, 1, 2, 3));
  });

  it('trap 21: takes a datagram that asks for an acknowledgement, and gives none', () => {
    const o = datagrams();
    o.receive(1000);
    const frame = build([
      eth({ dst: macOf(RIGHT), src: macOf(LEFT) }),
      ipv4({ src: '10.0.0.1', dst: '10.0.0.2' }),
      udp({ srcPort: 0xc001, dstPort: 4791 }),
      bth({ opcode: opcode('UD_SEND_ONLY'), destQp: o.b.qp.qpn, psn: 9, ackReq: 1 }),
      deth({ qkey: QKEY, srcQp: 4 }),
      'hello',
    ]).bytes;
    o.net.inject(RIGHT, frame);
    o.net.run();
    assert.is(o.right.poll(o.b.recvCq)[0]?.byteLen, 45);
    assert.equal(o.net.sent, []);
  });
});

spec('UC', (it) => {
  const open = () => {
    const net = new BackToBack();
    const [a, b] = net.connect({ type: 'IBV_QPT_UC' });
    const [left, right] = net.hosts;
    const local = left.buffer(4096);
    const target = right.buffer(4096);
    local.bytes.fill(3);
    return { net, a, b, left, right, local, target };
  };

  it('a message that lost a packet is lost as a whole; its buffer serves the next one', () => {
    const o = open();
    o.net.rule = (_frame, _from, count) => (count === 2 ? [] : [1000]);
    postRecv(o.right.context, o.b.qp, { wrId: 1, sgList: [sge(o.target)] });
    const send = { opcode: 'IBV_WR_SEND', sendFlags: SIGNALED } as const;
    postSend(o.left.context, o.a.qp, { ...send, sgList: [sge(o.local, 0, 3000)] });
    postSend(o.left.context, o.a.qp, { ...send, sgList: [sge(o.local, 0, 2000)] });
    o.net.run();
    assert.equal(
      o.right.poll(o.b.recvCq).map((w) => [w.wrId, w.byteLen]),
      [[1, 2000]],
    );
    assert.is(o.right.device.counters.get('out_of_sequence'), 1);
    assert.is(o.left.poll(o.a.sendCq).length, 2);
    assert.equal(said(o.net, RIGHT), []);
  });

  it('a WRITE with a wrong key is dropped, and later ones are taken', () => {
    const o = open();
    const rdma = { remoteAddr: o.target.addr, rkey: o.target.mr.rkey };
    const wr = { opcode: 'IBV_WR_RDMA_WRITE', sgList: [sge(o.local, 0, 2000)] } as const;
    postSend(o.left.context, o.a.qp, { ...wr, rdma: { ...rdma, rkey: 1 } });
    o.net.run();
    assert.is(o.target.bytes[0], 0);
    postSend(o.left.context, o.a.qp, { ...wr, rdma });
    o.net.run();
    assert.is(o.target.bytes[1999], 3);
    assert.is(o.b.qp.state, 'RTS');
  });
});

spec('shared receive queues', (it) => {
  it('serve several queue pairs in the order of posting, and tell when few are left, once', () => {
    const net = new BackToBack();
    const [left, right] = net.hosts;
    const srq = createSrq(right.pd, { maxWr: 4, maxSge: 1 });
    const pairs = [0, 1].map(() => net.connect({}, { srq }));
    const target = right.buffer(4096);
    const local = left.buffer(64);
    const post = (wrId: number) => postSrqRecv(srq, { wrId, sgList: [sge(target, wrId * 64, 64)] });
    for (let i = 0; i < 4; i++) post(i);
    assert.throws(() => post(4), /ENOMEM/);
    modifySrq(srq, 2);
    const wr = { opcode: 'IBV_WR_SEND', sgList: [sge(local)] } as const;
    for (let i = 0; i < 3; i++) {
      postSend(left.context, pairs[i % 2]![0].qp, wr);
      net.run();
    }
    const got = pairs.map(([, b]) => right.poll(b.recvCq).map((w) => w.wrId));
    assert.equal(got, [[0, 2], [1]]);
    assert.equal(eventsOf(net, RIGHT), ['IBV_EVENT_SRQ_LIMIT_REACHED']);
    for (let i = 4; i < 7; i++) post(i);
    for (let i = 0; i < 4; i++) postSend(left.context, pairs[0]![0].qp, wr);
    net.run();
    assert.equal(
      right.poll(pairs[0]![1].recvCq).map((w) => w.wrId),
      [3, 4, 5, 6],
    );
  });
});

spec('XRC', (it) => {
  it('a request goes to the shared queue that it names', () => {
    const net = new BackToBack();
    const [left, right] = net.hosts;
    const a = net.end(LEFT, { type: 'IBV_QPT_XRC_SEND' });
    const b = net.end(RIGHT, { type: 'IBV_QPT_XRC_RECV' });
    net.ready(LEFT, a.qp, b.qp);
    net.ready(RIGHT, b.qp, a.qp);
    const srqs = [0, 1].map(() => {
      const cq = net.end(RIGHT).recvCq;
      return { cq, srq: createSrq(right.pd, { maxWr: 4, maxSge: 1, cq }) };
    });
    const target = right.buffer(4096);
    const local = left.buffer(2000);
    local.bytes.fill(6);
    srqs.forEach(({ srq }, i) => {
      postSrqRecv(srq, { wrId: 10 + i, sgList: [sge(target, i * 2048, 2048)] });
    });
    for (const i of [1, 0]) {
      const xrcSrqn = srqs[i]!.srq.srqNum;
      const wr = { opcode: 'IBV_WR_SEND', sgList: [sge(local)], sendFlags: SIGNALED } as const;
      postSend(left.context, a.qp, { ...wr, xrcSrqn });
    }
    net.run();
    assert.equal(
      left.poll(a.sendCq).map((w) => w.status),
      ['IBV_WC_SUCCESS', 'IBV_WC_SUCCESS'],
    );
    assert.equal(
      srqs.map(({ cq }) => right.poll(cq).map((w) => w.wrId)),
      [[10], [11]],
    );
    assert.is(target.bytes[2048], 6);
  });
});
