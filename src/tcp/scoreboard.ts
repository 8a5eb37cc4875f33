// What is in flight, segment by segment and in the order of the stream: when it was sent, whether the peer has it (SACK),
// whether it counts as lost, whether it was sent again. RFC 6675's scoreboard and RFC 8985's per-segment state in one.
// A ring of typed arrays, so that nothing is allocated a segment.

/** Bits of `flags`. */
export const SACKED = 1;
export const LOST = 2;
/** Sent again, and that copy may be in flight. */
export const RETRANSMITTED = 4;
/** Sent again some time, so that its acknowledgment tells no round trip (Karn). */
export const EVER_RETRANSMITTED = 8;

export class Scoreboard {
  /** Entries by index & mask. Places in our stream: SYN is 0. */
  start = new Float64Array(64);
  end = new Float64Array(64);
  sentAt = new Float64Array(64);
  flags = new Uint8Array(64);
  head = 0;
  count = 0;
  /** Bytes of entries that are SACKED. */
  sacked = 0;
  sackedCount = 0;
  /** Bytes of entries that are LOST and whose copy is not under way: what is to be sent again. */
  missing = 0;
  /** No entry below this place is missing. */
  #intactTo = 0;

  get mask(): number {
    return this.start.length - 1;
  }

  index(i: number): number {
    return (this.head + i) & this.mask;
  }

  clear(): void {
    this.head = 0;
    this.count = 0;
    this.sacked = 0;
    this.sackedCount = 0;
    this.missing = 0;
  }

  // hot
  push(start: number, end: number, now: number): void {
    if (this.count === this.start.length) this.#grow();
    const at = this.index(this.count++);
    this.start[at] = start;
    this.end[at] = end;
    this.sentAt[at] = now;
    this.flags[at] = 0;
  }

  size(at: number): number {
    return this.end[at]! - this.start[at]!;
  }

  #isMissing(at: number): boolean {
    return (this.flags[at]! & (LOST | RETRANSMITTED)) === LOST;
  }

  // hot
  markSacked(at: number): void {
    if (this.#isMissing(at)) this.missing -= this.size(at);
    this.flags[at] = (this.flags[at]! & EVER_RETRANSMITTED) + SACKED;
    this.sacked += this.size(at);
    this.sackedCount++;
  }

  /** It is gone; so is its copy, if it was sent again. */
  markLost(at: number): void {
    const flags = this.flags[at]!;
    if ((flags & SACKED) !== 0 || this.#isMissing(at)) return;
    this.missing += this.size(at);
    this.flags[at] = (flags & EVER_RETRANSMITTED) + LOST;
    this.#intactTo = Math.min(this.#intactTo, this.start[at]!);
  }

  markSentAgain(at: number, now: number): void {
    if (this.#isMissing(at)) this.missing -= this.size(at);
    this.flags[at] = this.flags[at]! | RETRANSMITTED | EVER_RETRANSMITTED;
    this.sentAt[at] = now;
  }

  /** The first entry that is to be sent again, counted from the head; -1 when none is. */
  // hot
  firstMissing(): number {
    if (this.missing === 0) return -1;
    for (let i = this.find(this.#intactTo); i < this.count; i++) {
      const at = this.index(i);
      if (!this.#isMissing(at)) continue;
      this.#intactTo = this.start[at]!;
      return i;
    }
    return -1;
  }

  /** Everything that the peer did not report counts as lost; with `reneged`, that too (RFC 2018 8). */
  markAllLost(reneged: boolean): void {
    for (let i = 0; i < this.count; i++) {
      const at = this.index(i);
      if (reneged) this.#unsack(at);
      this.markLost(at);
    }
  }

  #unsack(at: number): void {
    if ((this.flags[at]! & SACKED) === 0) return;
    this.flags[at] = this.flags[at]! - SACKED;
    this.sacked -= this.size(at);
    this.sackedCount--;
  }

  /** Takes the first entry away. */
  // hot
  shift(): void {
    this.#forget(this.head, this.size(this.head));
    if ((this.flags[this.head]! & SACKED) !== 0) this.sackedCount--;
    this.head = (this.head + 1) & this.mask;
    this.count--;
  }

  /** The first entry begins at `place` now. */
  trim(place: number): void {
    this.#forget(this.head, place - this.start[this.head]!);
    this.start[this.head] = place;
  }

  #forget(at: number, size: number): void {
    if ((this.flags[at]! & SACKED) !== 0) this.sacked -= size;
    if (this.#isMissing(at)) this.missing -= size;
  }

  /** Cuts the `i`th entry in two at `place`: it is to be sent again in smaller segments. */
  split(i: number, place: number): void {
    if (this.count === this.start.length) this.#grow();
    for (let j = this.count; j > i; j--) this.#copy(this.index(j - 1), this.index(j));
    this.count++;
    const at = this.index(i);
    this.end[at] = place;
    this.start[this.index(i + 1)] = place;
    if ((this.flags[at]! & SACKED) !== 0) this.sackedCount++;
  }

  /** Which entry holds `place`: the first one that ends behind it; `count` when none does. */
  // hot
  find(place: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.end[this.index(middle)]! > place) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #copy(from: number, to: number): void {
    this.start[to] = this.start[from]!;
    this.end[to] = this.end[from]!;
    this.sentAt[to] = this.sentAt[from]!;
    this.flags[to] = this.flags[from]!;
  }

  #grow(): void {
    const { start, end, sentAt, flags, count } = this;
    const old = Int32Array.from({ length: count }, (_, i) => this.index(i));
    const size = start.length * 2;
    this.start = new Float64Array(size);
    this.end = new Float64Array(size);
    this.sentAt = new Float64Array(size);
    this.flags = new Uint8Array(size);
    this.head = 0;
    old.forEach((from, to) => {
      this.start[to] = start[from]!;
      this.end[to] = end[from]!;
      this.sentAt[to] = sentAt[from]!;
      this.flags[to] = flags[from]!;
    });
  }
}
