// Queue pairs that may have something to send, in turn: a ring that grows to what it once held.

import type { QueuePair } from './queue-pair.js';

export class Turns {
  #ring: (QueuePair | null)[] = new Array<null>(64).fill(null);
  #head = 0;
  #count = 0;

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  get isOne(): boolean {
    return this.#count === 1;
  }

  /** Whose turn it is; there must be one. */
  get first(): QueuePair {
    return this.#ring[this.#head]!;
  }

  // hot
  put(qp: QueuePair): void {
    if (this.#count === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#count++) & (this.#ring.length - 1)] = qp;
  }

  /** The first goes to the end. */
  // hot
  rotate(): void {
    if (this.#count === 1) return;
    const { first } = this;
    this.drop();
    this.put(first);
  }

  // hot
  drop(): void {
    this.#ring[this.#head] = null;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#count--;
  }

  #grow(): void {
    const size = this.#ring.length;
    const ring = new Array<QueuePair | null>(size * 2).fill(null);
    for (let i = 0; i < size; i++) ring[i] = this.#ring[(this.#head + i) % size]!;
    this.#ring = ring;
    this.#head = 0;
  }
}
