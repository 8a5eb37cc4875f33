// The driver's side of a split virtqueue (virtio 1.2, 2.7.13 and 2.7.14): free descriptors, what each buffer was called by
// its owner, and when to kick.

import type { Chain } from './chain.js';
import { InOrderUse } from './in-order-use.js';
import {
  ahead,
  type DriverQueue,
  type IndirectTables,
  passes,
  type QueueOptions,
  type RingFeatures,
  type Taken,
} from './queue.js';
import { Refusals } from './refusal.js';
import { DESC_BYTES, SplitRing, writeDescriptor } from './split-ring.js';

const WRAP = 65536;
const FREE = -1;

export class SplitDriver implements DriverQueue {
  readonly size: number;
  readonly refusals = new Refusals();
  outstanding = 0;
  token = 0;
  written = 0;
  readonly #options: QueueOptions;
  readonly #features: RingFeatures;
  readonly #ring: SplitRing;
  readonly #tables: IndirectTables | null;
  /**
   * Free descriptors, first in first out: where the device uses buffers in order, the driver so uses descriptors in the order
   * of the table, as VIRTIO_F_IN_ORDER asks of it (2.7.5).
   */
  readonly #free: Uint16Array;
  #freeFirst = 0;
  #freeCount: number;
  /** By head: what the owner called the buffer, and its descriptors as they were taken. */
  readonly #tokens: Float64Array;
  readonly #slots: Uint16Array;
  readonly #next: Uint16Array;
  readonly #inOrder: InOrderUse | null;
  #avail = 0;
  #told = 0;
  #seen = 0;
  #armed = true;

  constructor(options: QueueOptions, tables: IndirectTables | null = null) {
    const { memory, features, size } = options;
    this.size = size;
    this.#options = options;
    this.#features = features;
    this.#ring = new SplitRing(memory, options);
    this.#tables = features.indirect ? tables : null;
    this.#free = Uint16Array.from({ length: size }, (_, i) => i);
    this.#freeCount = size;
    this.#tokens = new Float64Array(size).fill(FREE);
    this.#slots = new Uint16Array(size);
    this.#next = new Uint16Array(size);
    this.#inOrder = features.inOrder ? new InOrderUse(size) : null;
  }

  // hot
  add(chain: Chain, token: number): boolean {
    const isIndirect = chain.count > 1 && chain.count <= (this.#tables?.entries ?? 0);
    const slots = isIndirect ? 1 : chain.count;
    if (slots === 0 || slots > this.#freeCount || this.refusals.broken !== null) return false;
    const head = isIndirect ? this.#indirect(chain) : this.#direct(chain);
    this.#tokens[head] = token;
    this.#slots[head] = slots;
    this.#inOrder?.add(head, chain.writableBytes);
    this.#ring.setAvailHead(this.#avail, head);
    this.#avail = (this.#avail + 1) % WRAP;
    this.#ring.availIndex = this.#avail;
    this.outstanding++;
    return true;
  }

  // hot
  #direct(chain: Chain): number {
    const { memory } = this.#options;
    const head = this.#free[this.#freeFirst]!;
    let index = head;
    for (let i = 0; i < chain.count; i++) {
      this.#freeFirst = (this.#freeFirst + 1) % this.size;
      const next = i + 1 < chain.count ? this.#free[this.#freeFirst]! : -1;
      const kind = i < chain.readable ? 'read' : 'write';
      const where = this.#ring.descriptorAt(index);
      writeDescriptor(memory, where, chain.addresses[i]!, chain.lengths[i]!, kind, next);
      if (next < 0) break;
      this.#next[index] = next;
      index = next;
    }
    this.#freeCount -= chain.count;
    return head;
  }

  // hot
  #indirect(chain: Chain): number {
    const { memory } = this.#options;
    const head = this.#free[this.#freeFirst]!;
    this.#freeFirst = (this.#freeFirst + 1) % this.size;
    this.#freeCount--;
    const { address, entries } = this.#tables!;
    const table = address + head * entries * DESC_BYTES;
    for (let i = 0; i < chain.count; i++) {
      const next = i + 1 < chain.count ? i + 1 : -1;
      const kind = i < chain.readable ? 'read' : 'write';
      const where = table + i * DESC_BYTES;
      writeDescriptor(memory, where, chain.addresses[i]!, chain.lengths[i]!, kind, next);
    }
    const bytes = chain.count * DESC_BYTES;
    writeDescriptor(memory, this.#ring.descriptorAt(head), table, bytes, 'indirect', -1);
    return head;
  }

  // hot
  needsKick(): boolean {
    const old = this.#told;
    this.#told = this.#avail;
    if (old === this.#avail) return false;
    if (!this.#features.eventIndex) return !this.#ring.noNotify;
    return passes(this.#ring.availEvent, this.#avail, old);
  }

  // hot
  take(): Taken {
    if (this.refusals.broken !== null) return 'broken';
    if (this.#inOrder?.next()) return this.#finish(this.#inOrder.id, this.#inOrder.bytes);
    const news = ahead(this.#ring.usedIndex, this.#seen);
    if (news === 0) return 'empty';
    if (news > this.outstanding) return this.refusals.refuse('used-index');
    const id = this.#ring.usedId(this.#seen);
    const written = this.#ring.usedLength(this.#seen);
    if (id >= this.size || this.#tokens[id] === FREE) return this.refusals.refuse('used-id');
    const used = this.#inOrder === null ? 1 : this.#inOrder.use(id, written);
    if (used < 1 || used > news) return this.refusals.refuse('used-id');
    this.#seen = (this.#seen + used) % WRAP;
    if (this.#armed && this.#features.eventIndex) this.#ring.usedEvent = this.#seen;
    if (this.#inOrder === null) return this.#finish(id, written);
    this.#inOrder.next();
    return this.#finish(this.#inOrder.id, this.#inOrder.bytes);
  }

  // hot
  #finish(head: number, written: number): Taken {
    this.token = this.#tokens[head]!;
    this.written = written;
    this.#tokens[head] = FREE;
    let index = head;
    for (let left = this.#slots[head]!; left > 0; left--) {
      this.#free[(this.#freeFirst + this.#freeCount) % this.size] = index;
      this.#freeCount++;
      index = this.#next[index]!;
    }
    this.outstanding--;
    return 'chain';
  }

  disarm(): void {
    this.#armed = false;
    // An index that has just been passed is as far away as there is.
    if (this.#features.eventIndex) this.#ring.usedEvent = ahead(this.#seen, 1);
    else this.#ring.noInterrupt = true;
  }

  arm(later = 0): boolean {
    this.#armed = true;
    if (this.#features.eventIndex) this.#ring.usedEvent = (this.#seen + later) % WRAP;
    else this.#ring.noInterrupt = false;
    return ahead(this.#ring.usedIndex, this.#seen) > later || (this.#inOrder?.waits ?? false);
  }
}
