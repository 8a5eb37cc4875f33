// Programs of the tests: a server that listens and echoes what it gets, and a client that connects, sends and ends.

import type { Program, Thread, Wait } from '../../../src/cpu/index.js';
import { type Computer, makeReady } from '../../../src/host/index.js';
import type { CmEvent, CmEventType } from '../../../src/rdma/cm/index.js';
import {
  allocPd,
  type CompletionQueue,
  createCq,
  createQp,
  destroyQp,
  pollCq,
  postRecv,
  postSend,
  regMr,
  type Wc,
} from '../../../src/rdma/index.js';

const LOCAL_WRITE = 1;
const SIGNALED = 2;
const SIZE = 64;

/** The next event, which must be of this type. */
export function* expectEvent(
  host: Computer,
  thread: Thread,
  type: CmEventType,
): Generator<Wait, CmEvent, void> {
  for (;;) {
    const event = host.rdmaCm.event(thread.now);
    if (event?.type === type) return event;
    if (event) throw new Error(`${host.name}: ${event.type} (${event.status}), not ${type}`);
    yield thread.block(host.rdmaCm.signal);
  }
}

export function* complete(
  host: Computer,
  thread: Thread,
  cq: CompletionQueue,
): Generator<Wait, Wc, void> {
  const wc: Wc[] = [];
  const context = host.open(thread);
  while (pollCq(context, cq, 1, wc) === 0) yield thread.spin(cq.signal);
  return wc[0]!;
}

function endOf(host: Computer, thread: Thread) {
  const context = host.open(thread);
  const pd = allocPd(context);
  const sendCq = createCq(context, 16);
  const recvCq = createCq(context, 16);
  const qp = createQp(pd, { qpType: 'IBV_QPT_RC', sendCq, recvCq });
  const addr = host.space.allocate(SIZE);
  const { lkey } = regMr(pd, addr, SIZE, LOCAL_WRITE);
  const sgList = [{ addr, length: SIZE, lkey }];
  return { context, pd, sendCq, recvCq, qp, sgList, bytes: host.space.bytes(addr, SIZE) };
}

export const echoServer = (host: Computer, port: number, log: string[]): Program =>
  function* (thread) {
    const listener = host.rdmaCm.createId();
    host.rdmaCm.bindAddr(listener, undefined, port);
    host.rdmaCm.listen(listener);
    const request = yield* expectEvent(host, thread, 'RDMA_CM_EVENT_CONNECT_REQUEST');
    const end = endOf(host, thread);
    if (!(yield* makeReady(host, thread, end.qp, request.settings!, LOCAL_WRITE)))
      throw new Error('no way back');
    postRecv(end.context, end.qp, { sgList: end.sgList });
    host.rdmaCm.accept(thread.now, request.id, { qpn: end.qp.qpn });
    yield* expectEvent(host, thread, 'RDMA_CM_EVENT_ESTABLISHED');
    for (;;) {
      const wc = yield* complete(host, thread, end.recvCq);
      if (wc.status !== 'IBV_WC_SUCCESS') throw new Error(wc.status);
      const last = end.bytes[0] === 0;
      postRecv(end.context, end.qp, { sgList: end.sgList });
      postSend(end.context, end.qp, {
        opcode: 'IBV_WR_SEND',
        sgList: end.sgList,
        sendFlags: SIGNALED,
      });
      yield* complete(host, thread, end.sendCq);
      if (last) break;
    }
    yield* expectEvent(host, thread, 'RDMA_CM_EVENT_DISCONNECTED');
    host.rdmaCm.disconnect(thread.now, request.id);
    destroyQp(end.pd, end.qp);
    log.push(`${thread.now} ${host.name} is done`);
  };

export const echoClient = (
  host: Computer,
  target: Uint8Array,
  port: number,
  count: number,
  log: string[],
): Program =>
  function* (thread) {
    const { rdmaCm } = host;
    const id = rdmaCm.createId();
    rdmaCm.resolveAddr(thread.now, id, target, port);
    yield* expectEvent(host, thread, 'RDMA_CM_EVENT_ADDR_RESOLVED');
    rdmaCm.resolveRoute(thread.now, id);
    yield* expectEvent(host, thread, 'RDMA_CM_EVENT_ROUTE_RESOLVED');
    const end = endOf(host, thread);
    rdmaCm.connect(thread.now, id, { qpn: end.qp.qpn, responderResources: 1, initiatorDepth: 1 });
    const response = yield* expectEvent(host, thread, 'RDMA_CM_EVENT_CONNECT_RESPONSE');
    if (!(yield* makeReady(host, thread, end.qp, response.settings!, LOCAL_WRITE)))
      throw new Error('no way');
    rdmaCm.establish(thread.now, id);
    yield* expectEvent(host, thread, 'RDMA_CM_EVENT_ESTABLISHED');
    for (let left = count - 1; left >= 0; left--) {
      end.bytes.fill(left);
      postRecv(end.context, end.qp, { sgList: end.sgList });
      const began = thread.now;
      postSend(end.context, end.qp, {
        opcode: 'IBV_WR_SEND',
        sgList: end.sgList,
        sendFlags: SIGNALED,
      });
      yield* complete(host, thread, end.sendCq);
      const wc = yield* complete(host, thread, end.recvCq);
      if (wc.status !== 'IBV_WC_SUCCESS' || end.bytes[SIZE - 1] !== left)
        throw new Error(wc.status);
      log.push(`${thread.now - began} ns`);
    }
    rdmaCm.disconnect(thread.now, id);
    yield* expectEvent(host, thread, 'RDMA_CM_EVENT_DISCONNECTED');
    destroyQp(end.pd, end.qp);
    rdmaCm.destroyId(thread.now, id);
    log.push(`${thread.now} ${host.name} is done`);
  };
