// A command as a host has it: its entry, where its data is in memory, and how it ended. The initiator's counterpart of the
// target's Request; each belongs to one tag of one queue and is used again and again.

import { CQE, CQEResult } from '../../../../protocols/nvme/cqe.js';
import { SQE, SQE_SIZE } from '../../../../protocols/nvme/sqe-header.js';
import type { Segment } from '../../../block/index.js';
import type { Nanos } from '../../../time/index.js';
import type { Direction } from '../request.js';

const NONE: readonly Segment[] = [];
/** Command identifiers: a generation above the tag, so that a late answer to an earlier use is known (Linux, nvme_cid). */
const TAGS = 4096;
const GENERATIONS = 16;
const TRANSIENT = 0x22;

/** How a command ended: the status, or that nobody knows, because the connection went before it was answered. */
export type Ending = 'idle' | 'open' | 'done' | 'lost';

export class Command {
  readonly sqe = new Uint8Array(SQE_SIZE);
  direction: Direction = 'none';
  /** Where its data is: `length` bytes in all. */
  segments: readonly Segment[] = NONE;
  length = 0;
  readonly result = new Uint8Array(CQEResult.size);
  sct = 0;
  sc = 0;
  dnr = false;
  ending: Ending = 'idle';
  /** Head of the submission queue that its completion told. */
  sqhd = 0;
  #generation = 0;
  /** It was answered, or its queue has ended. */
  done: (now: Nanos, command: Command) => void = () => {};

  constructor(readonly tag: number) {}

  get cid(): number {
    return SQE.get.cid(this.sqe, 0);
  }

  /** The identifier of its next use. */
  nextCid(): number {
    this.#generation = (this.#generation + 1) % GENERATIONS;
    return this.#generation * TAGS + this.tag;
  }

  /** It has no data, or its data lies there. */
  at(segments: readonly Segment[] = NONE, length = 0): this {
    this.segments = segments;
    this.length = length;
    return this;
  }

  get succeeded(): boolean {
    return this.ending === 'done' && this.sct === 0 && this.sc === 0;
  }

  /** It succeeded, and that is all that is known. */
  succeed(): void {
    this.result.fill(0);
    this.sct = 0;
    this.sc = 0;
    this.dnr = false;
    this.ending = 'done';
  }

  /** Its data came, but not as it was sent: Transient Transport Error, after which it is sent again. */
  spoil(): void {
    this.sct = 0;
    this.sc = TRANSIENT;
    this.dnr = false;
  }

  /** Takes what a completion says. */
  complete(b: Uint8Array, at: number): void {
    const cqeAt = at + CQEResult.size;
    const { get } = CQE;
    for (let i = 0; i < this.result.length; i++) this.result[i] = b[at + i]!;
    this.sct = get.sct(b, cqeAt);
    this.sc = get.sc(b, cqeAt);
    this.dnr = get.dnr(b, cqeAt) === 1;
    this.sqhd = get.sqhd(b, cqeAt);
    this.ending = 'done';
  }
}

export const tagOf = (cid: number): number => cid % TAGS;
