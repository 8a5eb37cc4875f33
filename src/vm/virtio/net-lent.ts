// Buffers of a guest that the host's card sends from where they lie (vhost_net's zero copy): each is pinned until the last who
// refers to its pages has let go of them, and goes back to the guest after those that were lent before it.

import type { Keeper } from '../../kernel/index.js';
import type { PhysicalMemory } from '../../memory/index.js';

/** Buffers that may be lent at once (VHOST_MAX_PEND). */
const MOST_LENT = 128;
/** Of those that come back, the device's thread hears this often, and when none is left (vhost_zerocopy_callback). */
const NEWS_EVERY = 16;

export interface Piece {
  readonly address: number;
  readonly length: number;
}

interface Lent {
  readonly id: number;
  readonly slots: number;
  /** By guest-physical addresses. */
  readonly pieces: readonly Piece[];
  references: number;
}

export class LentBuffers implements Keeper {
  readonly #memory: PhysicalMemory;
  readonly #news: () => void;
  readonly #lent = new Map<number, Lent>();
  /** Numbers of the oldest that the guest does not have back, and of the next. */
  #first = 0;
  #next = 0;
  /** Of those, how many somebody still refers to. */
  #outstanding = 0;

  /** @param news is called when buffers should be given back */
  constructor(memory: PhysicalMemory, news: () => void) {
    this.#memory = memory;
    this.#news = news;
  }

  get full(): boolean {
    return this.#outstanding >= MOST_LENT;
  }

  /** The buffer is under way, and referred to once; its number. */
  lend(id: number, slots: number, pieces: readonly Piece[]): number {
    for (const { address, length } of pieces) this.#memory.pin(address, length);
    this.#lent.set(this.#next, { id, slots, pieces, references: 1 });
    this.#outstanding++;
    return this.#next++;
  }

  hold(number: number): void {
    this.#lent.get(number)!.references++;
  }

  release(number: number): void {
    const lent = this.#lent.get(number)!;
    if (--lent.references > 0) return;
    for (const { address, length } of lent.pieces) this.#memory.unpin(address, length);
    if (number < this.#first) {
      this.#lent.delete(number);
      return;
    }
    const referred = 1 + this.#outstanding--; // the queue itself counts as one
    if (referred <= 2 || referred % NEWS_EVERY === 0) this.#news();
  }

  get hasReturned(): boolean {
    return this.#lent.get(this.#first)?.references === 0;
  }

  /** The oldest, which is through. */
  takeReturned(): { readonly id: number; readonly slots: number } {
    const lent = this.#lent.get(this.#first)!;
    this.#lent.delete(this.#first++);
    return lent;
  }

  /** The device was reset: nothing is given back to a driver that has forgotten it; pins stay while somebody reads. */
  forget(): void {
    for (; this.#first < this.#next; this.#first++)
      if (this.#lent.get(this.#first)?.references === 0) this.#lent.delete(this.#first);
    this.#outstanding = 0;
  }
}
