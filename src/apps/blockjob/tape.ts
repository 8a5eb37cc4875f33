// What all threads of a block job write down together.

import { Signal, type Thread, type Wait } from '../../cpu/index.js';
import type { Nanos } from '../../time/index.js';

/** Is told of what counts, as it happens. */
export interface TapeListener {
  begins(now: Nanos): void;
  /** An operation ended well. */
  operation(op: 'read' | 'write', ns: number): void;
  ends(now: Nanos): void;
}

export interface Counted {
  count: number;
  bytes: number;
}

export class Tape {
  failure = '';
  blocks = 0;
  wrong = 0;
  startNs = 0;
  endNs = 0;
  readonly reads: Counted = { count: 0, bytes: 0 };
  readonly writes: Counted = { count: 0, bytes: 0 };
  #waiting: number;
  #hasBegun = false;
  readonly #allReady = new Signal();

  constructor(
    jobs: number,
    readonly listener: TapeListener,
  ) {
    this.#waiting = jobs;
  }

  /** Threads begin together, when each has filled its part of the disk. */
  *ready(thread: Thread): Generator<Wait, void, void> {
    this.#waiting--;
    if (this.#waiting === 0) this.#allReady.raise(thread.now);
    else yield thread.block(this.#allReady);
  }

  /** A request that counts is handed over. */
  begins(now: Nanos): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.startNs = now;
    this.listener.begins(now);
  }

  ended(now: Nanos, op: 'read' | 'write', bytes: number, ns: number): void {
    const counted = op === 'read' ? this.reads : this.writes;
    counted.count++;
    counted.bytes += bytes;
    this.endNs = now;
    this.listener.operation(op, ns);
  }

  verified(blocks: number, wrong: number): void {
    this.blocks += blocks;
    this.wrong += wrong;
  }

  failed(words: string): void {
    this.failure ||= words;
  }
}
