// The verbs themselves: states and their table, refusals with the errno of the call, completions and events, flushing.

import {
  allocMw,
  allocPd,
  createCompChannel,
  createCq,
  createQp,
  deallocPd,
  deregMr,
  destroyCq,
  destroyQp,
  getAsyncEvent,
  getCqEvent,
  modifyCq,
  modifyQp,
  postRecv,
  postSend,
  type QpState,
  queryQp,
  refuseTransition,
  reqNotifyCq,
  type SendWr,
  stateAllows,
  transitions,
  type WcStatus,
} from '../../../src/rdma/index.js';
import { BackToBack, sge } from '../../support/back-to-back.js';
import { eventsOf } from '../../support/rdma-packet.js';
import { assert, spec } from '../../support/spec.js';

const LEFT = 0;
const RIGHT = 1;
const SIGNALED = 2;
const SOLICITED = 4;

function connected(type: 'IBV_QPT_RC' | 'IBV_QPT_UC' = 'IBV_QPT_RC', options = {}) {
  const net = new BackToBack();
  const [a, b] = net.connect({ type, ...options });
  const [left, right] = net.hosts;
  const local = left.buffer(4096);
  const target = right.buffer(4096);
  const rdma = { remoteAddr: target.addr, rkey: target.mr.rkey };
  const post = (wr: SendWr) => postSend(left.context, a.qp, { sendFlags: SIGNALED, ...wr });
  const status = () => left.poll(a.sendCq).map((w) => w.status);
  return { net, a, b, left, right, local, target, rdma, post, status };
}

spec('queue pair states', (it) => {
  it('follow the table: what is required must be given, what is not taken must not', () => {
    for (const { from, to, required } of transitions) {
      for (const [type, list] of Object.entries(required)) {
        const given = list.split(' ');
        const rc = type as 'IBV_QPT_RC';
        assert.is(refuseTransition(rc, from, to, given), '');
        assert.match(refuseTransition(rc, from, to, given.slice(1)), `needs ${given[0]}`);
        const alien = [...given, 'altAhAttr'];
        assert.match(refuseTransition(rc, from, to, alien), 'does not take altAhAttr');
      }
    }
  });

  it('leave every state for RESET and ERR, and no others for RESET', () => {
    for (const from of Object.keys(stateAllows) as QpState[]) {
      assert.is(refuseTransition('IBV_QPT_RC', from, 'ERR', []), '');
      assert.is(refuseTransition('IBV_QPT_RC', from, 'RESET', []), '');
    }
    assert.match(refuseTransition('IBV_QPT_RC', 'RESET', 'RTS', []), 'no way');
    assert.match(refuseTransition('IBV_QPT_RC', 'INIT', 'SQD', []), 'no way');
  });

  it('refuse misuse with EINVAL, and stay as they were', () => {
    const net = new BackToBack();
    const { qp } = net.end(LEFT);
    const { context } = net.hosts[LEFT];
    const wr = { opcode: 'IBV_WR_SEND' } as const;
    assert.throws(() => postSend(context, qp, wr), /EINVAL/);
    assert.throws(() => postRecv(context, qp, {}), /EINVAL/);
    assert.throws(() => modifyQp(context, qp, { qpState: 'RTS' }), /EINVAL/);
    const wrong = { qpState: 'INIT', pkeyIndex: 4, portNum: 1, qpAccessFlags: 0 } as const;
    assert.throws(() => modifyQp(context, qp, wrong), /EINVAL/);
    assert.is(queryQp(qp).qpState, 'RESET');
    modifyQp(context, qp, { ...wrong, pkeyIndex: 0 });
    postRecv(context, qp, {});
    assert.is(qp.state, 'INIT');
  });

  it('SQD finishes what was begun, holds back the rest, and says when it is drained', () => {
    const o = connected();
    for (let i = 0; i < 2; i++) postRecv(o.right.context, o.b.qp, { sgList: [sge(o.target)] });
    o.post({ opcode: 'IBV_WR_SEND', sgList: [sge(o.local, 0, 3000)] });
    o.left.device.transmit(o.net.now, 0);
    modifyQp(o.left.context, o.a.qp, { qpState: 'SQD', enSqdAsyncNotify: true });
    assert.ok(queryQp(o.a.qp).sqDraining);
    o.post({ opcode: 'IBV_WR_SEND', sgList: [sge(o.local, 0, 8)] });
    o.net.run();
    assert.equal(o.status(), ['IBV_WC_SUCCESS']);
    assert.equal(eventsOf(o.net, LEFT), ['IBV_EVENT_SQ_DRAINED']);
    modifyQp(o.left.context, o.a.qp, { qpState: 'RTS' });
    o.net.run();
    assert.equal(o.status(), ['IBV_WC_SUCCESS']);
  });

  it('ERR flushes both queues in order, and what is posted afterwards too', () => {
    const o = connected();
    o.net.rule = () => [];
    for (let wrId = 0; wrId < 3; wrId++) {
      postRecv(o.left.context, o.a.qp, { wrId });
      o.post({ wrId, opcode: 'IBV_WR_SEND', sendFlags: wrId === 1 ? 0 : SIGNALED });
    }
    modifyQp(o.left.context, o.a.qp, { qpState: 'ERR' });
    o.post({ wrId: 3, opcode: 'IBV_WR_SEND' });
    postRecv(o.left.context, o.a.qp, { wrId: 3 });
    for (const cq of [o.a.sendCq, o.a.recvCq]) {
      const found = o.left.poll(cq).map((w) => [w.wrId, w.status]);
      assert.equal(
        found,
        [0, 1, 2, 3].map((id) => [id, 'IBV_WC_WR_FLUSH_ERR']),
      );
    }
  });

  it('RESET begins anew: a second life of the same queue pair works', () => {
    const o = connected();
    for (let life = 0; life < 2; life++) {
      postRecv(o.right.context, o.b.qp, { sgList: [sge(o.target)] });
      o.post({ opcode: 'IBV_WR_SEND', sgList: [sge(o.local, 0, 2000)] });
      o.net.run();
      assert.is(o.right.poll(o.b.recvCq).length, 1);
      modifyQp(o.left.context, o.a.qp, { qpState: 'RESET' });
      modifyQp(o.right.context, o.b.qp, { qpState: 'RESET' });
      assert.equal(o.status(), [], 'completions of the past are gone');
      o.net.ready(LEFT, o.a.qp, o.b.qp);
      o.net.ready(RIGHT, o.b.qp, o.a.qp);
    }
  });
});

spec('completion statuses', (it) => {
  const provoked = (
    wanted: WcStatus,
    type: 'IBV_QPT_RC' | 'IBV_QPT_UC',
    wr: (o: ReturnType<typeof connected>) => SendWr,
  ) =>
    it(`${wanted} can be provoked at the requester (${wr.name || type})`, () => {
      const o = connected(type);
      o.post(wr(o));
      o.net.run();
      assert.equal(o.status(), [wanted]);
    });
  const list = (o: ReturnType<typeof connected>) => ({ sgList: [sge(o.local, 0, 8)] });
  provoked('IBV_WC_LOC_QP_OP_ERR', 'IBV_QPT_UC', function readOnUc(o) {
    return { opcode: 'IBV_WR_RDMA_READ', ...list(o), rdma: o.rdma };
  });
  provoked('IBV_WC_LOC_LEN_ERR', 'IBV_QPT_RC', function atomicOfThree(o) {
    const atomic = { ...o.rdma, compareAdd: 1n };
    return { opcode: 'IBV_WR_ATOMIC_FETCH_AND_ADD', sgList: [sge(o.local, 0, 3)], atomic };
  });
  provoked('IBV_WC_LOC_PROT_ERR', 'IBV_QPT_RC', function wrongLocalKey(o) {
    return { opcode: 'IBV_WR_SEND', sgList: [{ ...sge(o.local), lkey: 5 }] };
  });
  provoked('IBV_WC_MW_BIND_ERR', 'IBV_QPT_RC', function windowWithoutRight(o) {
    const mw = allocMw(o.left.pd, 2);
    const mr = o.left.buffer(64, 0x1).mr;
    const range = { addr: mr.addr, length: 64, access: 0x4 };
    return { opcode: 'IBV_WR_BIND_MW', bindMw: { mw, rkey: mw.rkey + 1, mr, ...range } };
  });
  provoked('IBV_WC_REM_ACCESS_ERR', 'IBV_QPT_RC', function wrongRemoteKey(o) {
    return { opcode: 'IBV_WR_RDMA_WRITE', ...list(o), rdma: { ...o.rdma, rkey: 9 } };
  });
  provoked('IBV_WC_REM_INV_REQ_ERR', 'IBV_QPT_RC', function misalignedAtomic(o) {
    const atomic = { remoteAddr: o.rdma.remoteAddr + 1n, rkey: o.rdma.rkey, compareAdd: 1n };
    return { opcode: 'IBV_WR_ATOMIC_FETCH_AND_ADD', ...list(o), atomic };
  });

  it('a window that was bound by a work request serves the peer until it is invalidated', () => {
    const o = connected();
    const mw = allocMw(o.right.pd, 2);
    const { mr, addr, bytes } = o.right.buffer(64, 0x1f);
    const bindMw = { mw, rkey: mw.rkey + 1, mr, addr, length: 64, access: 0x2 };
    const flags = { sendFlags: SIGNALED };
    postSend(o.right.context, o.b.qp, { opcode: 'IBV_WR_BIND_MW', bindMw, ...flags });
    o.net.run();
    assert.is(o.right.poll(o.b.sendCq)[0]?.opcode, 'IBV_WC_BIND_MW');
    o.local.bytes[0] = 42;
    const rdma = { remoteAddr: addr, rkey: mw.rkey };
    o.post({ opcode: 'IBV_WR_RDMA_WRITE', sgList: [sge(o.local, 0, 8)], rdma });
    o.net.run();
    assert.is(bytes[0], 42);
    const invalidateRkey = mw.rkey;
    postSend(o.right.context, o.b.qp, { opcode: 'IBV_WR_LOCAL_INV', invalidateRkey, ...flags });
    o.net.run();
    o.post({ opcode: 'IBV_WR_RDMA_WRITE', sgList: [sge(o.local, 0, 8)], rdma });
    o.net.run();
    assert.equal(o.status(), ['IBV_WC_SUCCESS', 'IBV_WC_REM_ACCESS_ERR']);
  });

  it('a region that goes in the middle of a message is refused from then on', () => {
    const o = connected();
    o.local.bytes.fill(1);
    let frames = 0;
    o.net.rule = (_frame, from) => {
      if (from === LEFT && ++frames === 2) deregMr(o.target.mr);
      return [1000];
    };
    o.post({ opcode: 'IBV_WR_RDMA_WRITE', sgList: [sge(o.local)], rdma: o.rdma });
    o.net.run();
    assert.equal(o.status(), ['IBV_WC_REM_ACCESS_ERR']);
    assert.is(o.target.bytes[4095], 0);
  });
});

spec('completion queues', (it) => {
  it('raise an event when armed, once, and for solicited messages alone if so wished', () => {
    const net = new BackToBack();
    const [left, right] = net.hosts;
    const channel = createCompChannel();
    const cq = createCq(right.context, 16, channel);
    const a = net.end(LEFT);
    const qp = createQp(right.pd, { qpType: 'IBV_QPT_RC', sendCq: cq, recvCq: cq });
    net.ready(LEFT, a.qp, qp);
    net.ready(RIGHT, qp, a.qp);
    const send = (sendFlags: number) => {
      postRecv(right.context, qp, {});
      postSend(left.context, a.qp, { opcode: 'IBV_WR_SEND', sendFlags });
      net.run();
    };
    send(0);
    assert.is(getCqEvent(channel), undefined);
    reqNotifyCq(cq, true);
    send(0);
    assert.is(getCqEvent(channel), undefined);
    send(SOLICITED);
    assert.is(getCqEvent(channel), cq);
    send(SOLICITED);
    assert.is(getCqEvent(channel), undefined, 'it must be armed again');
    reqNotifyCq(cq);
    send(0);
    assert.is(getCqEvent(channel), cq);
    assert.is(right.ledger.total('interrupt').count, 2);
    modifyCq(cq, 3, 50);
    reqNotifyCq(cq);
    const begun = net.now;
    send(0);
    assert.is(getCqEvent(channel), cq, 'the time of moderation ran out');
    assert.ok(net.now - begun >= 50_000);
  });

  it('that run over are in error, and so is who reports there', () => {
    const o = connected('IBV_QPT_RC', { cqe: 2 });
    for (let i = 0; i < 3; i++) {
      o.post({ opcode: 'IBV_WR_RDMA_WRITE', sgList: [sge(o.local, 0, 8)], rdma: o.rdma });
    }
    o.net.run();
    assert.equal(eventsOf(o.net, LEFT), ['IBV_EVENT_CQ_ERR', 'IBV_EVENT_QP_FATAL']);
    assert.is(o.a.qp.state, 'ERR');
    assert.equal(o.status(), ['IBV_WC_SUCCESS', 'IBV_WC_SUCCESS']);
    assert.is(getAsyncEvent(o.left.context)?.type, 'IBV_EVENT_CQ_ERR');
  });

  it('a full send queue refuses with ENOMEM until completions are polled', () => {
    const o = connected('IBV_QPT_RC', { cap: { maxSendWr: 2 } });
    const wr = { opcode: 'IBV_WR_RDMA_WRITE', sgList: [sge(o.local, 0, 8)], rdma: o.rdma } as const;
    o.post({ ...wr, sendFlags: 0 });
    o.post(wr);
    o.net.run();
    assert.throws(() => o.post(wr), /ENOMEM/);
    assert.is(o.status().length, 1);
    o.post(wr);
    o.post(wr);
    o.net.run();
    assert.is(o.status().length, 2);
  });

  it('what is in use is not destroyed: EBUSY', () => {
    const o = connected();
    assert.throws(() => destroyCq(o.left.context, o.a.sendCq), /EBUSY/);
    assert.throws(() => deallocPd(o.left.pd), /EBUSY/);
    destroyQp(o.left.pd, o.a.qp);
    destroyCq(o.left.context, o.a.sendCq);
    deallocPd(allocPd(o.left.context));
  });
});
