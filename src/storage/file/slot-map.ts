// Which slots of the disk are in use, and by how many. A slot that was given up is used again only when it is durable
// that it was: until then a crash would bring back who used it.

/** Slots 0 and 1 hold the superblock. */
export const FIRST_SLOT = 2;
/** Free slots are looked for where at least one in so many is free; otherwise the disk grows. */
const WORTH = 4;
const MOST_SLOTS = 2 ** 32 - 1;

export class SlotMap {
  #users = new Uint16Array(1024);
  /** Slots below this were used at some time. */
  #high = FIRST_SLOT;
  #free = 0;
  #cursor = FIRST_SLOT;
  /** Free slots may be used. */
  #thawed = true;
  /** Given up, but not yet to be used again. */
  #released: number[] = [];
  #releasedPages: number[] = [];
  #releasedCount = 0;

  get high(): number {
    return this.#high;
  }

  /** Slots that hold something, or soon will not. */
  get used(): number {
    return this.#high - FIRST_SLOT - this.#free;
  }

  /** Slots that will be free when a checkpoint or a sync is durable. */
  get leaving(): number {
    return this.#releasedCount;
  }

  /**
   * Up to `count` slots in a row, each with one user.
   * @param tight use any free slot before the disk grows
   * @returns the first; `this.taken` says how many
   */
  // hot
  take(count: number, tight = false): number {
    const reuse = this.#thawed && this.#free > 0 && (tight || this.#free * WORTH >= this.#high);
    const first = reuse ? this.#findFree() : this.#high;
    let end = first;
    while (end - first < count && (end >= this.#high || this.#users[end] === 0)) {
      // Beyond the end only where the run began there: a run does not straddle it.
      if (end >= this.#high && first < this.#high) break;
      end++;
    }
    if (end > MOST_SLOTS) throw Object.assign(new Error('the store is full'), { code: 'ENOSPC' });
    this.#grow(end);
    this.#users.fill(1, first, end);
    if (first >= this.#high) this.#high = end;
    else this.#free -= end - first;
    this.#cursor = end;
    this.taken = end - first;
    return first;
  }

  /** How many slots the last `take` took. */
  taken = 0;

  #findFree(): number {
    let at = this.#cursor;
    for (;;) {
      if (at >= this.#high) at = FIRST_SLOT;
      if (this.#users[at] === 0) return at;
      at++;
    }
  }

  #grow(end: number): void {
    if (end <= this.#users.length) return;
    const larger = new Uint16Array(Math.max(end, this.#users.length * 2));
    larger.set(this.#users);
    this.#users = larger;
  }

  /** One more user. @throws RangeError beyond 65535 of them */
  // hot
  share(slot: number): void {
    if (this.#users[slot] === 0xffff) throw new RangeError('too many volumes share a block');
    this.#users[slot]!++;
  }

  /** One user less; the last one leaves the slot to `collect`. */
  // hot
  release(slot: number): void {
    if (this.#users[slot]! > 1) {
      this.#users[slot]!--;
      return;
    }
    this.#released.push(slot);
    this.#releasedCount++;
  }

  /** A slot that was taken and never written to anything that counts. */
  giveBack(slot: number): void {
    this.#users[slot] = 0;
    this.#free++;
  }

  /** A page of the checkpoint on disk, which refers to it until the next one is durable. */
  releasePage(slot: number): void {
    this.#releasedPages.push(slot);
    this.#releasedCount++;
  }

  /** What was released up to now; `free` it when it is durable that nothing refers to it. */
  collect(checkpoint: boolean): number[] {
    const collected = checkpoint ? [...this.#released, ...this.#releasedPages] : this.#released;
    this.#released = [];
    if (checkpoint) this.#releasedPages = [];
    return collected;
  }

  free(slots: readonly number[]): void {
    for (const slot of slots) this.#users[slot] = 0;
    this.#free += slots.length;
    this.#releasedCount -= slots.length;
  }

  /** For loading: everything below `high` is free unless `claim`ed. */
  begin(high: number): void {
    this.#grow(high);
    this.#high = Math.max(high, FIRST_SLOT);
    this.#free = this.#high - FIRST_SLOT;
    this.#thawed = false;
  }

  /** What was loaded is durable. Before, what the disk falls back to in a crash may use what looks free. */
  thaw(): void {
    this.#thawed = true;
  }

  /** For loading: one more user of a slot. */
  claim(slot: number): void {
    if (slot >= this.#high) {
      this.#grow(slot + 1);
      this.#free += slot - this.#high + 1;
      this.#high = slot + 1;
    }
    if (this.#users[slot] === 0) this.#free--;
    this.share(slot);
  }
}
