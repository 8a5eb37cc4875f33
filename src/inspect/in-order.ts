// One direction of a TCP connection as it is seen on a wire: which of a segment's bytes come next, which are
// old, and which must wait. Bytes that were seen first win over later copies of the same sequence numbers.
// Sequence numbers are compared on the circle, so they may wrap.

import { seqAdd, seqDiff } from '../../protocols/index.js';

/** A run of bytes that waits because bytes before it are missing. */
export interface Held {
  readonly seq: number;
  readonly bytes: Uint8Array;
  /** Number of the frame that carried it. */
  readonly frame: number;
}

/** What remembering a run costs beside its bytes: segments of one byte each are bounded as well. */
const HELD_COST = 512;

export class InOrder {
  /** Sequence number of the next byte to be delivered; undefined before anything was seen. */
  next: number | undefined;
  /** Bytes delivered or passed over so far. */
  position = 0;
  /** Runs ahead of `next`, by distance; none overlaps another. */
  readonly #held: Held[] = [];
  #heldBytes = 0;

  /** Bytes of memory for what waits. */
  get kept(): number {
    return this.#heldBytes + this.#held.length * HELD_COST;
  }

  /** Bytes that wait, without what it costs to remember them. */
  get waiting(): number {
    return this.#heldBytes;
  }

  /** Bytes that follow `next` without a hole. */
  reach(): number {
    let end = 0;
    for (const { seq, bytes } of this.#held) {
      if (seqDiff(seq, this.next ?? 0) !== end) break;
      end += bytes.length;
    }
    return end;
  }

  /** Distance from `next` to the first byte that waits: the size of the hole. 0 when nothing waits. */
  get hole(): number {
    const first = this.#held[0];
    return first && this.next !== undefined ? Math.max(0, seqDiff(first.seq, this.next)) : 0;
  }

  /**
   * Looks at a segment of `length` bytes from `seq` on. Returns how many of its bytes are old; that many
   * again as its length when all are; -1 when it begins behind a hole.
   */
  offer(seq: number, length: number): number {
    this.next ??= seq;
    const ahead = seqDiff(seq, this.next);
    if (ahead > 0) return -1;
    return Math.min(length, -ahead);
  }

  /** Notes that `length` bytes were delivered. */
  deliver(length: number): void {
    this.next = seqAdd(this.next ?? 0, length);
    this.position += length;
  }

  /** Keeps a copy of those bytes of a segment ahead of `next` that do not wait yet. */
  hold(seq: number, bytes: Uint8Array, frame: number): void {
    const next = this.next ?? seq;
    let from = seqDiff(seq, next);
    const start = from;
    const end = from + bytes.length;
    for (let i = this.#firstBehind(from, next); from < end; i++) {
      const known = this.#held[i];
      const knownAt = known ? seqDiff(known.seq, next) : end;
      const to = Math.min(end, knownAt);
      if (from < to) {
        const run = bytes.slice(from - start, to - start);
        this.#held.splice(i++, 0, { seq: seqAdd(next, from), bytes: run, frame });
        this.#heldBytes += run.length;
      }
      from = known ? Math.max(to, knownAt + known.bytes.length) : end;
    }
  }

  /** Index of the first run that ends behind `distance`. */
  #firstBehind(distance: number, next: number): number {
    let low = 0;
    let high = this.#held.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const { seq, bytes } = this.#held[middle]!;
      if (seqDiff(seq, next) + bytes.length > distance) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Takes the next run that no longer waits, without its old bytes; undefined when none is due. */
  due(): Held | undefined {
    for (let first = this.#held[0]; first; first = this.#held[0]) {
      const old = this.offer(first.seq, first.bytes.length);
      if (old < 0) return undefined;
      this.#held.shift();
      this.#heldBytes -= first.bytes.length;
      if (old < first.bytes.length) {
        return { ...first, seq: seqAdd(first.seq, old), bytes: first.bytes.subarray(old) };
      }
    }
    return undefined;
  }

  /** True where a receiver that acknowledges `ack` has the bytes that are missing here. */
  isPassedBy(ack: number): boolean {
    const first = this.#held[0];
    return first !== undefined && seqDiff(ack, first.seq) >= 0;
  }

  /** Passes over the hole in front of what waits; returns its size. */
  passHole(): number {
    const size = this.hole;
    this.deliver(size);
    return size;
  }

  /** Forgets everything that waits, and goes on with whatever comes next. */
  restart(): void {
    this.#held.length = 0;
    this.#heldBytes = 0;
    this.next = undefined;
  }
}
