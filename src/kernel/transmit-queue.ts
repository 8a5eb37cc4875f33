// One transmit queue of the card: descriptors that the doorbell told of are read in runs, frames gathered from the memory
// that they name, cut if they are too long, and left for the wire with the instant at which they may go.

import { sharedPacketMemory } from '../../protocols/core/checksum/index.js';
import type { FramePool, SlotQueue } from '../frame/index.js';
import type { DmaEngine, Translation } from '../memory/index.js';
import { after, type Nanos } from '../time/index.js';
import { ENTRY_BYTES, TxDescriptor } from './descriptor.js';
import { PacketView } from './packet-view.js';
import type { Ring } from './ring.js';
import { WORD_SPAN } from './ring.js';
import { fillTcpChecksum, pieceHeaders, seqOf } from './segmentation.js';

const { get } = TxDescriptor;
/** Headers with all options, and whole frames that are not cut. */
const HEADER_BYTES = 256;
/** Pieces of one frame; a driver that writes more is wrong. */
export const MOST_PIECES = 64;

/** What makes a card's frames, and takes them up, one after the other: for all of its functions. */
export interface EthernetEngine {
  /** The instants before which it makes no further frame, and takes no further one. */
  lastFrame: Nanos;
  lastIn: Nanos;
}

/** Frames of all queues on their way to the wire. */
export interface WireSide {
  readonly pool: FramePool;
  readonly dma: DmaEngine;
  readonly memory: Translation;
  readonly frames: SlotQueue;
  readonly engine: EthernetEngine;
  readonly packetNs: number;
}

export class TransmitQueue {
  /** Counters that never go back: descriptors that exist, that the card has read, and that it is through with. */
  tail = 0;
  read = 0;
  done = 0;
  /** A run of descriptors is being read. */
  reading = 0;
  frames = 0;
  bytes = 0;
  /** Descriptors as they were read, in packet memory, where DMA moves them to without a view. */
  readonly #cache: Uint8Array;
  readonly #cacheAt: number;
  readonly #header = new Uint8Array(HEADER_BYTES);
  readonly #view = new PacketView();
  readonly #addresses = new Float64Array(MOST_PIECES);
  readonly #lengths = new Float64Array(MOST_PIECES);
  #pieces = 0;
  #piece = 0;
  #skip = 0;
  /** Of the frame that is being cut. */
  #seq = 0;

  constructor(
    readonly ring: Ring,
    readonly side: WireSide,
  ) {
    const { whole, at } = sharedPacketMemory(ring.entries * ENTRY_BYTES);
    this.#cache = whole;
    this.#cacheAt = at;
  }

  /** Asks for the next descriptors; when they are here, or -1 when there are none. */
  // hot
  fetch(now: Nanos, batch: number): number {
    const { ring, side } = this;
    const left = this.tail - this.read;
    if (this.reading > 0 || left <= 0) return -1;
    const at = this.read % ring.entries;
    const count = Math.min(left, batch, ring.entries - at);
    this.reading = count;
    const bytes = count * ENTRY_BYTES;
    return side.dma.read(
      now,
      side.memory,
      ring.addressOf(this.read),
      bytes,
      this.#cache,
      this.#cacheAt + at * ENTRY_BYTES,
    );
  }

  fetched(): void {
    this.read += this.reading;
    this.reading = 0;
  }

  /** How many descriptors the next frame has; 0 while not all of them are here. */
  // hot
  get next(): number {
    for (let i = this.done; i < this.read; i++)
      if (get.end(this.#cache, this.#place(i)) !== 0) return i - this.done + 1;
    return 0;
  }

  #place(counter: number): number {
    return this.#cacheAt + (counter % this.ring.entries) * ENTRY_BYTES;
  }

  /** Makes the frames of the next `count` descriptors; when the last of their bytes is here, or -1 without slots. */
  // hot
  send(now: Nanos, count: number): number {
    const first = this.#place(this.done);
    const cache = this.#cache;
    const mss = get.mss(cache, first);
    const sums = get.checksum(cache, first) !== 0;
    const whole = this.#gather(count);
    if (mss === 0) {
      const ready = this.#frame(now, 0, whole, sums);
      if (ready < 0) return -1;
      this.done += count;
      return ready as Nanos;
    }
    const headerLength = get.headerLength(cache, first);
    const text = whole - headerLength;
    let ready = now;
    for (let from = 0, index = 0; from < text; from += mss, index++) {
      const length = Math.min(mss, text - from);
      const at = this.#cut(now, headerLength, index, from, length, text);
      if (at < 0) break; // a card without room drops the rest; TCP sends it again
      ready = at as Nanos;
    }
    this.done += count;
    return ready;
  }

  /** Where the pieces lie, and how many bytes they are. */
  // hot
  #gather(count: number): number {
    if (count > MOST_PIECES) throw new RangeError(`a frame of ${count} pieces`);
    let whole = 0;
    for (let i = 0; i < count; i++) {
      const at = this.#place(this.done + i);
      this.#addresses[i] =
        get.addressHigh(this.#cache, at) * WORD_SPAN + get.addressLow(this.#cache, at);
      this.#lengths[i] = get.length(this.#cache, at);
      whole += this.#lengths[i]!;
    }
    this.#pieces = count;
    this.#piece = 0;
    this.#skip = 0;
    return whole;
  }

  /** Reads the next `length` bytes of the pieces; when they are here. */
  // hot
  #pull(now: Nanos, length: number, into: Uint8Array, at: number): Nanos {
    const { dma, memory } = this.side;
    let ready = now;
    for (let got = 0; got < length && this.#piece < this.#pieces; ) {
      const left = this.#lengths[this.#piece]! - this.#skip;
      const take = Math.min(left, length - got);
      const address = this.#addresses[this.#piece]! + this.#skip;
      const came = dma.read(now, memory, address, take, into, at + got);
      if (came > ready) ready = came;
      got += take;
      this.#skip += take;
      if (take === left) {
        this.#piece++;
        this.#skip = 0;
      }
    }
    return ready;
  }

  // hot
  #frame(now: Nanos, _index: number, length: number, sums: boolean): number {
    const { pool } = this.side;
    const slot = pool.take();
    if (slot < 0) return -1;
    const b = pool.bytes(slot);
    const at = pool.at(slot);
    const ready = this.#pull(now, length, b, at);
    if (sums) {
      this.#view.read(b, at, at + length);
      if (this.#view.isTcp) fillTcpChecksum(b, this.#view, at + length);
    }
    return this.#leave(slot, length, ready);
  }

  // hot
  #cut(
    now: Nanos,
    headerLength: number,
    index: number,
    from: number,
    length: number,
    text: number,
  ): number {
    const { pool } = this.side;
    const slot = pool.take();
    if (slot < 0) return -1;
    const b = pool.bytes(slot);
    const at = pool.at(slot);
    const header = this.#header;
    let ready = now;
    if (from === 0) ready = this.#pull(now, headerLength, header, 0);
    for (let i = 0; i < headerLength; i++) b[at + i] = header[i]!;
    const textAt = at + headerLength;
    const came = this.#pull(now, length, b, textAt);
    if (came > ready) ready = came;
    const view = this.#view;
    view.at = at;
    readHeaders(view, b, at, textAt);
    if (from === 0) this.#seq = seqOf(b, view);
    pieceHeaders(b, view, index, from, length, text, this.#seq);
    fillTcpChecksum(b, view, textAt + length);
    return this.#leave(slot, headerLength + length, ready);
  }

  // hot
  #leave(slot: number, length: number, ready: Nanos): number {
    const { side } = this;
    side.pool.setLength(slot, length);
    const free = after(side.engine.lastFrame, side.packetNs);
    const at = Math.ceil(free > ready ? free : ready) as Nanos;
    side.engine.lastFrame = at;
    side.frames.put(slot, length, at);
    this.frames++;
    this.bytes += length;
    return at;
  }
}

/** Headers whose lengths are those of the frame before it was cut. */
// hot
function readHeaders(view: PacketView, b: Uint8Array, at: number, textAt: number): void {
  view.read(b, at, Number.POSITIVE_INFINITY);
  view.textAt = textAt;
}
