// What an arrived message means: which connection it is for and which event it is there, or the answer to a message
// that is for none. Looks only; the manager acts.

import { REJECTED_REP, REJECTED_REQ } from './compose.js';
import type { Connection, Listener, MadAddress } from './connection.js';
import type { Message } from './message.js';
import type { Connections } from './registry.js';
import type { Arrival } from './states.js';

/** Reasons of a REJ that the code itself gives or asks for (IBA 12.6.7.2). */
export const reasons = {
  NO_RESOURCES: 3,
  TIMEOUT: 4,
  INVALID_COMM_ID: 6,
  INVALID_SERVICE_ID: 8,
  INVALID_TRANSPORT_TYPE: 9,
  STALE_CONNECTION: 10,
  INVALID_PATH_MTU: 26,
  CONSUMER_REJECT: 28,
} as const;

export type Meaning =
  /** For a connection that is there. */
  | { readonly is: 'event'; readonly event: Arrival; readonly connection: Connection }
  /** A new connection for a listener. */
  | { readonly is: 'new'; readonly event: 'REQ' | 'SIDR_REQ'; readonly listener: Listener }
  /** For no connection; refused. `stale` is a connection that the peer cannot have any more. */
  | {
      readonly is: 'refused';
      readonly message: number;
      readonly reason: number;
      readonly stale?: Connection;
    }
  | { readonly is: 'SIDR refused'; readonly status: number }
  /** A DREQ of a connection that we do not know is answered all the same (IBA 12.9.8.5). */
  | { readonly is: 'gone' }
  | { readonly is: 'dropped'; readonly why: Drop };

export type Drop = 'unknown-connection' | 'wrong-queue-pair' | 'no-room' | 'backlog-full';

const event = (name: Arrival, connection: Connection): Meaning => ({
  is: 'event',
  event: name,
  connection,
});
const dropped = (why: Drop): Meaning => ({ is: 'dropped', why });
const refused = (message: number, reason: number, stale?: Connection): Meaning => ({
  is: 'refused',
  message,
  reason,
  ...(stale && { stale }),
});

export interface Known {
  readonly connections: Connections;
  readonly listeners: ReadonlyMap<bigint, Listener>;
  /** Whether one more connection and its events have room. */
  readonly hasRoom: boolean;
}

/** RC, UC and XRC; reliable datagrams are gone from all hardware. */
const transportTypes: ReadonlySet<number> = new Set([0, 1, 3]);
const LARGEST_MTU = 5;
/** SIDR status: no such service (IBA 12.11.2.1). */
const SERVICE_ID_NOT_SUPPORTED = 1;

export function meaningOf(m: Message, from: MadAddress, known: Known): Meaning {
  const { connections } = known;
  switch (m.name) {
    case 'REQ':
      return request(m, known);
    case 'REP':
      return reply(m, connections);
    case 'REJ':
      return reject(m, connections);
    case 'DREQ':
      return disconnect(m, connections);
    case 'SIDR_REQ':
      return sidrRequest(m, from, known);
    case 'SIDR_REP': {
      const c = connections.local(m.fields.requestId);
      if (!c) return dropped('unknown-connection');
      return event(m.fields.status === 0 ? 'SIDR_REP' : 'SIDR_REP refused', c);
    }
    case 'APR':
      // We send no LAP, so that nobody can answer one.
      return dropped('unknown-connection');
    case 'MRA': {
      const c = connections.local(m.fields.remoteCommId);
      return c ? event('MRA', c) : dropped('unknown-connection');
    }
    default: {
      const c = connections.both(m.fields.remoteCommId, m.fields.localCommId);
      return c ? event(m.name, c) : dropped('unknown-connection');
    }
  }
}

/** The order of Linux's cm_match_req: known comm ID, known queue pair, listener. */
function request(m: Message & { name: 'REQ' }, known: Known): Meaning {
  const { localCaGuid: guid, localCommId, localQpn, serviceId } = m.fields;
  const { connections, listeners } = known;
  const same = connections.byRemote(guid, localCommId);
  if (same) return event('duplicate REQ', same);
  const stale = connections.byQueuePair(guid, localQpn);
  if (stale) return refused(REJECTED_REQ, reasons.STALE_CONNECTION, stale);
  const listener = listeners.get(serviceId);
  if (!listener) return refused(REJECTED_REQ, reasons.INVALID_SERVICE_ID);
  if (!transportTypes.has(m.fields.transportServiceType)) {
    return refused(REJECTED_REQ, reasons.INVALID_TRANSPORT_TYPE);
  }
  const mtu = m.fields.pathPacketPayloadMtu;
  if (mtu === 0 || mtu > LARGEST_MTU) return refused(REJECTED_REQ, reasons.INVALID_PATH_MTU);
  return forListener('REQ', listener, known);
}

/** Not rejected for want of room: it comes again, as Linux has it. */
function forListener(name: 'REQ' | 'SIDR_REQ', listener: Listener, known: Known): Meaning {
  if (listener.pending >= listener.backlog) return dropped('backlog-full');
  if (!known.hasRoom) return dropped('no-room');
  return { is: 'new', event: name, listener };
}

function reply(m: Message & { name: 'REP' }, connections: Connections): Meaning {
  const { localCaGuid: guid, localCommId, remoteCommId, localQpn } = m.fields;
  const c = connections.local(remoteCommId);
  if (c?.role !== 'active') return refused(REJECTED_REP, reasons.INVALID_COMM_ID);
  if (c.remoteCommId !== 0) {
    if (c.remoteCommId !== localCommId) return dropped('unknown-connection');
    return event('duplicate REP', c);
  }
  const other = connections.byQueuePair(guid, localQpn);
  return other ? refused(REJECTED_REP, reasons.STALE_CONNECTION, other) : event('REP', c);
}

/** As cm_acquire_rejected_id: a peer that gave up may never have heard our comm ID, but says its GUID. */
function reject(m: Message & { name: 'REJ' }, connections: Connections): Meaning {
  const { reason, messageRejected, localCommId, remoteCommId, ari } = m.fields;
  const name = reason === reasons.STALE_CONNECTION ? 'REJ stale' : 'REJ';
  const byGuid =
    reason === reasons.TIMEOUT
      ? connections.byRemote(bigEndian(ari.subarray(0, GUID_SIZE)), localCommId)
      : undefined;
  const byId =
    messageRejected === REJECTED_REQ
      ? connections.local(remoteCommId)
      : connections.both(remoteCommId, localCommId);
  const c = byGuid ?? byId;
  return c ? event(name, c) : dropped('unknown-connection');
}

function disconnect(m: Message & { name: 'DREQ' }, connections: Connections): Meaning {
  const c = connections.both(m.fields.remoteCommId, m.fields.localCommId);
  if (!c || m.fields.localCommId === 0) return { is: 'gone' };
  return m.fields.remoteQpnEecn === c.localQpn ? event('DREQ', c) : dropped('wrong-queue-pair');
}

function sidrRequest(m: Message & { name: 'SIDR_REQ' }, from: MadAddress, known: Known): Meaning {
  const same = known.connections.byRemote(portOf(from), m.fields.requestId);
  if (same) return event('duplicate SIDR_REQ', same);
  const listener = known.listeners.get(m.fields.serviceId);
  if (!listener) return { is: 'SIDR refused', status: SERVICE_ID_NOT_SUPPORTED };
  return forListener('SIDR_REQ', listener, known);
}

/** Who sends resolutions: they carry no GUID, so it is the port. */
export const portOf = (from: MadAddress): bigint =>
  from.gid ? bigEndian(from.gid) : BigInt(from.lid);

const GUID_SIZE = 8;

const bigEndian = (b: Uint8Array): bigint =>
  b.reduce((value, byte) => value * 256n + BigInt(byte), 0n);
