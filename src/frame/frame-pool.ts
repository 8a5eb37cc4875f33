// Frames in flight. They lie in slots of a few large memories (where CRCs are computed in place), and go from
// station to station as slot numbers: no object and no copy a frame.

import { sharedPacketMemory } from '../../protocols/core/checksum/index.js';

/** Slots in one memory. */
const CHUNK_SLOTS = 1024;
const CHUNK_BITS = 10;
/** Of a cache. */
const LINE_BYTES = 64;
const WORD_BYTES = 4;

const NOWHERE = -1;

/** Numbers kept of a slot, side by side: a quarter of a cache line. */
const LENGTH = 0;
/** The slot behind it in a queue, and what the queue was told about it. */
const NEXT = 1;
const NOTE = 2;
const ORIGIN = 3;
const RECORD = 4;

export class FramePool {
  readonly #chunks: Uint8Array[] = [];
  /** The same bytes as words of 32 bits: slots begin at whole words. */
  readonly #words: Uint32Array[] = [];
  /** Where in its array each chunk begins. */
  readonly #begins: number[] = [];
  #free = new Int32Array(0);
  #freeCount = 0;
  #records = new Int32Array(0);
  /** Is told of frames that stations drop, before their slots are free. */
  dropped: ((slot: number, why: string) => void) | null = null;
  readonly #most: number;
  /**
   * Bytes from one slot to the next: an odd number of cache lines. Headers are what stations read of a frame, and
   * with slots of 72 lines those of all frames fell into an eighth of a cache's sets.
   */
  readonly #stride: number;

  /**
   * @param slotBytes longest frame, a little more than the MTU with all headers
   * @param mostSlots bound; a pool that is empty refuses (`take` gives -1) and the taker says so
   */
  constructor(
    readonly slotBytes = 4608,
    mostSlots = 1 << 16,
  ) {
    this.#most = Math.ceil(mostSlots / CHUNK_SLOTS);
    this.#stride = LINE_BYTES * (2 * Math.floor(slotBytes / LINE_BYTES / 2) + 1);
    if (this.#stride < slotBytes) this.#stride += 2 * LINE_BYTES;
  }

  /** Slots that are taken. */
  get inUse(): number {
    return this.#chunks.length * CHUNK_SLOTS - this.#freeCount;
  }

  /** A slot for a new frame, or -1 when the bound is reached. Its bytes are what they were. */
  // hot
  take(): number {
    if (this.#freeCount === 0 && !this.#grow()) return -1;
    const slot = this.#free[--this.#freeCount]!;
    this.#records[slot * RECORD + ORIGIN] = NOWHERE;
    return slot;
  }

  // hot
  release(slot: number): void {
    this.#free[this.#freeCount++] = slot;
  }

  /** Releases a frame that nobody gets, for whoever wants to see why. */
  drop(slot: number, why: string): void {
    this.dropped?.(slot, why);
    this.release(slot);
  }

  /** Number of the wire by which the frame came, or of which it is a copy; -1 for frames of stations' own. */
  origin(slot: number): number {
    return this.#records[slot * RECORD + ORIGIN]!;
  }

  setOrigin(slot: number, wire: number): void {
    this.#records[slot * RECORD + ORIGIN] = wire;
  }

  /** The memory in which the slot lies. */
  bytes(slot: number): Uint8Array {
    return this.#chunks[slot >> CHUNK_BITS]!;
  }

  /** The same memory by words of 32 bits, in the machine's byte order: for comparing and copying headers. */
  words(slot: number): Uint32Array {
    return this.#words[slot >> CHUNK_BITS]!;
  }

  /** Where in that memory the frame begins: a multiple of 4. */
  at(slot: number): number {
    return this.#begins[slot >> CHUNK_BITS]! + (slot & (CHUNK_SLOTS - 1)) * this.#stride;
  }

  /** Bytes of the frame, without FCS. */
  length(slot: number): number {
    return this.#records[slot * RECORD + LENGTH]!;
  }

  setLength(slot: number, bytes: number): void {
    this.#records[slot * RECORD + LENGTH] = bytes;
  }

  /** Links for the one queue in which a slot waits, and a number of 32 bits that goes with it there. */
  next(slot: number): number {
    return this.#records[slot * RECORD + NEXT]!;
  }

  setNext(slot: number, next: number): void {
    this.#records[slot * RECORD + NEXT] = next;
  }

  note(slot: number): number {
    return this.#records[slot * RECORD + NOTE]!;
  }

  setNote(slot: number, note: number): void {
    this.#records[slot * RECORD + NOTE] = note;
  }

  /** A new slot with the same frame, or -1. */
  clone(slot: number): number {
    const copy = this.take();
    if (copy < 0) return -1;
    const at = this.at(slot);
    const from = this.bytes(slot);
    const to = this.bytes(copy);
    const length = this.length(slot);
    if (from === to) to.copyWithin(this.at(copy), at, at + length);
    else to.set(from.subarray(at, at + length), this.at(copy));
    this.setLength(copy, this.length(slot));
    this.setOrigin(copy, this.origin(slot));
    return copy;
  }

  #grow(): boolean {
    if (this.#chunks.length >= this.#most) return false;
    const first = this.#chunks.length * CHUNK_SLOTS;
    const { whole, at } = sharedPacketMemory(CHUNK_SLOTS * this.#stride);
    this.#chunks.push(whole);
    this.#words.push(
      new Uint32Array(whole.buffer, whole.byteOffset, Math.floor(whole.length / WORD_BYTES)),
    );
    this.#begins.push(at);
    const slots = this.#chunks.length * CHUNK_SLOTS;
    const records = new Int32Array(slots * RECORD);
    records.set(this.#records);
    this.#records = records;
    this.#free = new Int32Array(slots);
    this.#freeCount = 0;
    for (let slot = slots - 1; slot >= first; slot--) this.#free[this.#freeCount++] = slot;
    return true;
  }
}
