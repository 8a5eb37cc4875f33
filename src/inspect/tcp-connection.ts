// What is kept of a TCP connection: both directions, the protocol on top and what runs on that.

import type { Framing, StreamProtocol } from '../../protocols/index.js';
import { InOrder } from './in-order.js';
import { Gathering } from './message.js';
import type { Service } from './service.js';

/** One direction of a connection. */
export class Direction {
  readonly order = new InOrder();
  readonly gathering = new Gathering();
  /** Where the next unit begins is not known; it is looked for at the start of segments. */
  searching = false;
  /** The units of this direction cannot be followed any further. */
  lost = false;

  get kept(): number {
    return this.order.kept + this.gathering.kept;
  }

  /** Forgets the unit under way and looks for the next one, where the protocol can be found again. */
  search(framing: Framing | undefined): void {
    this.gathering.drop();
    this.searching = true;
    this.lost = framing !== undefined && framing.resume === undefined;
  }
}

export class Connection {
  readonly directions: readonly [Direction, Direction] = [new Direction(), new Direction()];
  protocol: StreamProtocol | undefined;
  framing: Framing | undefined;
  service: Service | undefined;
  /** True once no stream protocol can be on it. */
  opaque = false;
  /** Its start was seen, so the first bytes tell what is on it. */
  opened = false;
  /** Segments in which a stream on an unknown port was looked for. */
  tries = 0;

  /** `opener` is the end that opened the connection, as far as the capture tells. */
  constructor(
    readonly opener: string,
    readonly ports: readonly number[],
  ) {}

  get kept(): number {
    return this.directions[0].kept + this.directions[1].kept + (this.service?.kept ?? 0);
  }

  /** Forgets what waits in both directions: nothing on this connection is followed. */
  giveUp(): void {
    this.opaque = true;
    for (const side of this.directions) {
      side.gathering.drop();
      side.order.restart();
    }
  }
}
