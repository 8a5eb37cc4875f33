// A pair of NVMe queues as the guest's driver has them in its memory (NVMe Base 2.0 3.3.1): commands in, completions out, and
// the doorbells that say so, each of them an exit.

import { CQE, CQE_SIZE, CQEResult, SQE_SIZE } from '../../../protocols/nvme/index.js';
import type { Thread, Wait } from '../../cpu/index.js';
import type { Nanos } from '../../time/index.js';
import { writeGuest } from '../virtio/guest-bytes.js';
import type { NvmeDisk } from './nvme-disk.js';
import { DOORBELL_BYTES, DOORBELLS_AT } from './nvme-registers.js';
import { touch, touchFromInterrupt } from './process.js';

const PAGE = 4096;

export class NvmeRing {
  readonly submissionAt: number;
  readonly completionAt: number;
  /** Of the completion that `take` found. */
  cid = 0;
  sct = 0;
  sc = 0;
  result = 0;
  #tail = 0;
  #told = 0;
  #head = 0;
  #heard = 0;
  #phase = 1;

  constructor(
    readonly card: NvmeDisk,
    readonly id: number,
    readonly size: number,
  ) {
    const { memory } = card.vm;
    const pages = (bytes: number) => Math.ceil(bytes / PAGE);
    this.submissionAt = memory.allocate(PAGE, pages(size * SQE_SIZE), 0, 'NVMe submission queue');
    this.completionAt = memory.allocate(PAGE, pages(size * CQE_SIZE), 0, 'NVMe completion queue');
  }

  /** A command into the queue; the caller sees to it that there is room. */
  // hot
  put(sqe: Uint8Array): void {
    const at = this.submissionAt + this.#tail * SQE_SIZE;
    writeGuest(this.card.vm.memory, at, sqe, 0, SQE_SIZE);
    this.#tail = (this.#tail + 1) % this.size;
  }

  /** Tells the controller of what was put. */
  *ring(thread: Thread): Generator<Wait, void, void> {
    if (this.#told === this.#tail) return;
    this.#told = this.#tail;
    const { card } = this;
    const bytes = valueBytes(this.#tail);
    yield* touch(card.vm, thread, card.profile.registerNs, (own) =>
      card.write(own, DOORBELLS_AT + 2 * this.id * DOORBELL_BYTES, bytes),
    );
  }

  /** The next completion, if there is one. */
  // hot
  take(): boolean {
    const { memory } = this.card.vm;
    const b = memory.locate(this.completionAt + this.#head * CQE_SIZE);
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

  /** Tells the controller of what was taken, at the end of an interrupt's handler. */
  free(now: Nanos, vcpu: number): void {
    if (this.#heard === this.#head) return;
    this.#heard = this.#head;
    const { card } = this;
    const bytes = valueBytes(this.#head);
    touchFromInterrupt(card.vm, now, vcpu, card.profile.registerNs, (own) =>
      card.write(own, DOORBELLS_AT + (2 * this.id + 1) * DOORBELL_BYTES, bytes),
    );
  }
}

/** A register's four bytes. */
export function valueBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  for (let i = 0, rest = value; i < bytes.length; i++, rest = Math.floor(rest / 256))
    bytes[i] = rest % 256;
  return bytes;
}
