// What the application is told of a transition, with what rdma_cm puts into its events.

import { settingsOf } from './compose.js';
import type { Connection, ConnectionEvent } from './connection.js';
import type { Message } from './message.js';
import type { Row } from './states.js';

const ETIMEDOUT = 110;
const NOTHING = new Uint8Array(0);

export function eventOf(c: Connection, row: Row, m: Message | undefined): ConnectionEvent {
  const type = row.tell!;
  const base = {
    type,
    connection: c,
    status: statusOf(row, m),
    privateData: m?.privateData ?? NOTHING,
  };
  if (type === 'RDMA_CM_EVENT_CONNECT_REQUEST') return { ...base, ...requested(c) };
  if (type === 'RDMA_CM_EVENT_CONNECT_RESPONSE') return { ...base, ...agreed(c) };
  if (type === 'RDMA_CM_EVENT_ESTABLISHED') return { ...base, ...agreed(c), ...datagram(m) };
  if (type === 'RDMA_CM_EVENT_REJECTED' && m?.name === 'REJ') {
    return { ...base, ari: m.fields.ari.slice(0, m.fields.rejectInfoLength) };
  }
  return base;
}

/** Negative: no answer came; positive: the peer's reason. */
function statusOf(row: Row, m: Message | undefined): number {
  if (row.event === 'exhausted') return -ETIMEDOUT;
  if (m?.name === 'REJ' && row.tell === 'RDMA_CM_EVENT_REJECTED') return m.fields.reason;
  return m?.name === 'SIDR_REP' ? m.fields.status : 0;
}

/** The peer's depth is what we would serve, and the other way round (trap 27). */
function requested(c: Connection): Partial<ConnectionEvent> {
  const listener = c.listener ? { listener: c.listener } : {};
  if (!c.request) return listener;
  const { initiatorDepth, responderResources } = c.request;
  return { ...listener, responderResources: initiatorDepth, initiatorDepth: responderResources };
}

function agreed(c: Connection): Partial<ConnectionEvent> {
  const settings = settingsOf(c);
  if (!settings) return {};
  const { maxDestRdAtomic: responderResources, maxRdAtomic: initiatorDepth } = settings;
  return { settings, responderResources, initiatorDepth };
}

function datagram(m: Message | undefined): Partial<ConnectionEvent> {
  if (m?.name !== 'SIDR_REP') return {};
  return { datagram: { qpn: m.fields.qpn, qkey: m.fields.qKey } };
}
