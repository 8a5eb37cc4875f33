// What the verbs do for objects beside queue pairs: completion queues that are resized and moderated, windows of queue
// pairs that go, draining, shared queues' limits, multicast.

import {
  allocMw,
  attachMcast,
  createCompChannel,
  createCq,
  createQp,
  createSrq,
  deregMr,
  destroyQp,
  detachMcast,
  getCqEvent,
  modifyCq,
  modifyQp,
  modifySrq,
  postRecv,
  postSend,
  postSrqRecv,
  queryDevice,
  queryPkey,
  queryPort,
  queryQp,
  reqNotifyCq,
  resizeCq,
  rxeProfile,
} from '../../../src/rdma/index.js';
import { BackToBack, sge } from '../../support/back-to-back.js';
import { eventsOf } from '../../support/rdma-packet.js';
import { assert, spec } from '../../support/spec.js';

const LEFT = 0;
const RIGHT = 1;
const SIGNALED = 2;
const SOLICITED = 4;
const GROUP = 'ff0e::1234';

/** A pair whose right end reports to one queue with a channel. */
function told(cqe = 64) {
  const net = new BackToBack();
  const [left, right] = net.hosts;
  const channel = createCompChannel();
  const cq = createCq(right.context, cqe, channel);
  const a = net.end(LEFT);
  const qp = createQp(right.pd, { qpType: 'IBV_QPT_RC', sendCq: cq, recvCq: cq });
  net.ready(LEFT, a.qp, qp);
  net.ready(RIGHT, qp, a.qp);
  const send = (count: number, sendFlags = 0, within = Number.POSITIVE_INFINITY) => {
    for (let i = 0; i < count; i++) {
      postRecv(right.context, qp, { wrId: i });
      postSend(left.context, a.qp, { opcode: 'IBV_WR_SEND', sendFlags });
    }
    net.run(net.now + within);
  };
  const ids = (most?: number) => right.poll(cq, most).map((w) => w.wrId);
  return { net, left, right, channel, cq, a, qp, send, ids };
}

spec('completion queues', (it) => {
  it('are resized with what waits in them, in order, and go on in the new ring', () => {
    const o = told(4);
    o.send(2);
    assert.equal(o.ids(1), [0]);
    o.send(3); // wraps around the ring of four
    resizeCq(o.right.context, o.cq, 6);
    assert.throws(() => resizeCq(o.right.context, o.cq, 3), /EINVAL/);
    assert.throws(() => resizeCq(o.right.context, o.cq, 0), /EINVAL/);
    o.send(2);
    assert.equal(o.ids(), [1, 0, 1, 2, 0, 1]);
    assert.not(o.cq.overrun);
    for (let i = 0; i < 5; i++) {
      o.send(3);
      assert.equal(o.ids(), [0, 1, 2]);
    }
    resizeCq(o.right.context, o.cq, 1);
    o.send(1);
    assert.equal(o.ids(), [0]);
  });

  it('moderate: an event after so many completions, or so long after the first', () => {
    const o = told();
    modifyCq(o.cq, 3, 50);
    reqNotifyCq(o.cq);
    o.send(3, 0, 40_000);
    assert.is(getCqEvent(o.channel), o.cq, 'the count was reached');
    o.net.run();
    reqNotifyCq(o.cq);
    o.send(2, 0, 40_000);
    assert.is(getCqEvent(o.channel), undefined);
    o.net.run(o.net.now + 60_000);
    assert.is(getCqEvent(o.channel), o.cq, 'the time ran out');
  });

  it('armed for solicited completions alone wake for those and for failures', () => {
    const o = told();
    reqNotifyCq(o.cq, true);
    o.send(1);
    assert.is(getCqEvent(o.channel), undefined);
    o.send(1, SOLICITED);
    assert.is(getCqEvent(o.channel), o.cq);
    reqNotifyCq(o.cq, true);
    postRecv(o.right.context, o.qp, {});
    modifyQp(o.right.context, o.qp, { qpState: 'ERR' });
    assert.is(getCqEvent(o.channel), o.cq);
  });
});

spec('windows', (it) => {
  it('of type 2 are free again when the queue pair that bound them is destroyed', () => {
    const net = new BackToBack();
    const [a, b] = net.connect();
    const [left, right] = net.hosts;
    const { mr, addr } = right.buffer(64, 0x1f);
    const mw = allocMw(right.pd, 2);
    const bindMw = { mw, rkey: mw.rkey + 1, mr, addr, length: 64, access: 0x2 };
    postSend(right.context, b.qp, { opcode: 'IBV_WR_BIND_MW', bindMw });
    net.run();
    assert.throws(() => deregMr(mr), /EBUSY/);
    destroyQp(right.pd, b.qp);
    deregMr(mr);
    assert.is(mw.window.region, null);
    destroyQp(left.pd, a.qp);
  });
});

spec('a send queue that is drained', (it) => {
  it('changes nothing before it is empty; the ways out are open', () => {
    const net = new BackToBack();
    const [a] = net.connect();
    const { context } = net.hosts[LEFT];
    const target = net.hosts[RIGHT].buffer(64);
    const rdma = { remoteAddr: target.addr, rkey: target.mr.rkey };
    const sgList = [sge(net.hosts[LEFT].buffer(8))];
    postSend(context, a.qp, { opcode: 'IBV_WR_RDMA_WRITE', sgList, rdma });
    net.hosts[LEFT].device.transmit(net.now, 0);
    modifyQp(context, a.qp, { qpState: 'SQD', enSqdAsyncNotify: true });
    assert.ok(queryQp(a.qp).sqDraining);
    assert.throws(() => modifyQp(context, a.qp, { qpState: 'SQD', retryCnt: 1 }), /not drained/);
    assert.throws(() => modifyQp(context, a.qp, { qpState: 'RTS' }), /not drained/);
    modifyQp(context, a.qp, { qpState: 'ERR' });
    assert.is(a.qp.state, 'ERR');
  });

  it('takes new attributes and goes on with them', () => {
    const net = new BackToBack();
    const [a, b] = net.connect();
    const { context } = net.hosts[LEFT];
    modifyQp(context, a.qp, { qpState: 'SQD', enSqdAsyncNotify: true });
    assert.equal(eventsOf(net, LEFT), ['IBV_EVENT_SQ_DRAINED']);
    modifyQp(context, a.qp, { qpState: 'SQD', retryCnt: 1, timeout: 9, minRnrTimer: 3 });
    modifyQp(context, a.qp, { qpState: 'RTS', curQpState: 'SQD' });
    assert.is(queryQp(a.qp).timeout, 9);
    assert.throws(() => modifyQp(context, a.qp, { qpState: 'RTS', curQpState: 'SQD' }), /EINVAL/);
    postRecv(net.hosts[RIGHT].context, b.qp, {});
    postSend(context, a.qp, { opcode: 'IBV_WR_SEND', sendFlags: SIGNALED });
    net.run();
    assert.is(net.hosts[LEFT].poll(a.sendCq)[0]?.status, 'IBV_WC_SUCCESS');
  });
});

spec('shared receive queues', (it) => {
  it('tell that fewer than the limit wait once, and again when it is set again', () => {
    const net = new BackToBack();
    const [left, right] = net.hosts;
    const srq = createSrq(right.pd, { maxWr: 8, maxSge: 1, srqLimit: 2 });
    const [a] = net.connect({}, { srq });
    for (let i = 0; i < 4; i++) postSrqRecv(srq, {});
    const send = () => {
      postSend(left.context, a.qp, { opcode: 'IBV_WR_SEND' });
      net.run();
    };
    send();
    send();
    assert.equal(eventsOf(net, RIGHT), []);
    send();
    send();
    assert.equal(eventsOf(net, RIGHT), ['IBV_EVENT_SRQ_LIMIT_REACHED']);
    modifySrq(srq, 1);
    assert.is(eventsOf(net, RIGHT).length, 2);
    assert.throws(() => modifySrq(srq, 9), /EINVAL/);
  });
});

spec('multicast groups', (it) => {
  it('are joined by datagram queue pairs, by multicast GIDs, within the limits of the device', () => {
    const profile = {
      ...rxeProfile,
      maxMcastGrp: 2,
      maxMcastQpAttach: 2,
      maxTotalMcastQpAttach: 3,
    };
    const net = new BackToBack({ profile });
    const { context } = net.hosts[LEFT];
    const ends = [0, 1, 2].map(() => net.end(LEFT, { type: 'IBV_QPT_UD' }).qp);
    const [x, y, z] = ends as [(typeof ends)[0], (typeof ends)[0], (typeof ends)[0]];
    assert.throws(() => attachMcast(context, net.end(LEFT).qp, GROUP), /EINVAL/);
    assert.throws(() => attachMcast(context, x, 'fd00::1'), /EINVAL/);
    attachMcast(context, x, GROUP);
    attachMcast(context, x, GROUP);
    attachMcast(context, y, GROUP);
    attachMcast(context, y, GROUP);
    assert.throws(() => attachMcast(context, z, GROUP), /ENOMEM/);
    attachMcast(context, z, '239.1.2.3');
    assert.throws(() => attachMcast(context, x, '239.1.2.3'), /ENOMEM: 3 memberships/);
    detachMcast(context, y, GROUP);
    assert.throws(() => attachMcast(context, y, 'ff0e::9'), /ENOMEM: 2 groups/);
    assert.throws(() => detachMcast(context, y, GROUP), /EINVAL/);
    assert.throws(() => destroyQp(net.hosts[LEFT].pd, x), /EBUSY/);
    detachMcast(context, x, GROUP);
    destroyQp(net.hosts[LEFT].pd, x);
    assert.is(net.hosts[LEFT].device.groups.size, 1, 'a group without members is gone');
  });
});

spec('device and port', (it) => {
  it('say what they are', () => {
    const net = new BackToBack();
    const { context } = net.hosts[LEFT];
    assert.is(queryDevice(context).maxQpRdAtom, 128);
    assert.is(queryPkey(context, 0), 0xffff);
    assert.throws(() => queryPkey(context, 1), /EINVAL/);
    const port = queryPort(context);
    assert.is(port.activeMtu, 'IBV_MTU_4096');
    assert.is(port.linkLayer, 'IBV_LINK_LAYER_ETHERNET');
    assert.is(port.gidTblLen, 1);
  });
});
