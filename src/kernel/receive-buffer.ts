// What a socket has received: pieces of the frames as DMA put them into memory, in the order of the stream. Its size is
// what TCP promises the peer; it grows as the reader keeps up (Linux: tcp_rcv_space_adjust).

import type { PhysicalMemory } from '../memory/index.js';
import type { ReceiveSink } from '../tcp/index.js';
import type { Nanos } from '../time/index.js';
import type { Arrival, PieceTaker } from './arrival.js';
import { Fragments } from './fragments.js';
import type { Keeper, PagePool } from './page-pool.js';

/** Where what arrives now comes from; the kernel says so before it hands it up. */
export interface Arriving {
  readonly arrival: Arrival | null;
  readonly now: Nanos;
  readonly memory: PhysicalMemory;
  /** Of received frames. */
  readonly pool: PagePool;
}

export interface ReceiveOwner {
  delivered(now: Nanos): void;
}

export class ReceiveBuffer implements ReceiveSink, PieceTaker {
  /** Pages are taken as frames come, as Linux's socket buffers do: the capacity is what is promised. */
  readonly gives = true;
  taken = 0;
  /** The stream is whole up to here. */
  delivered = 0;
  /** Packets that went up and whose bytes were not all taken. */
  packets = 0;
  readonly fragments = new Fragments();
  owner: ReceiveOwner | null = null;
  readonly #arriving: Arriving;
  #place = 0;
  // Autotuning: what was taken in the last round trip decides what the next may be.
  #measuredAt: Nanos | -1 = -1;
  #measuredFrom = 0;
  #measured = 0;

  /** @param capacity bytes that the peer may send ahead; `most` is how far it may grow */
  constructor(
    arriving: Arriving,
    public capacity: number,
    public most: number,
  ) {
    this.#arriving = arriving;
  }

  /** Bytes that can be read. */
  get ready(): number {
    return this.delivered - this.taken;
  }

  // hot
  place(place: number, length: number, from: Uint8Array, at: number): void {
    const { arrival } = this.#arriving;
    this.#place = place;
    if (arrival === null || arrival.bytes !== from) return this.#keep(length, from, at);
    this.packets++;
    arrival.pieces(at - arrival.at, length, this);
  }

  // hot
  piece(
    offset: number,
    length: number,
    address: number,
    keeper: Keeper,
    block: number,
    stamp: number,
  ): void {
    this.fragments.insert(this.#place + offset, length, address, keeper, block, stamp);
  }

  /** Put together from IP fragments: it lies in no page yet. */
  #keep(length: number, from: Uint8Array, at: number): void {
    const { pool, memory } = this.#arriving;
    this.packets++;
    for (let done = 0; done < length; ) {
      const block = pool.take();
      if (block < 0) throw new RangeError('no page for what arrived in fragments');
      const size = Math.min(length - done, pool.blockBytes);
      const address = pool.address(block);
      memory.locate(address).set(from.subarray(at + done, at + done + size), memory.at);
      this.piece(done, size, address, pool, block, 0);
      pool.release(block);
      done += size;
    }
  }

  deliver(place: number): void {
    this.delivered = place;
    this.owner?.delivered(this.#arriving.now);
  }

  /** The reader has taken `length` bytes; how many packets are done with. */
  // hot
  take(now: Nanos, length: number, roundTripNs: number): number {
    const share =
      length >= this.ready ? this.packets : Math.floor((this.packets * length) / this.ready);
    this.packets -= share;
    this.taken += length;
    this.fragments.releaseBelow(this.taken);
    this.#adjust(now, roundTripNs);
    return share;
  }

  /** Linux, tcp_rcv_space_adjust: twice what was read in a round trip, and more while that still grows. */
  // hot
  #adjust(now: Nanos, roundTripNs: number): void {
    if (this.capacity >= this.most) return;
    if (this.#measuredAt === -1) {
      this.#measuredAt = now;
      this.#measuredFrom = this.taken;
      this.#measured = FIRST_SPACE;
      return;
    }
    if (roundTripNs === 0 || now - this.#measuredAt < roundTripNs) return;
    const copied = this.taken - this.#measuredFrom;
    if (copied > this.#measured) {
      const grown = 2 * copied + SPARE;
      const faster = grown + (2 * grown * (copied - this.#measured)) / this.#measured;
      this.capacity = Math.max(this.capacity, Math.min(this.most, Math.floor(faster)));
      this.#measured = copied;
    }
    this.#measuredAt = now;
    this.#measuredFrom = this.taken;
  }

  clear(): void {
    this.fragments.clear();
    this.packets = 0;
  }
}

/** Ten segments (TCP_INIT_CWND). */
const FIRST_SPACE = 10 * 1460;
/** Sixteen segments beside what was read. */
const SPARE = 16 * 1460;
