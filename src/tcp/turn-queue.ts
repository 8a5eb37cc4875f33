// Connections that may have something to send, in the order of their turns: a ring that grows to what it once held.

import type { TcpConnection } from './connection.js';

export class TurnQueue {
  #ring: (TcpConnection | undefined)[] = new Array<undefined>(64).fill(undefined);
  #head = 0;
  count = 0;

  // hot
  put(connection: TcpConnection): void {
    if (this.count === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.count++) & (this.#ring.length - 1)] = connection;
  }

  /** The one whose turn it is; there must be one. */
  // hot
  take(): TcpConnection {
    const connection = this.#ring[this.#head]!;
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.count--;
    return connection;
  }

  #grow(): void {
    const { length } = this.#ring;
    const inOrder = this.#ring.map((_, i) => this.#ring[(this.#head + i) & (length - 1)]);
    this.#ring = inOrder.concat(new Array<undefined>(length).fill(undefined));
    this.#head = 0;
  }
}
