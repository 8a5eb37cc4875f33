// Queues of an NVMe controller in its driver's memory, as the controller sees them (NVMe Base 2.0 3.3.1): entries are taken out
// and put in; what a driver writes to a doorbell may be anything.

import { CQE, CQE_SIZE, CQEResult, SQE_SIZE } from '../../protocols/nvme/index.js';
import type { ControllerMemory } from './memory.js';
import type { NvmeStatus } from './status.js';

export class SubmissionQueue {
  head = 0;
  tail = 0;
  /** Commands that are not completed, by their identifiers. */
  readonly open = new Set<number>();

  constructor(
    readonly id: number,
    readonly memory: ControllerMemory,
    readonly address: number,
    readonly size: number,
    readonly completions: CompletionQueue,
  ) {}

  /** False when there is no such entry: the doorbell is not heard. */
  ring(tail: number): boolean {
    if (tail >= this.size) return false;
    this.tail = tail;
    return true;
  }

  get hasNews(): boolean {
    return this.head !== this.tail;
  }

  /** New commands that lie together. */
  get together(): number {
    return (this.tail >= this.head ? this.tail : this.size) - this.head;
  }

  /** Takes the next commands out, as many as lie together. */
  take(into: Uint8Array, count = 1): void {
    this.memory.read(this.address + this.head * SQE_SIZE, count * SQE_SIZE, into, 0);
    this.head = (this.head + count) % this.size;
  }
}

export class CompletionQueue {
  tail = 0;
  head = 0;
  phase = 1;
  /** Completions were written that the driver was not interrupted for. */
  wants = false;
  readonly #entry = new Uint8Array(CQE_SIZE);

  constructor(
    readonly id: number,
    readonly memory: ControllerMemory,
    readonly address: number,
    readonly size: number,
    /** Interrupt vector; -1: none. */
    readonly vector: number,
  ) {}

  ring(head: number): boolean {
    const used = (this.tail - this.head + this.size) % this.size;
    const step = (head - this.head + this.size) % this.size;
    if (head >= this.size || step > used) return false;
    this.head = head;
    return true;
  }

  get isFull(): boolean {
    return (this.tail + 1) % this.size === this.head;
  }

  /** Puts a completion in; there is room. */
  put(sq: SubmissionQueue, cid: number, { sct, sc }: NvmeStatus, result: number): void {
    const b = this.#entry;
    b.fill(0);
    const at = CQEResult.size;
    CQEResult.set.dword0(b, 0, result);
    CQE.set.sqhd(b, at, sq.head);
    CQE.set.sqid(b, at, sq.id);
    CQE.set.cid(b, at, cid);
    CQE.set.sct(b, at, sct);
    CQE.set.sc(b, at, sc);
    CQE.set.phase(b, at, this.phase);
    this.memory.write(this.address + this.tail * CQE_SIZE, b, 0, CQE_SIZE);
    this.wants = this.vector >= 0;
    this.tail++;
    if (this.tail < this.size) return;
    this.tail = 0;
    this.phase = 1 - this.phase;
  }
}
