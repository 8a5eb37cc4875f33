// Many first-in, first-out queues of slots in one array, as in the shared memory of a switch: a queue is its first and
// last slot, and each slot knows the next one. A slot waits in one queue at a time.

import type { FramePool } from './frame-pool.js';

const HEAD = 0;
const TAIL = 1;
const COUNT = 2;
const BYTES = 3;
const LIST = 4;

export class SlotLists {
  readonly #words: Int32Array;

  constructor(
    readonly pool: FramePool,
    readonly lists: number,
  ) {
    this.#words = new Int32Array(lists * LIST);
  }

  /** Slots that wait. */
  // hot
  count(list: number): number {
    return this.#words[list * LIST + COUNT]!;
  }

  /** Their bytes, as `put` was told. */
  // hot
  bytes(list: number): number {
    return this.#words[list * LIST + BYTES]!;
  }

  /** `note` goes with the slot, and is the pool's `note` until another queue has it. */
  // hot
  put(list: number, slot: number, bytes: number, note: number): void {
    const { pool } = this;
    const words = this.#words;
    const at = list * LIST;
    const count = words[at + COUNT]!;
    if (count === 0) words[at + HEAD] = slot;
    else pool.setNext(words[at + TAIL]!, slot);
    words[at + TAIL] = slot;
    words[at + COUNT] = count + 1;
    words[at + BYTES] = words[at + BYTES]! + bytes;
    pool.setNote(slot, note);
  }

  /** Takes the first slot of a list that is not empty, with as many bytes as the frame has. */
  // hot
  take(list: number): number {
    const { pool } = this;
    const words = this.#words;
    const at = list * LIST;
    const slot = words[at + HEAD]!;
    words[at + HEAD] = pool.next(slot);
    words[at + COUNT] = words[at + COUNT]! - 1;
    words[at + BYTES] = words[at + BYTES]! - pool.length(slot);
    return slot;
  }
}
