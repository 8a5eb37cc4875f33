// A pair of NVMe queues as a driver has them in its memory (NVMe Base 2.0 3.3.1): commands in, completions out, and what its
// doorbells are to be told.

import { CQE, CQE_SIZE, CQEResult, SQE_SIZE } from '../../protocols/nvme/index.js';
import type { PhysicalMemory } from '../memory/index.js';
import { writePhysical } from '../memory/physical-bytes.js';
import { DOORBELL_BYTES, DOORBELLS_AT } from './registers.js';

const PAGE = 4096;
/** There is nothing to tell. */
export const NO_NEWS = -1;

export class NvmeRing {
  readonly submissionAt: number;
  readonly completionAt: number;
  /** Offsets of the two doorbells in the controller's registers. */
  readonly tailAt: number;
  readonly headAt: number;
  /** Of the completion that `take` found. */
  cid = 0;
  sct = 0;
  sc = 0;
  result = 0;
  #tail = 0;
  #toldTail = 0;
  #head = 0;
  #toldHead = 0;
  #phase = 1;

  constructor(
    readonly memory: PhysicalMemory,
    readonly id: number,
    readonly size: number,
    node = 0,
  ) {
    const pages = (bytes: number) => Math.ceil(bytes / PAGE);
    const queue = (what: string, entryBytes: number) =>
      memory.allocate(PAGE, pages(size * entryBytes), node, `NVMe ${what} queue`);
    this.submissionAt = queue('submission', SQE_SIZE);
    this.completionAt = queue('completion', CQE_SIZE);
    this.tailAt = DOORBELLS_AT + 2 * id * DOORBELL_BYTES;
    this.headAt = this.tailAt + DOORBELL_BYTES;
  }

  /** A command into the queue; the caller sees to it that there is room. */
  // hot
  put(sqe: Uint8Array): void {
    const at = this.submissionAt + this.#tail * SQE_SIZE;
    writePhysical(this.memory, at, sqe, 0, SQE_SIZE);
    this.#tail = (this.#tail + 1) % this.size;
  }

  /** What the tail's doorbell is to be told of what was put, or NO_NEWS; it counts as told. */
  // hot
  tailNews(): number {
    if (this.#toldTail === this.#tail) return NO_NEWS;
    this.#toldTail = this.#tail;
    return this.#tail;
  }

  /** Where the next completion will be. */
  get nextAt(): number {
    return this.completionAt + this.#head * CQE_SIZE;
  }

  /** The next completion, if there is one. */
  // hot
  take(): boolean {
    const { memory } = this;
    const b = memory.locate(this.nextAt);
    const at = memory.at + CQEResult.size;
    if (CQE.get.phase(b, at) !== this.#phase) return false;
    this.cid = CQE.get.cid(b, at);
    this.sct = CQE.get.sct(b, at);
    this.sc = CQE.get.sc(b, at);
    this.result = CQEResult.get.dword0(b, memory.at);
    this.#head++;
    if (this.#head === this.size) {
      this.#head = 0;
      this.#phase = 1 - this.#phase;
    }
    return true;
  }

  /** Completions that were taken and that the controller does not know of. */
  get untold(): number {
    return (this.#head - this.#toldHead + this.size) % this.size;
  }

  /** What the head's doorbell is to be told of what was taken. */
  // hot
  headNews(): number {
    if (this.#toldHead === this.#head) return NO_NEWS;
    this.#toldHead = this.#head;
    return this.#head;
  }
}
