// A port that is listened on: its half-open connections are counted, those that are open wait to be accepted.

import type { ReceiveSink, SendSource } from './buffer.js';
import type { TcpConnection } from './connection.js';
import type { TcpOptions } from './options.js';
import type { TcpTracer } from './tcb.js';

export interface Buffers {
  readonly source: SendSource;
  readonly sink: ReceiveSink;
}

export interface ListenOptions extends Partial<TcpOptions> {
  readonly port: number;
  /** The one address that is listened on; all of them unless given. */
  readonly address?: Uint8Array;
  /** Connections that may wait to be accepted, and half-open ones (listen(2)). */
  readonly backlog?: number;
  /** Answers SYNs without keeping state when too many are half open; Linux does. */
  readonly synCookies?: boolean;
  /** Receive buffer of a connection, promised before there is one. */
  readonly receiveBytes?: number;
  /** Makes the buffers once a connection is open; rings of bytes unless given. */
  readonly buffers?: () => Buffers;
  /** Sees what the connections decide. */
  readonly tracer?: TcpTracer;
}

export const DEFAULT_BACKLOG = 128;

export class Listener {
  readonly port: number;
  /** SYN-RECEIVED. */
  halfOpen = 0;
  /** Closed: children that are not accepted yet are ended. */
  closed = false;
  readonly backlog: number;
  readonly waiting: TcpConnection[] = [];

  constructor(
    readonly options: ListenOptions,
    readonly tcp: TcpOptions,
    readonly makeBuffers: () => Buffers,
    /** What is promised in a SYN,ACK, before there is a buffer. */
    readonly promised: ReceiveSink,
  ) {
    this.port = options.port;
    this.backlog = Math.max(1, options.backlog ?? DEFAULT_BACKLOG);
  }

  /** The connection that is open longest, or undefined. */
  accept(): TcpConnection | undefined {
    return this.waiting.shift();
  }

  get full(): boolean {
    return this.waiting.length >= this.backlog;
  }
}
