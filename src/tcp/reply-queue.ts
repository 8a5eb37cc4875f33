// Answers that belong to no connection (resets, cookies): frames that are made at once and wait for the wire. Few: who is
// flooded answers as much as fits.

import type { FramePool } from '../frame/index.js';

const MOST = 64;
const ADDRESS = 16;

export class ReplyQueue {
  /** Answers that found no place. */
  lost = 0;
  readonly #slots = new Int32Array(MOST);
  readonly #targets = Array.from({ length: MOST }, () => new Uint8Array(ADDRESS));
  #head = 0;
  #count = 0;

  constructor(readonly pool: FramePool) {}

  get count(): number {
    return this.#count;
  }

  /** A slot to write into, or -1 when too many wait. `put` must follow. */
  begin(): number {
    if (this.#count === MOST) {
      this.lost++;
      return -1;
    }
    return this.pool.take();
  }

  put(slot: number, target: Uint8Array): void {
    const i = (this.#head + this.#count++) % MOST;
    this.#slots[i] = slot;
    this.#targets[i]!.set(target);
  }

  /** The next frame; its target goes into `target`. */
  take(target: Uint8Array): number {
    if (this.#count === 0) return -1;
    const i = this.#head;
    this.#head = (this.#head + 1) % MOST;
    this.#count--;
    target.set(this.#targets[i]!);
    return this.#slots[i]!;
  }
}
