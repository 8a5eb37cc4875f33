// Receive queues: a queue pair's own, in order, and the shared one (IBA 10.2.9), whose entries are taken in the order
// of posting but come free in any.

import type { Nanos } from '../time/index.js';
import type { CompletionQueue } from './completion-queue.js';
import { type Address, type AddressSpace, highHalf, lowHalf, UsageError } from './memory-parts.js';
import type { MemoryPort } from './memory-port.js';
import { highOf, lowOf, RecvWqe, Sge, WQE_UNIT } from './queue-format.js';
import { Ring } from './ring.js';
import type { RecvJob } from './work-request.js';

/** struct ibv_sge. */
export interface SgeInput {
  readonly addr: Address;
  readonly length: number;
  readonly lkey: number;
}

/** struct ibv_recv_wr. */
export interface RecvWr {
  readonly wrId?: number;
  readonly sgList?: readonly SgeInput[];
}

/** Entries take whole units. */
export const strideOf = (head: number, maxSge: number): number =>
  Math.ceil((head + maxSge * Sge.size) / WQE_UNIT) * WQE_UNIT;

// hot
export function writeSge(b: Uint8Array, at: number, { addr, length, lkey }: SgeInput): void {
  Sge.set.addrHigh(b, at, highHalf(addr));
  Sge.set.addrLow(b, at, lowHalf(addr));
  Sge.set.length(b, at, length);
  Sge.set.lkey(b, at, lkey);
}

export class ReceiveQueue {
  readonly ring: Ring;
  /** Entries posted, rung for, taken by the device; slots that the CPU may write again. */
  posted = 0;
  rung = 0;
  taken = 0;
  freed = 0;
  readonly shared: boolean;
  /** Where completions of an XRC shared queue go. */
  cq: CompletionQueue | null = null;
  /** Asynchronous event when fewer are left; 0: none. */
  limit = 0;
  /** Number by which XRC packets name it. */
  readonly handle: number;
  /** Of a shared queue: which slots are free, and in which order the posted ones are to be taken. */
  readonly #free: Int32Array;
  readonly #order: Int32Array;
  #freeCount: number;
  #scratch: Uint8Array;
  /** Of entries fetched ahead: when each comes; behind the last one. */
  #comesAt = new Float64Array(0);
  #end = 0;
  /** Counts resets: doorbells from before mean nothing. */
  epoch = 0;

  constructor(
    space: AddressSpace,
    readonly maxWr: number,
    readonly maxSge: number,
    handle = -1,
  ) {
    this.shared = handle >= 0;
    this.handle = handle;
    this.ring = new Ring(
      space,
      Math.max(1, maxWr),
      strideOf(RecvWqe.size, maxSge),
      'receive queue',
    );
    this.#scratch = new Uint8Array(this.ring.stride);
    this.#free = new Int32Array(this.shared ? maxWr : 0);
    this.#order = new Int32Array(this.shared ? maxWr : 0);
    this.#freeCount = this.#free.length;
    for (let i = 0; i < this.#freeCount; i++) this.#free[i] = this.#freeCount - 1 - i;
  }

  /** Entries that the device may take. */
  get waiting(): number {
    return this.rung - this.taken;
  }

  /** @throws UsageError ENOMEM when it is full, EINVAL when the entry has too many parts */
  post(wr: RecvWr): void {
    const list = wr.sgList ?? [];
    if (list.length > this.maxSge)
      throw new UsageError('EINVAL', `${list.length} entries, not at most ${this.maxSge}`);
    const slot = this.#slot();
    const { bytes } = this.ring;
    const at = this.ring.at(slot);
    const id = wr.wrId ?? 0;
    RecvWqe.set.wrIdHigh(bytes, at, highOf(id));
    RecvWqe.set.wrIdLow(bytes, at, lowOf(id));
    RecvWqe.set.numSge(bytes, at, list.length);
    for (let i = 0; i < list.length; i++)
      writeSge(bytes, at + RecvWqe.size + i * Sge.size, list[i]!);
    if (this.shared) this.#order[this.posted % this.maxWr] = slot;
    this.posted++;
  }

  #slot(): number {
    if (this.shared ? this.#freeCount === 0 : this.posted - this.freed >= this.maxWr)
      throw new UsageError('ENOMEM', `the receive queue's ${this.maxWr} entries are all posted`);
    return this.shared ? this.#free[--this.#freeCount]! : this.posted;
  }

  /** The device fetches the next entry, if it has not come already; false when none is posted. */
  // hot
  take(now: Nanos, port: MemoryPort, job: RecvJob): boolean {
    if (this.rung === this.taken) return false;
    const index = this.#indexOf(this.taken);
    const { stride } = this.ring;
    const batch = this.#comesAt.length;
    if (batch > 0 && this.#end <= this.taken) this.prefetch(now, port, batch);
    const slot = batch > 0 ? this.taken % batch : 0;
    const at = slot * stride;
    if (batch > 0) port.await(now, this.#comesAt[slot]!);
    else port.came(this.ring.fetch(now, port, index, 0, stride, this.#scratch, at));
    job.room(this.maxSge);
    job.fetch(this.#scratch, at, index);
    job.srqNum = this.shared ? this.handle : 0;
    this.taken++;
    if (2 * (this.#end - this.taken) <= batch) this.prefetch(now, port, batch);
    return true;
  }

  // hot
  #indexOf(running: number): number {
    return this.shared ? this.#order[running % this.maxWr]! : running;
  }

  /** A device that takes time fetches up to `batch` entries ahead; those that lie together by one read. */
  // hot
  prefetch(now: Nanos, port: MemoryPort, batch: number): void {
    const { ring } = this;
    const { stride } = ring;
    if (this.#comesAt.length !== batch) {
      this.#comesAt = new Float64Array(batch);
      this.#scratch = new Uint8Array(batch * stride);
    }
    if (this.#end < this.taken) this.#end = this.taken;
    const stop = Math.min(this.rung, this.taken + batch);
    while (this.#end < stop) {
      const first = this.#indexOf(this.#end);
      const slot = this.#end % batch;
      const room = this.shared ? 1 : Math.min(ring.count - (first % ring.count), batch - slot);
      const count = Math.min(stop - this.#end, room);
      const length = count * stride;
      const came = ring.fetch(now, port, first, 0, length, this.#scratch, slot * stride);
      for (let i = 0; i < count; i++) this.#comesAt[slot + i] = came;
      this.#end += count;
    }
  }

  /** A completion said that the entry is done. */
  free(index: number): void {
    if (this.shared) this.#free[this.#freeCount++] = index;
    else this.freed += ((index - (this.freed % 2 ** 32) + 2 ** 32) % 2 ** 32) + 1;
  }

  /** As new: of a queue pair that was reset. */
  reset(): void {
    this.epoch++;
    this.#end = 0;
    this.posted = 0;
    this.rung = 0;
    this.taken = 0;
    this.freed = 0;
  }
}
