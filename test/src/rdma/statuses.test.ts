// Every completion status and every asynchronous event that libibverbs names: provoked by name, or named as one that
// cannot come.

import { build } from '../../../protocols/index.js';
import { mad } from '../../../protocols/infiniband/mad/index.js';
import {
  type AsyncEventType,
  allocMw,
  asyncEvents,
  completionStatuses,
  createQp,
  createSrq,
  failDevice,
  hcaProfile,
  MadRequests,
  ManagementPort,
  modifyQp,
  modifySrq,
  portChanged,
  postRecv,
  postSend,
  postSrqRecv,
  queryPort,
  type SendWr,
  setPort,
  unusedEvents,
  type WcStatus,
  wcStatuses,
} from '../../../src/rdma/index.js';
import { NEVER } from '../../../src/time/index.js';
import {
  BackToBack,
  createEnd,
  type EndOptions,
  type PairOptions,
  sge,
} from '../../support/back-to-back.js';
import { ack, craft, eventsOf } from '../../support/rdma-packet.js';
import { assert, spec } from '../../support/spec.js';

const LEFT = 0;
const RIGHT = 1;
const SIGNALED = 2;
const FIRST_PSN = 0x1000;
const STATUS_BYTE = 2;

function connected(options: EndOptions = {}, pair: PairOptions = {}) {
  const net = new BackToBack(pair);
  const [a, b] = net.connect(options);
  const [left, right] = net.hosts;
  const local = left.buffer(8192);
  const target = right.buffer(8192);
  const rdma = { remoteAddr: target.addr, rkey: target.mr.rkey };
  const list = { sgList: [sge(local, 0, 8)] };
  const post = (wr: SendWr) => postSend(left.context, a.qp, { sendFlags: SIGNALED, ...wr });
  const statuses = () => left.poll(a.sendCq).map((w) => w.status);
  const received = () => right.poll(b.recvCq).map((w) => w.status);
  return { net, a, b, left, right, local, target, rdma, list, post, statuses, received };
}

/** What one work request comes to at its requester. */
function ends(wr: (o: ReturnType<typeof connected>) => SendWr, options: EndOptions = {}) {
  const o = connected(options);
  o.post(wr(o));
  o.net.run();
  return o.statuses();
}

/** What a WRITE comes to when the peer answers with that syndrome. */
function answeredBy(syndrome: number) {
  const o = connected();
  o.net.rule = () => [];
  o.post({ opcode: 'IBV_WR_RDMA_WRITE', ...o.list, rdma: o.rdma });
  o.net.run(o.net.now + 1000);
  o.net.inject(LEFT, ack(LEFT, FIRST_PSN, syndrome));
  o.net.run(o.net.now + 1000);
  return o.statuses();
}

type Reachable = Exclude<
  WcStatus,
  | 'IBV_WC_LOC_EEC_OP_ERR'
  | 'IBV_WC_LOC_RDD_VIOL_ERR'
  | 'IBV_WC_INV_EECN_ERR'
  | 'IBV_WC_INV_EEC_STATE_ERR'
>;

const provoked: Readonly<Record<Reachable, () => WcStatus[]>> = {
  IBV_WC_SUCCESS: () => ends((o) => ({ opcode: 'IBV_WR_RDMA_WRITE', ...o.list, rdma: o.rdma })),
  IBV_WC_LOC_LEN_ERR: () => {
    const o = connected();
    postRecv(o.right.context, o.b.qp, { sgList: [sge(o.target, 0, 4)] });
    o.post({ opcode: 'IBV_WR_SEND', ...o.list });
    o.net.run();
    return o.received();
  },
  IBV_WC_LOC_QP_OP_ERR: () =>
    ends((o) => ({ opcode: 'IBV_WR_RDMA_READ', ...o.list, rdma: o.rdma }), { type: 'IBV_QPT_UC' }),
  IBV_WC_LOC_PROT_ERR: () =>
    ends((o) => ({ opcode: 'IBV_WR_SEND', sgList: [{ ...sge(o.local), lkey: 5 }] })),
  IBV_WC_WR_FLUSH_ERR: () => {
    const o = connected();
    modifyQp(o.left.context, o.a.qp, { qpState: 'ERR' });
    o.post({ opcode: 'IBV_WR_SEND' });
    return o.statuses();
  },
  IBV_WC_MW_BIND_ERR: () =>
    ends((o) => {
      const mw = allocMw(o.left.pd, 2);
      const mr = o.left.buffer(64, 0x1).mr;
      const range = { addr: mr.addr, length: 64, access: 0x4 };
      return { opcode: 'IBV_WR_BIND_MW', bindMw: { mw, rkey: mw.rkey + 1, mr, ...range } };
    }),
  IBV_WC_BAD_RESP_ERR: () => {
    const o = connected();
    o.net.rule = () => [];
    o.post({ opcode: 'IBV_WR_RDMA_READ', ...o.list, rdma: o.rdma });
    o.net.run(o.net.now + 1000);
    const long = [new Uint8Array(4), new Uint8Array(12)];
    o.net.inject(LEFT, craft(LEFT, 'RC_RDMA_READ_RESPONSE_ONLY', { psn: FIRST_PSN }, long));
    o.net.run(o.net.now + 1000);
    return o.statuses();
  },
  IBV_WC_LOC_ACCESS_ERR: () => {
    const o = connected();
    postRecv(o.right.context, o.b.qp, {});
    const rdma = { ...o.rdma, rkey: 9 };
    o.post({ opcode: 'IBV_WR_RDMA_WRITE_WITH_IMM', ...o.list, rdma, immData: 7 });
    o.net.run();
    assert.equal(o.statuses(), ['IBV_WC_REM_ACCESS_ERR']);
    return o.received();
  },
  IBV_WC_REM_INV_REQ_ERR: () =>
    ends((o) => {
      const atomic = { ...o.rdma, remoteAddr: o.rdma.remoteAddr + 1n, compareAdd: 1n };
      return { opcode: 'IBV_WR_ATOMIC_FETCH_AND_ADD', ...o.list, atomic };
    }),
  IBV_WC_REM_ACCESS_ERR: () =>
    ends((o) => ({ opcode: 'IBV_WR_RDMA_WRITE', ...o.list, rdma: { ...o.rdma, rkey: 9 } })),
  IBV_WC_REM_OP_ERR: () => {
    const o = connected();
    postRecv(o.right.context, o.b.qp, { sgList: [{ ...sge(o.target), lkey: 5 }] });
    o.post({ opcode: 'IBV_WR_SEND', ...o.list });
    o.net.run();
    return o.statuses();
  },
  IBV_WC_RETRY_EXC_ERR: () => {
    const o = connected({ attr: { retryCnt: 2 } });
    o.net.rule = () => [];
    o.post({ opcode: 'IBV_WR_RDMA_WRITE', ...o.list, rdma: o.rdma });
    o.net.run();
    return o.statuses();
  },
  IBV_WC_RNR_RETRY_EXC_ERR: () =>
    ends((o) => ({ opcode: 'IBV_WR_SEND', ...o.list }), { attr: { rnrRetry: 1 } }),
  IBV_WC_REM_INV_RD_REQ_ERR: () => answeredBy(0x64),
  IBV_WC_REM_ABORT_ERR: () => {
    const net = new BackToBack();
    const [left, right] = net.hosts;
    const srq = createSrq(right.pd, { maxWr: 4, maxSge: 1 });
    const [a, b] = net.connect({ type: 'IBV_QPT_UC' }, { type: 'IBV_QPT_UC', srq });
    postSrqRecv(srq, { sgList: [sge(right.buffer(4096))] });
    net.rule = (_frame, _from, count) => (count === 2 ? [] : [1000]);
    postSend(left.context, a.qp, { opcode: 'IBV_WR_SEND', sgList: [sge(left.buffer(3000))] });
    net.run();
    return right.poll(b.recvCq).map((w) => w.status);
  },
  IBV_WC_FATAL_ERR: () => {
    const o = connected();
    o.net.rule = () => [];
    for (let i = 0; i < 3; i++) o.post({ opcode: 'IBV_WR_RDMA_WRITE', ...o.list, rdma: o.rdma });
    failDevice(o.left.context);
    assert.throws(() => createEnd(o.left), /EIO/);
    const [first, ...others] = o.statuses();
    assert.equal(others, ['IBV_WC_WR_FLUSH_ERR', 'IBV_WC_WR_FLUSH_ERR']);
    o.post({ opcode: 'IBV_WR_SEND', ...o.list });
    o.net.run();
    assert.equal(o.statuses(), ['IBV_WC_WR_FLUSH_ERR']);
    assert.equal(eventsOf(o.net, LEFT), ['IBV_EVENT_DEVICE_FATAL']);
    return [first!];
  },
  IBV_WC_RESP_TIMEOUT_ERR: () => {
    const net = new BackToBack();
    const port = new ManagementPort(net.hosts[LEFT].context);
    const other = new ManagementPort(net.hosts[RIGHT].context);
    const requests = new MadRequests(port);
    const request = build([mad({ transactionId: 9n })]).bytes;
    requests.ask(net.now, net.path(LEFT), request, { timeoutNs: 5000, retries: 2 });
    let asked = 0;
    for (let at = requests.wakeAt(); at !== NEVER; at = requests.wakeAt()) {
      net.run(at);
      requests.expire(at);
    }
    net.run();
    while (other.receive()) asked++;
    assert.is(asked, 3, 'asked once and twice again');
    return requests.ends.map((e) => e.status);
  },
  IBV_WC_GENERAL_ERR: () => {
    const o = connected();
    o.post({ opcode: 'IBV_WR_RDMA_WRITE', ...o.list, rdma: o.rdma });
    o.net.run();
    o.a.sendCq.ring.bytes[STATUS_BYTE] = 0xee; // the memory of the queue is broken
    return o.statuses();
  },
};

spec('completion statuses', (it) => {
  for (const status of wcStatuses) {
    const { at, when } = completionStatuses[status];
    const provoke = provoked[status as Reachable] as (() => WcStatus[]) | undefined;
    if (provoke === undefined) {
      it(`${status} cannot come: ${when}`, () => assert.is(at, 'nobody'));
      continue;
    }
    it(`${status}: ${when}`, () => {
      assert.is.not(at, 'nobody');
      assert.equal(provoke(), [status]);
    });
  }

  it('a management datagram that is answered ends well', () => {
    const net = new BackToBack();
    const [port, other] = net.hosts.map((h) => new ManagementPort(h.context));
    const requests = new MadRequests(port!);
    const request = build([mad({ transactionId: 9n })]).bytes;
    requests.ask(net.now, net.path(LEFT), request, { timeoutNs: 50_000, retries: 2 });
    assert.throws(
      () => requests.ask(net.now, net.path(LEFT), request, { timeoutNs: 1, retries: 0 }),
      /EBUSY/,
    );
    net.run();
    const asked = other!.receive()!;
    other!.send(asked.from, asked.bytes.slice());
    net.run();
    assert.ok(requests.take(port!.receive()!));
    assert.equal(requests.ends, [{ id: 0, status: 'IBV_WC_SUCCESS' }]);
    assert.is(requests.wakeAt(), NEVER);
  });
});

const happened: Readonly<Record<AsyncEventType, () => string[]>> = {
  IBV_EVENT_CQ_ERR: () => {
    const o = connected({ cqe: 1 });
    for (let i = 0; i < 2; i++) o.post({ opcode: 'IBV_WR_RDMA_WRITE', ...o.list, rdma: o.rdma });
    o.net.run();
    return eventsOf(o.net, LEFT);
  },
  IBV_EVENT_QP_FATAL: () => {
    const o = connected();
    postRecv(o.right.context, o.b.qp, { sgList: [{ ...sge(o.target), lkey: 5 }] });
    o.post({ opcode: 'IBV_WR_SEND', ...o.list });
    o.net.run();
    return eventsOf(o.net, RIGHT);
  },
  IBV_EVENT_QP_REQ_ERR: () => {
    const o = connected();
    const atomic = { ...o.rdma, remoteAddr: o.rdma.remoteAddr + 1n, compareAdd: 1n };
    o.post({ opcode: 'IBV_WR_ATOMIC_FETCH_AND_ADD', ...o.list, atomic });
    o.net.run();
    return eventsOf(o.net, RIGHT);
  },
  IBV_EVENT_QP_ACCESS_ERR: () => {
    const o = connected();
    o.post({ opcode: 'IBV_WR_RDMA_WRITE', ...o.list, rdma: { ...o.rdma, rkey: 9 } });
    o.net.run();
    return eventsOf(o.net, RIGHT);
  },
  IBV_EVENT_COMM_EST: () => {
    const net = new BackToBack({ profile: hcaProfile });
    const [a, b] = [net.end(LEFT), net.end(RIGHT)];
    net.ready(LEFT, a.qp, b.qp);
    const { context } = net.hosts[RIGHT];
    const initial = { pkeyIndex: 0, portNum: 1, qpAccessFlags: 0xf } as const;
    modifyQp(context, b.qp, { qpState: 'INIT', ...initial });
    modifyQp(context, b.qp, {
      qpState: 'RTR',
      ahAttr: net.path(RIGHT),
      pathMtu: 'IBV_MTU_1024',
      destQpNum: a.qp.qpn,
      rqPsn: FIRST_PSN,
      maxDestRdAtomic: 1,
      minRnrTimer: 1,
    });
    for (let i = 0; i < 2; i++) {
      postRecv(context, b.qp, {});
      postSend(net.hosts[LEFT].context, a.qp, { opcode: 'IBV_WR_SEND' });
    }
    net.run();
    return eventsOf(net, RIGHT);
  },
  IBV_EVENT_SQ_DRAINED: () => {
    const o = connected();
    modifyQp(o.left.context, o.a.qp, { qpState: 'SQD', enSqdAsyncNotify: true });
    return eventsOf(o.net, LEFT);
  },
  IBV_EVENT_DEVICE_FATAL: () => {
    const o = connected();
    failDevice(o.left.context);
    return eventsOf(o.net, LEFT);
  },
  IBV_EVENT_PORT_ACTIVE: () => {
    const o = connected();
    setPort(o.left.context, false);
    assert.is(queryPort(o.left.context).state, 'IBV_PORT_DOWN');
    setPort(o.left.context, true);
    assert.is(queryPort(o.left.context).state, 'IBV_PORT_ACTIVE');
    return eventsOf(o.net, LEFT).slice(1);
  },
  IBV_EVENT_PORT_ERR: () => {
    const o = connected();
    setPort(o.left.context, false);
    setPort(o.left.context, false);
    return eventsOf(o.net, LEFT);
  },
  IBV_EVENT_CLIENT_REREGISTER: () => {
    const net = new BackToBack({ wire: 'IB' });
    const { device } = net.hosts[LEFT];
    const view = { active: true, lid: 1, gidPrefix: 0xfe80n << 48n, guid: 1n, mtu: 5 };
    const told = { ...view, managerLid: 7, managerSl: 0, reregistrations: 1 };
    portChanged(device, told);
    portChanged(device, told);
    return eventsOf(net, LEFT);
  },
  IBV_EVENT_SRQ_LIMIT_REACHED: () => {
    const net = new BackToBack();
    const srq = createSrq(net.hosts[LEFT].pd, { maxWr: 4, maxSge: 1 });
    for (let i = 0; i < 2; i++) postSrqRecv(srq, {});
    modifySrq(srq, 2);
    assert.equal(eventsOf(net, LEFT), []);
    modifySrq(srq, 3);
    return eventsOf(net, LEFT);
  },
  IBV_EVENT_QP_LAST_WQE_REACHED: () => {
    const net = new BackToBack();
    const { pd, context } = net.hosts[LEFT];
    const srq = createSrq(pd, { maxWr: 4, maxSge: 1 });
    const { sendCq, recvCq } = createEnd(net.hosts[LEFT]);
    const qp = createQp(pd, { qpType: 'IBV_QPT_RC', sendCq, recvCq, srq });
    modifyQp(context, qp, { qpState: 'ERR' });
    return eventsOf(net, LEFT);
  },
};

spec('asynchronous events', (it) => {
  for (const [name, cause] of Object.entries(happened)) {
    it(`${name}: ${asyncEvents[name as AsyncEventType]}`, () => {
      const events = cause();
      assert.is(events[0], name);
      const followed = name === 'IBV_EVENT_CQ_ERR' ? ['IBV_EVENT_QP_FATAL'] : [];
      assert.equal(events.slice(1), followed);
    });
  }

  it('no device reports the others, and the table says why', () => {
    for (const [name, why] of Object.entries(unusedEvents)) assert.ok(why.length > 10, name);
    const all = Object.keys(asyncEvents).length + Object.keys(unusedEvents).length;
    assert.is(all, 20, 'enum ibv_event_type has so many');
  });
});
