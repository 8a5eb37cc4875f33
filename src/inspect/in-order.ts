// One direction of a TCP connection as it is seen on a wire: which of a segment's bytes come next, which are
// old, and which must wait. Bytes that were delivered first win over later copies of the same sequence
// numbers. Sequence numbers are compared on the circle, so they may wrap.

import { seqAdd, seqDiff } from '../../protocols/index.js';

/** A segment that waits because bytes before it are missing. */
export interface Held {
  readonly seq: number;
  readonly bytes: Uint8Array;
  /** Number of the frame that carried it. */
  readonly frame: number;
}

export class InOrder {
  /** Sequence number of the next byte to be delivered; undefined before anything was seen. */
  next: number | undefined;
  /** Bytes delivered so far. */
  position = 0;
  /** Segments ahead of `next`, by distance. */
  readonly #held: Held[] = [];
  #heldBytes = 0;

  /** Bytes that wait for missing ones. */
  get heldBytes(): number {
    return this.#heldBytes;
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

  /** Keeps a copy of a segment that is ahead. A segment wholly inside another that waits is not kept. */
  hold(seq: number, bytes: Uint8Array, frame: number): void {
    const next = this.next ?? seq;
    const distance = seqDiff(seq, next);
    const inside = this.#held.some(
      (h) =>
        seqDiff(h.seq, next) <= distance &&
        seqDiff(h.seq, next) + h.bytes.length >= distance + bytes.length,
    );
    if (inside) return;
    const place = this.#held.findIndex((h) => seqDiff(h.seq, next) > distance);
    const held = { seq, bytes: bytes.slice(), frame };
    this.#held.splice(place < 0 ? this.#held.length : place, 0, held);
    this.#heldBytes += bytes.length;
  }

  /** Takes the next segment that no longer waits, without its old bytes; undefined when none is due. */
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

  /** Forgets everything that waits. */
  drop(): void {
    this.#held.length = 0;
    this.#heldBytes = 0;
  }
}
