// The books of an RNIC's connections: which there are, what rdma_cm is to be told, and when something must have happened.

import type { Connection, ConnectionEvent } from '../rdma/cm/index.js';
import { newConnection } from '../rdma/cm/index.js';
import type { RdmaDevice } from '../rdma/index.js';
import type { TcpError } from '../tcp/index.js';
import { earlier, type Nanos, NEVER } from '../time/index.js';
import type { Startup } from './startup.js';
import type { Stream } from './stream.js';
import { end } from './terminate.js';

/** Linux's numbers. */
export const ERRNO = {
  ENOMEM: 12,
  EPROTO: 71,
  EADDRNOTAVAIL: 99,
  ECONNRESET: 104,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
} as const;
/** Events that wait; more are lost and counted. */
const MOST_EVENTS = 4096;
export const NOTHING: Uint8Array = new Uint8Array(0);

/** A connection with its stream. */
export interface Link extends Connection {
  readonly stream: Stream;
  /** The peer's start-up frame. */
  peer: Startup | undefined;
  /** Of the active side: what it asks for. */
  asks: { readonly ird: number; readonly ord: number; readonly privateData: Uint8Array };
  /** ESTABLISHED was told, DISCONNECTED was told. */
  isUp: boolean;
  isDown: boolean;
}

export class Links {
  readonly events: ConnectionEvent[] = [];
  /** Streams that something happened to. */
  readonly news = new Set<Stream>();
  wakeAt: Nanos = NEVER;
  readonly #links = new Map<number, Link>();
  readonly #timed = new Set<Stream>();

  constructor(readonly device: RdmaDevice) {}

  get(id: number): Link | undefined {
    return this.#links.get(id);
  }

  add(stream: Stream, role: Connection['role'], serviceId: bigint): Link {
    const link: Link = {
      ...newConnection(stream.id, role, serviceId, { lid: 0 }),
      stream,
      peer: undefined,
      asks: { ird: 0, ord: 0, privateData: NOTHING },
      isUp: false,
      isDown: false,
    };
    this.#links.set(stream.id, link);
    return link;
  }

  forget(link: Link): void {
    this.wait(link.stream, NEVER);
    this.#links.delete(link.stream.id);
  }

  answered({ listener }: Link): void {
    if (listener) listener.pending--;
  }

  up(link: Link): void {
    if (link.isUp || link.state !== 'ESTABLISHED') return;
    link.isUp = true;
    const type = 'RDMA_CM_EVENT_ESTABLISHED';
    this.tell({ type, connection: link, status: 0, privateData: NOTHING });
  }

  down(link: Link): void {
    if (link.isDown || link.state !== 'ESTABLISHED') return;
    link.isDown = true;
    link.state = 'IDLE';
    const type = 'RDMA_CM_EVENT_DISCONNECTED';
    this.tell({ type, connection: link, status: 0, privateData: NOTHING });
  }

  tell(event: ConnectionEvent): void {
    const link = event.connection as Link;
    if (link.abandoned) return;
    if (this.events.length >= MOST_EVENTS) this.device.counters.add('iw_event_lost');
    else this.events.push(event);
  }

  /** When something must have happened to the stream. */
  wait(stream: Stream, until: Nanos): void {
    stream.closeAt = until;
    if (until === NEVER) this.#timed.delete(stream);
    else this.#timed.add(stream);
    this.#reckon();
  }

  #reckon(): void {
    this.wakeAt = NEVER;
    for (const { closeAt } of this.#timed) this.wakeAt = earlier(this.wakeAt, closeAt);
  }

  /** One whose time has come; undefined when there is none. */
  late(now: Nanos): Stream | undefined {
    if (this.wakeAt > now) return undefined;
    for (const stream of this.#timed) {
      if (stream.closeAt > now) continue;
      this.wait(stream, NEVER);
      return stream;
    }
    return undefined;
  }

  /** What was begun comes to nothing. The active side hears of it; a passive one that was not asked yet does not. */
  fail(link: Link, errno: number): void {
    const { stream } = link;
    const wasAsked = link.role === 'active' || link.state === 'REQ_RCVD';
    if (link.state === 'REQ_RCVD') this.answered(link);
    if (stream.tcp) end(stream, '');
    else {
      stream.phase = 'ended';
      this.forget(link);
    }
    link.state = 'IDLE';
    if (!wasAsked || link.isDown) return;
    link.isDown = true;
    const refused = errno === ERRNO.ECONNREFUSED || errno === ERRNO.ECONNRESET;
    const type = refused ? 'RDMA_CM_EVENT_REJECTED' : 'RDMA_CM_EVENT_UNREACHABLE';
    this.tell({ type, connection: link, status: -errno, privateData: NOTHING });
  }
}

export const errnoOf = (error: TcpError | undefined): number =>
  (error && (ERRNO as Readonly<Partial<Record<TcpError, number>>>)[error]) ?? ERRNO.ECONNRESET;
