// The requester's and completer's rules (docs/rdma-rules.md, 5.4 and traps): segmentation, what answers mean, retries,
// timers, fences and limits.

import { aeth } from '../../../protocols/index.js';
import { hcaProfile, postRecv, postSend, type SendWr } from '../../../src/rdma/index.js';
import { BackToBack, type EndOptions, type PairOptions, sge } from '../../support/back-to-back.js';
import { ack, craft, names, said } from '../../support/rdma-packet.js';
import { assert, spec } from '../../support/spec.js';

const LEFT = 0;
const PSN = 0x1000;
const SIGNALED = 2;
const FENCE = 1;

/** One end with a peer that is only this test. */
function alone(attr: EndOptions['attr'] = {}, options: PairOptions = {}) {
  const net = new BackToBack(options);
  net.rule = () => [];
  const [a] = net.connect({ attr });
  const [left, right] = net.hosts;
  const local = left.buffer(16384);
  const target = right.buffer(16384);
  const rdma = { remoteAddr: target.addr, rkey: target.mr.rkey };
  let wrId = 0;
  return {
    net,
    end: a,
    local,
    rdma,
    atomic: { ...rdma, compareAdd: 1n },
    post: (wr: Omit<SendWr, 'wrId'>) =>
      postSend(left.context, a.qp, { sendFlags: SIGNALED, ...wr, wrId: ++wrId }),
    /** Lets a frame of the peer arrive. */
    hear: (frame: Uint8Array) => {
      net.inject(LEFT, frame);
      net.run((net.now + 100) as typeof net.now);
    },
    drain: () => net.run(net.now),
    done: () => left.poll(a.sendCq).map((w) => [w.wrId, w.status]),
  };
}

const OK = 'IBV_WC_SUCCESS';

spec('the requester', (it) => {
  it('rule 5.4.1, trap 12: sends full packets, and a full LAST when the message is a multiple of the MTU', () => {
    const o = alone();
    o.post({ opcode: 'IBV_WR_SEND', sgList: [sge(o.local, 0, 3072)] });
    o.drain();
    const frames = said(o.net, LEFT);
    assert.equal(
      frames.map((f) => [f.name, f.size]),
      [
        ['RC_SEND_FIRST', 1082],
        ['RC_SEND_MIDDLE', 1082],
        ['RC_SEND_LAST', 1082],
      ],
    );
  });

  it('trap 13: RETH stands in FIRST and ONLY, immediate data and IETH in LAST and ONLY', () => {
    const o = alone();
    const { rdma } = o;
    o.post({
      opcode: 'IBV_WR_RDMA_WRITE_WITH_IMM',
      sgList: [sge(o.local, 0, 1025)],
      rdma,
      immData: 7,
    });
    o.post({ opcode: 'IBV_WR_SEND_WITH_INV', sgList: [sge(o.local, 0, 9)], invalidateRkey: 8 });
    o.drain();
    const keys = said(o.net, LEFT).map((f) => f.frame.layers.map((l) => l.key).join(' '));
    const before = 'eth ipv4 udp bth';
    assert.equal(keys, [
      `${before} reth payload icrc`,
      `${before} immdt payload ibpad icrc`,
      `${before} ieth payload ibpad icrc`,
    ]);
  });

  it('rule 5.4.7, trap 11: the PSN behind a READ is as many further as its answer has packets, one if it is empty', () => {
    const o = alone();
    const { rdma } = o;
    o.post({ opcode: 'IBV_WR_RDMA_READ', sgList: [sge(o.local, 0, 3000)], rdma });
    o.post({ opcode: 'IBV_WR_RDMA_READ', sgList: [], rdma });
    o.post({ opcode: 'IBV_WR_RDMA_WRITE', sgList: [], rdma });
    o.drain();
    const psns = said(o.net, LEFT).map((f) => f.psn - PSN);
    assert.equal(psns, [0, 3, 4]);
  });

  it('rule 5.4.8, trap 18: one acknowledgement of a later PSN completes all before it, in order', () => {
    const o = alone();
    for (let i = 0; i < 4; i++) o.post({ opcode: 'IBV_WR_SEND', sgList: [sge(o.local, 0, 8)] });
    o.drain();
    o.hear(ack(LEFT, PSN + 2, 0x1f, 3));
    assert.equal(o.done(), [
      [1, OK],
      [2, OK],
      [3, OK],
    ]);
  });

  it('rule 5.4.9, trap 19: syndrome 0x1f gives no credits and holds nothing back', () => {
    const o = alone({}, { profile: hcaProfile });
    o.post({ opcode: 'IBV_WR_SEND', sgList: [sge(o.local, 0, 8)] });
    o.drain();
    o.hear(ack(LEFT, PSN, 0x00, 1));
    for (let i = 0; i < 2; i++) o.post({ opcode: 'IBV_WR_SEND', sgList: [sge(o.local, 0, 8)] });
    o.drain();
    assert.is(said(o.net, LEFT).length, 2, 'without credits one request may go');
    o.hear(ack(LEFT, PSN + 1, 0x1f, 2));
    o.drain();
    assert.is(said(o.net, LEFT).length, 3);
  });

  it('rule 5.4.9: sends as many messages ahead as it was given credits for, counted from the MSN', () => {
    const o = alone({}, { profile: hcaProfile });
    const send = (count: number) => {
      for (let i = 0; i < count; i++)
        o.post({ opcode: 'IBV_WR_SEND', sgList: [sge(o.local, 0, 8)] });
      o.drain();
      return said(o.net, LEFT).length;
    };
    send(1);
    o.hear(ack(LEFT, PSN, 0x03, 1));
    assert.is(send(6), 1 + 3);
    o.hear(ack(LEFT, PSN + 2, 0x02, 3));
    o.drain();
    assert.is(said(o.net, LEFT).length, 3 + 2);
    o.post({ opcode: 'IBV_WR_RDMA_WRITE', sgList: [sge(o.local, 0, 8)], rdma: o.rdma });
    o.hear(ack(LEFT, PSN + 4, 0x05, 5));
    o.drain();
    assert.equal(names(o.net, LEFT).slice(5), [
      'RC_SEND_ONLY',
      'RC_SEND_ONLY',
      'RC_RDMA_WRITE_ONLY', // takes no receive request, and so no credit
    ]);
  });

  it('rule 5.4.1: cuts messages at every path MTU from 256 to 4096', () => {
    for (const mtu of [256, 512, 1024, 2048, 4096] as const) {
      const o = alone({ pathMtu: `IBV_MTU_${mtu}` });
      o.post({ opcode: 'IBV_WR_SEND', sgList: [sge(o.local, 0, 9001)] });
      o.drain();
      const frames = said(o.net, LEFT);
      const full = Math.floor(9001 / mtu);
      assert.is(frames.length, full + 1);
      const around = 14 + 20 + 8 + 12 + 4; // Ethernet, IPv4, UDP, BTH, ICRC
      const last = 4 * Math.ceil((9001 % mtu) / 4); // with its pad
      assert.equal(
        frames.map(({ size }) => size - around),
        [...Array(full).fill(mtu), last],
      );
    }
  });

  it('goes back to the expected PSN of a NAK 0x60, in the middle of a message too, once a gap', () => {
    const o = alone();
    o.post({ opcode: 'IBV_WR_RDMA_WRITE', sgList: [sge(o.local, 0, 4096)], rdma: o.rdma });
    o.drain();
    const before = o.net.sent.length;
    o.hear(ack(LEFT, PSN + 1, 0x60, 0));
    o.hear(ack(LEFT, PSN + 1, 0x60, 0));
    assert.equal(names(o.net, LEFT, before), [
      'RC_RDMA_WRITE_MIDDLE',
      'RC_RDMA_WRITE_MIDDLE',
      'RC_RDMA_WRITE_LAST',
    ]);
  });

  it('asks again for what of a READ was lost, and only for that', () => {
    const o = alone();
    const { rdma } = o;
    o.post({ opcode: 'IBV_WR_RDMA_READ', sgList: [sge(o.local, 0, 3000)], rdma });
    o.drain();
    const part = (name: string, psn: number, size: number, head: boolean) =>
      craft(LEFT, name, { psn }, [
        ...(head ? [aeth({ syndrome: 0x1f, msn: 1 })] : []),
        new Uint8Array(size).fill(psn - PSN + 1),
      ]);
    o.hear(part('RC_RDMA_READ_RESPONSE_FIRST', PSN, 1024, true));
    o.hear(part('RC_RDMA_READ_RESPONSE_LAST', PSN + 2, 952, true));
    const again = said(o.net, LEFT)[1]!;
    assert.is(again.psn, PSN + 1);
    const head = again.frame.layers.find((l) => l.key === 'reth')!;
    assert.is(head.get('va'), rdma.remoteAddr + 1024n);
    assert.is(head.get('dmaLen'), 1976);
    o.hear(part('RC_RDMA_READ_RESPONSE_FIRST', PSN + 1, 1024, true));
    o.hear(part('RC_RDMA_READ_RESPONSE_LAST', PSN + 2, 952, true));
    assert.equal(o.done(), [[1, OK]]);
    assert.equal([o.local.bytes[1023], o.local.bytes[1024], o.local.bytes[2999]], [1, 2, 3]);
  });

  it('rule 5.4.8: takes the acknowledgement of a later request for the loss of a READ answer (implied NAK)', () => {
    const o = alone();
    const { rdma } = o;
    o.post({ opcode: 'IBV_WR_RDMA_READ', sgList: [sge(o.local, 0, 8)], rdma });
    o.post({ opcode: 'IBV_WR_SEND', sgList: [sge(o.local, 0, 8)] });
    o.drain();
    o.hear(ack(LEFT, PSN + 1, 0x1f, 2));
    assert.equal(names(o.net, LEFT).slice(2), ['RC_RDMA_READ_REQUEST', 'RC_SEND_ONLY']);
    assert.equal(o.done(), []);
  });

  it('rule 5.4.11: waits 4.096 us x 2^t, gives up after the retry count, and flushes what is behind', () => {
    const o = alone({ timeout: 8, retryCnt: 3 });
    o.post({ opcode: 'IBV_WR_SEND', sgList: [sge(o.local, 0, 8)] });
    o.post({ opcode: 'IBV_WR_SEND', sgList: [sge(o.local, 0, 8)], sendFlags: 0 });
    o.net.run();
    const first = o.net.sent.filter((_, i) => i % 2 === 0).map((s) => s.at);
    const T = 4096 * 256;
    assert.equal(first, [0, T, 2 * T, 3 * T]);
    assert.is(o.net.now, 4 * T);
    assert.equal(o.done(), [
      [1, 'IBV_WC_RETRY_EXC_ERR'],
      [2, 'IBV_WC_WR_FLUSH_ERR'],
    ]);
    assert.is(o.end.qp.state, 'ERR');
  });

  it('trap 17: a retry count of 7 is for ever with rxe, and seven times by the standard', () => {
    const last = 12 * 4096 * 2;
    const o = alone({ timeout: 1, retryCnt: 7 });
    o.post({ opcode: 'IBV_WR_SEND', sgList: [sge(o.local, 0, 8)] });
    o.net.run(last);
    assert.is(o.net.sent.length, 13);
    const p = alone({ timeout: 1, retryCnt: 7 }, { profile: hcaProfile });
    p.post({ opcode: 'IBV_WR_SEND', sgList: [sge(p.local, 0, 8)] });
    p.net.run(last);
    assert.is(p.net.sent.length, 8);
    assert.equal(p.done(), [[1, 'IBV_WC_RETRY_EXC_ERR']]);
  });

  it('rule 5.4.10, trap 17: RNR timer code 0 is 655.36 ms and code 14 is 1.28 ms; the count runs out', () => {
    const o = alone({ rnrRetry: 2, timeout: 0 });
    o.post({ opcode: 'IBV_WR_SEND', sgList: [sge(o.local, 0, 8)] });
    o.drain();
    o.hear(ack(LEFT, PSN, 0x20, 0));
    const t0 = o.net.now;
    o.net.run();
    assert.ok(Math.abs(o.net.sent[1]!.at - t0 - 655_360_000) <= 100);
    o.hear(ack(LEFT, PSN, 0x2e, 0));
    const t1 = o.net.now;
    o.net.run();
    assert.ok(Math.abs(o.net.sent[2]!.at - t1 - 1_280_000) <= 100);
    o.hear(ack(LEFT, PSN, 0x2e, 0));
    assert.equal(o.done(), [[1, 'IBV_WC_RNR_RETRY_EXC_ERR']]);
  });

  it('trap 17: an RNR retry count of 7 is for ever', () => {
    const o = alone({ rnrRetry: 7, timeout: 0 });
    o.post({ opcode: 'IBV_WR_SEND', sgList: [sge(o.local, 0, 8)] });
    o.drain();
    for (let i = 0; i < 20; i++) {
      o.hear(ack(LEFT, PSN, 0x21, 0));
      o.net.run();
    }
    assert.is(o.net.sent.length, 21);
    o.hear(ack(LEFT, PSN, 0x1f, 1));
    assert.equal(o.done(), [[1, OK]]);
  });

  it('gives each NAK its completion status', () => {
    const statuses = [
      [0x61, 'IBV_WC_REM_INV_REQ_ERR'],
      [0x62, 'IBV_WC_REM_ACCESS_ERR'],
      [0x63, 'IBV_WC_REM_OP_ERR'],
      [0x64, 'IBV_WC_REM_INV_RD_REQ_ERR'],
    ] as const;
    for (const [syndrome, status] of statuses) {
      const o = alone();
      o.post({ opcode: 'IBV_WR_SEND', sgList: [sge(o.local, 0, 8)] });
      o.post({ opcode: 'IBV_WR_RDMA_WRITE', sgList: [sge(o.local, 0, 8)], rdma: o.rdma });
      o.drain();
      o.hear(ack(LEFT, PSN + 1, syndrome, 1));
      assert.equal(o.done(), [
        [1, OK],
        [2, status],
      ]);
    }
  });

  it('reports a READ answer of a wrong length as IBV_WC_BAD_RESP_ERR', () => {
    const o = alone();
    o.post({ opcode: 'IBV_WR_RDMA_READ', sgList: [sge(o.local, 0, 8)], rdma: o.rdma });
    o.drain();
    const head = aeth({ syndrome: 0x1f, msn: 1 });
    o.hear(craft(LEFT, 'RC_RDMA_READ_RESPONSE_ONLY', { psn: PSN }, [head, new Uint8Array(12)]));
    assert.equal(o.done(), [[1, 'IBV_WC_BAD_RESP_ERR']]);
  });

  it('reports a local fault in its place: after those before it, before those behind', () => {
    const o = alone();
    o.post({ opcode: 'IBV_WR_SEND', sgList: [sge(o.local, 0, 8)] });
    o.post({ opcode: 'IBV_WR_SEND', sgList: [{ addr: o.local.addr, length: 8, lkey: 1 }] });
    o.post({ opcode: 'IBV_WR_SEND', sgList: [sge(o.local, 0, 8)] });
    o.drain();
    assert.equal(o.done(), []);
    o.hear(ack(LEFT, PSN, 0x1f, 1));
    assert.equal(o.done(), [
      [1, OK],
      [2, 'IBV_WC_LOC_PROT_ERR'],
      [3, 'IBV_WC_WR_FLUSH_ERR'],
    ]);
    assert.is(said(o.net, LEFT).length, 1);
  });

  it('holds READs and atomics to the limit, and fenced requests until they are answered', () => {
    const o = alone({ maxRdAtomic: 2 });
    const { rdma, atomic } = o;
    const list = [sge(o.local, 0, 8)];
    o.post({ opcode: 'IBV_WR_RDMA_READ', sgList: list, rdma });
    o.post({ opcode: 'IBV_WR_ATOMIC_FETCH_AND_ADD', sgList: list, atomic });
    o.post({ opcode: 'IBV_WR_RDMA_READ', sgList: list, rdma });
    o.drain();
    assert.is(said(o.net, LEFT).length, 2);
    const answer = craft(LEFT, 'RC_RDMA_READ_RESPONSE_ONLY', { psn: PSN }, [
      aeth({ syndrome: 0x1f, msn: 1 }),
      new Uint8Array(8),
    ]);
    o.hear(answer);
    assert.is(said(o.net, LEFT).length, 3);
    const p = alone();
    p.post({ opcode: 'IBV_WR_RDMA_READ', sgList: [sge(p.local, 0, 8)], rdma: p.rdma });
    p.post({ opcode: 'IBV_WR_SEND', sgList: [sge(p.local, 0, 8)], sendFlags: SIGNALED + FENCE });
    p.drain();
    assert.is(said(p.net, LEFT).length, 1);
    p.hear(answer);
    assert.equal(names(p.net, LEFT), ['RC_RDMA_READ_REQUEST', 'RC_SEND_ONLY']);
  });

  it('drops answers to nothing: of the past, of the future, of a reserved syndrome', () => {
    const o = alone();
    o.post({ opcode: 'IBV_WR_SEND', sgList: [sge(o.local, 0, 8)] });
    o.drain();
    const { counters } = o.net.hosts[LEFT].device;
    o.hear(ack(LEFT, PSN - 1, 0x1f));
    o.hear(ack(LEFT, PSN + 1, 0x1f));
    o.hear(ack(LEFT, PSN, 0x40));
    assert.is(counters.get('drop_stale_response'), 1);
    assert.is(counters.get('drop_ghost_response'), 1);
    assert.is(counters.get('drop_bad_header'), 1);
    assert.equal(o.done(), []);
  });

  it('sends inline data as they were when they were posted, and counts the copy', () => {
    const o = alone();
    const inlineData = Uint8Array.of(1, 2, 3, 4);
    o.post({ opcode: 'IBV_WR_SEND', inlineData });
    inlineData.fill(9);
    o.drain();
    const { payload } = Object.fromEntries(
      said(o.net, LEFT)[0]!.frame.layers.map((l) => [l.key, l]),
    );
    assert.equal(payload!.bytes.slice(payload!.at, payload!.end), Uint8Array.of(1, 2, 3, 4));
    assert.equal(o.net.hosts[LEFT].ledger.total('copy'), { count: 1, bytes: 4, timeNs: 0 });
  });

  it('rings once for a list of requests, and no core touches the payload', () => {
    const net = new BackToBack();
    const [a, b] = net.connect();
    const [left, right] = net.hosts;
    const from = left.buffer(4096);
    const to = right.buffer(4096);
    postRecv(right.context, b.qp, [{ sgList: [sge(to)] }, { sgList: [sge(to)] }]);
    const wr = { opcode: 'IBV_WR_SEND', sgList: [sge(from)] } as const;
    postSend(left.context, a.qp, [wr, wr]);
    net.run();
    assert.is(left.ledger.total('doorbell').count, 1);
    assert.is(left.ledger.total('copy').count + right.ledger.total('copy').count, 0);
    assert.is(right.poll(b.recvCq).length, 2);
  });
});
