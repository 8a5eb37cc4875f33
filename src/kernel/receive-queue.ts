// One receive queue of the card: buffers that the driver has given, what of them is filled, and the completions that say
// so.

import { sharedPacketMemory } from '../../protocols/core/checksum/index.js';
import type { FramePool } from '../frame/index.js';
import type { DmaEngine, Translation } from '../memory/index.js';
import type { Nanos } from '../time/index.js';
import { Completion, ENTRY_BYTES, RxDescriptor } from './descriptor.js';
import { type Ring, WORD_SPAN } from './ring.js';

const { get } = RxDescriptor;

/** A ring of completions as the card writes it, of either direction. */
export class CompletionWriter {
  /** Completions that are on their way or in memory, and those in memory. */
  written = 0;
  landed = 0;
  readonly #image: Uint8Array;
  readonly #entry = new Uint8Array(ENTRY_BYTES);
  readonly #took: Float64Array;

  constructor(
    readonly ring: Ring,
    readonly dma: DmaEngine,
    readonly memory: Translation,
  ) {
    this.#image = new Uint8Array(ring.entries * ENTRY_BYTES);
    this.#took = new Float64Array(ring.entries);
  }

  /** Sends a completion on its way; when it is in memory (`land` must be called then). */
  // hot
  write(
    now: Nanos,
    index: number,
    length: number,
    checked: boolean,
    hash: number,
    more = false,
  ): Nanos {
    const place = this.written % this.ring.entries;
    const at = place * ENTRY_BYTES;
    const { set } = Completion;
    set.lap(this.#image, at, this.ring.lap(this.written));
    set.checked(this.#image, at, checked ? 1 : 0);
    set.more(this.#image, at, more ? 1 : 0);
    set.length(this.#image, at, length);
    set.index(this.#image, at, index);
    set.hash(this.#image, at, hash);
    const done = this.dma.send(now, this.memory, this.ring.addressOf(this.written), ENTRY_BYTES);
    this.#took[place] = done - now;
    this.written++;
    return done;
  }

  // hot
  land(now: Nanos): void {
    const { ring, landed, memory } = this;
    const place = landed % ring.entries;
    const from = place * ENTRY_BYTES;
    for (let i = 0; i < ENTRY_BYTES; i++) this.#entry[i] = this.#image[from + i]!;
    const took = this.#took[place]!;
    this.dma.land(now, took, memory, ring.addressOf(landed), this.#entry, ENTRY_BYTES);
    this.landed++;
  }
}

export class ReceiveQueue {
  /** Buffers that the driver has given, whose descriptors the card has read, and that it has filled. */
  tail = 0;
  read = 0;
  used = 0;
  frames = 0;
  bytes = 0;
  /** By buffer: the sum of all bytes that the card had received with its frame. */
  readonly stamps: Float64Array;
  /** Descriptors as they were read, in packet memory, where DMA moves them to without a view. */
  readonly #cache: Uint8Array;
  readonly #cacheAt: number;

  constructor(
    readonly ring: Ring,
    readonly completions: CompletionWriter,
    readonly dma: DmaEngine,
    readonly memory: Translation,
  ) {
    const { whole, at } = sharedPacketMemory(ring.entries * ENTRY_BYTES);
    this.#cache = whole;
    this.#cacheAt = at;
    this.stamps = new Float64Array(ring.entries);
  }

  /** Reads descriptors ahead of need, a run at a time. */
  // hot
  prefetch(now: Nanos, batch: number): void {
    const { ring } = this;
    while (this.read < this.tail && this.read - this.used < batch) {
      const left = ring.entries - (this.read % ring.entries);
      const count = Math.min(this.tail - this.read, batch, left);
      const from = ring.addressOf(this.read);
      const to = this.#place(this.read);
      this.dma.read(now, this.memory, from, count * ENTRY_BYTES, this.#cache, to);
      this.read += count;
    }
  }

  #place(counter: number): number {
    return this.#cacheAt + (counter % this.ring.entries) * ENTRY_BYTES;
  }

  /** Whether there is a buffer for a frame of so many bytes. */
  // hot
  takes(length: number): boolean {
    if (this.used >= this.read) return false;
    return length <= get.length(this.#cache, this.#place(this.used));
  }

  /** Puts the frame, from byte `skip` on, into the next buffer; when its completion will be in memory. */
  // hot
  fill(
    now: Nanos,
    pool: FramePool,
    slot: number,
    checked: boolean,
    hash: number,
    stamp: number,
    skip = 0,
    more = false,
  ): Nanos {
    const at = this.#place(this.used);
    const address = get.addressHigh(this.#cache, at) * WORD_SPAN + get.addressLow(this.#cache, at);
    const from = pool.at(slot) + skip;
    const length = pool.length(slot) - skip;
    this.dma.write(now, this.memory, address, pool.bytes(slot), from, from + length);
    this.stamps[this.used % this.ring.entries] = stamp;
    this.frames++;
    this.bytes += length;
    const index = this.used++ % this.ring.entries;
    return this.completions.write(now, index, length, checked, hash, more);
  }
}
