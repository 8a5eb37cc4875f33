// What rdma_cm needs of whoever makes connections: the connection manager of InfiniBand and RoCE, or MPA's of iWARP.

import type { Machine, Nanos } from '../../time/index.js';
import type {
  AcceptParameters,
  AnswerParameters,
  Connection,
  ConnectionEvent,
  ConnectParameters,
  Listener,
  ResolveParameters,
} from './connection.js';
import type { IpAddresses } from './ip-private-data.js';

export interface Connector extends Machine {
  /** Where connections know their addresses by themselves; otherwise they go in front of a request's private data. */
  readonly addressesOf?: (c: Connection) => IpAddresses;
  event(): ConnectionEvent | undefined;
  listen(serviceId: bigint, backlog?: number): Listener;
  unlisten(listener: Listener): void;
  connect(now: Nanos, p: ConnectParameters & { readonly sourcePort?: number }): Connection;
  resolve(now: Nanos, p: ResolveParameters): Connection;
  accept(now: Nanos, c: Connection, p: AcceptParameters): void;
  answer(now: Nanos, c: Connection, p: AnswerParameters): void;
  establish(now: Nanos, c: Connection): void;
  reject(now: Nanos, c: Connection, privateData?: Uint8Array): void;
  disconnect(now: Nanos, c: Connection, privateData?: Uint8Array): void;
  destroy(now: Nanos, c: Connection): void;
}
