// What a host asks of subnet administration: its questions leave by the management port as soon as they may.

import type { ManagementPort, PortAddress } from '../rdma/index.js';
import type { AdministrationQueries } from '../subnet/index.js';
import type { Alarm, Nanos } from '../time/index.js';

export abstract class Inquiry<Queries extends AdministrationQueries> {
  constructor(
    readonly address: PortAddress,
    readonly port: ManagementPort,
    protected readonly queries: Queries,
  ) {}

  /** A MAD of subnet administration arrived; true when it was the answer to a question. */
  receive(now: Nanos, mad: Uint8Array): boolean {
    const awaited = this.queries.receive(mad);
    this.send(now);
    return awaited;
  }

  protected send(now: Nanos): void {
    for (let mad = this.queries.take(now); mad; mad = this.queries.take(now))
      this.port.send({ dlid: mad.lid!, sl: mad.sl }, mad.bytes);
  }

  wakeAt(): Nanos {
    return this.queries.wakeAt();
  }

  // hot
  soonest(alarm: Alarm): void {
    this.queries.soonest(alarm);
  }

  expire(now: Nanos): void {
    this.queries.expire(now);
    this.send(now);
  }
}
