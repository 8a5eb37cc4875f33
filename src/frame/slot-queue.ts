// A first-in, first-out queue of slots, each with one number that goes with it. Grows to what it once held.

export class SlotQueue {
  #slots = new Int32Array(64);
  #extra = new Float64Array(64);
  #head = 0;
  /** Slots that wait. */
  count = 0;
  /** Their bytes, as `put` was told. */
  bytes = 0;

  // hot
  put(slot: number, bytes: number, extra = 0): void {
    if (this.count === this.#slots.length) this.#grow();
    const i = (this.#head + this.count) & (this.#slots.length - 1);
    this.#slots[i] = slot;
    this.#extra[i] = extra;
    this.count++;
    this.bytes += bytes;
  }

  /** The first slot, or -1. */
  get first(): number {
    return this.count === 0 ? -1 : this.#slots[this.#head]!;
  }

  /** What goes with the first slot. */
  get firstExtra(): number {
    return this.#extra[this.#head]!;
  }

  /** Takes the first slot, which has `bytes` bytes. */
  // hot
  take(bytes: number): number {
    const slot = this.#slots[this.#head]!;
    this.count--;
    // An empty queue begins anew, so that short ones keep to the same line of a cache.
    this.#head = this.count === 0 ? 0 : (this.#head + 1) & (this.#slots.length - 1);
    this.bytes -= bytes;
    return slot;
  }

  #grow(): void {
    const size = this.#slots.length;
    const slots = new Int32Array(size * 2);
    const extra = new Float64Array(size * 2);
    for (let i = 0; i < size; i++) {
      slots[i] = this.#slots[(this.#head + i) & (size - 1)]!;
      extra[i] = this.#extra[(this.#head + i) & (size - 1)]!;
    }
    this.#slots = slots;
    this.#extra = extra;
    this.#head = 0;
  }
}
