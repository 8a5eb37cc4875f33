// What all threads of a block job write down together. What counts are the operations that end between two instants at
// which as many requests are under way as the job is asked for: from the end of the last thread's warm-up on, until there
// are enough of them. So neither the filling of the queue nor its emptying is measured.

import { Signal, type Thread, type Wait } from '../../cpu/index.js';
import { after, type Nanos, NEVER } from '../../time/index.js';
import type { BlockJobParameters } from './parameters.js';

/** Is told of what counts, as it happens. */
export interface TapeListener {
  begins(now: Nanos): void;
  /** An operation that counts ended well. */
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
  /** Enough was counted, or something failed: no more requests are made. */
  isOver = false;
  #waiting: number;
  #cold: number;
  #endsAt: Nanos = NEVER;
  readonly #allReady = new Signal();

  constructor(
    readonly parameters: BlockJobParameters,
    readonly listener: TapeListener,
  ) {
    this.#waiting = parameters.jobs;
    this.#cold = parameters.jobs;
  }

  /** Operations that count. */
  get counted(): number {
    return this.reads.count + this.writes.count;
  }

  /** Threads begin together, when each has filled its part of the disk. */
  *ready(thread: Thread): Generator<Wait, void, void> {
    this.#waiting--;
    if (this.#waiting === 0) this.#allReady.raise(thread.now);
    else yield thread.block(this.#allReady);
  }

  /** A thread is warm; what ends after the last of them is counts. */
  warm(now: Nanos): void {
    if (--this.#cold > 0 || this.isOver) return;
    const { durationNs } = this.parameters;
    if (durationNs !== undefined) this.#endsAt = after(now, durationNs);
    this.startNs = now;
    this.endNs = now;
    this.listener.begins(now);
  }

  ended(now: Nanos, op: 'read' | 'write', bytes: number, ns: number): void {
    if (this.#cold > 0 || this.isOver) return;
    const counted = op === 'read' ? this.reads : this.writes;
    counted.count++;
    counted.bytes += bytes;
    this.endNs = now;
    this.listener.operation(op, ns);
    const { operations, jobs } = this.parameters;
    if (this.counted === operations * jobs || now >= this.#endsAt) this.close(now);
  }

  close(now: Nanos): void {
    if (this.isOver) return;
    this.isOver = true;
    this.listener.ends(now);
  }

  verified(blocks: number, wrong: number): void {
    this.blocks += blocks;
    this.wrong += wrong;
  }

  failed(now: Nanos, words: string): void {
    this.failure ||= words;
    this.close(now);
  }
}
