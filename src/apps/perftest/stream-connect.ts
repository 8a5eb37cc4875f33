// Queue pairs connected by rdma_cm, as perftest's -R does and iWARP needs: one connection a flow, in order.

import type { Thread, Wait } from '../../cpu/index.js';
import { type Computer, makeReady } from '../../host/index.js';
import { type CmEvent, type CmEventType, type CmId, EventChannel } from '../../rdma/cm/index.js';
import type { Endpoint } from './endpoint.js';
import type { Destination } from './exchange.js';

export function listenForFlows({ rdmaCm }: Computer): CmId {
  const id = rdmaCm.createId('RDMA_PS_TCP', new EventChannel());
  rdmaCm.bindAddr(id, undefined);
  rdmaCm.listen(id);
  return id;
}

function* next(
  host: Computer,
  thread: Thread,
  channel: EventChannel,
): Generator<Wait, CmEvent, void> {
  for (;;) {
    const event = host.rdmaCm.event(thread.now, channel);
    if (event) return event;
    yield thread.block(channel.signal);
  }
}

/** The server's side; says what went wrong, or nothing. */
export function* acceptFlows(
  { host, flows, p }: Endpoint,
  thread: Thread,
  listening: CmId,
): Generator<Wait, string, void> {
  const depth = { responderResources: p.outstandingReads, initiatorDepth: p.outstandingReads };
  for (const { qp, mr } of flows) {
    const request = yield* awaited('RDMA_CM_EVENT_CONNECT_REQUEST');
    if (typeof request === 'string') return request;
    const { settings, id } = request;
    if (!settings || !(yield* makeReady(host, thread, qp, settings, mr.region.access)))
      return `${host.name}: the client went away`;
    host.rdmaCm.accept(thread.now, id, { qpn: qp.qpn, ...depth });
    const up = yield* awaited('RDMA_CM_EVENT_ESTABLISHED');
    if (typeof up === 'string') return up;
  }
  host.rdmaCm.destroyId(thread.now, listening);
  return '';

  function* awaited(type: CmEventType): Generator<Wait, CmEvent | string, void> {
    const event = yield* next(host, thread, listening.channel);
    return event.type === type ? event : `${host.name}: ${event.type} came instead of ${type}`;
  }
}

/** The client's side. */
export function* connectFlows(
  { host, flows, p }: Endpoint,
  thread: Thread,
  peer: Destination,
): Generator<Wait, string, void> {
  const { rdmaCm } = host;
  const depth = { responderResources: p.outstandingReads, initiatorDepth: p.outstandingReads };
  for (const { qp, mr } of flows) {
    const channel = new EventChannel();
    const id = rdmaCm.createId('RDMA_PS_TCP', channel);
    rdmaCm.resolveAddr(thread.now, id, peer.gid, peer.port!);
    for (;;) {
      const { type, settings, status } = yield* next(host, thread, channel);
      if (type === 'RDMA_CM_EVENT_ADDR_RESOLVED') rdmaCm.resolveRoute(thread.now, id);
      else if (type === 'RDMA_CM_EVENT_ROUTE_RESOLVED')
        rdmaCm.connect(thread.now, id, { qpn: qp.qpn, ...depth });
      else if (type === 'RDMA_CM_EVENT_CONNECT_RESPONSE') {
        if (!(yield* makeReady(host, thread, qp, settings!, mr.region.access)))
          return `${host.name}: the server went away`;
        rdmaCm.establish(thread.now, id);
        break;
      } else return `${host.name}: ${type} (${status})`;
    }
  }
  return '';
}
