// The driver's side of a packed virtqueue (virtio 1.2, 2.8.21): descriptors in ring order, buffer IDs, and when to kick.

import type { Chain } from './chain.js';
import { InOrderUse } from './in-order-use.js';
import { PackedNotice, unwish, wish } from './packed-event.js';
import { PACKED_DESC_BYTES, PackedDescriptor, PackedRing, Turn } from './packed-ring.js';
import type { DriverQueue, IndirectTables, QueueOptions, RingFeatures, Taken } from './queue.js';
import { Refusals } from './refusal.js';

const FREE = -1;

export class PackedDriver implements DriverQueue {
  readonly size: number;
  readonly refusals = new Refusals();
  outstanding = 0;
  token = 0;
  written = 0;
  readonly #options: QueueOptions;
  readonly #features: RingFeatures;
  readonly #ring: PackedRing;
  readonly #tables: IndirectTables | null;
  readonly #notice: PackedNotice;
  readonly #next: Turn;
  readonly #seen: Turn;
  readonly #later: Turn;
  readonly #descriptor = new PackedDescriptor();
  /** Descriptors that are not in use, and buffer IDs that are not. */
  #room: number;
  readonly #ids: Uint16Array;
  #idFirst = 0;
  #idCount: number;
  readonly #tokens: Float64Array;
  readonly #slots: Uint16Array;
  readonly #inOrder: InOrderUse | null;
  #armed = true;

  constructor(options: QueueOptions, tables: IndirectTables | null = null) {
    const { memory, features, size } = options;
    this.size = size;
    this.#options = options;
    this.#features = features;
    this.#ring = new PackedRing(memory, options);
    this.#tables = features.indirect ? tables : null;
    this.#notice = new PackedNotice(this.#ring, 'device', features.eventIndex);
    this.#next = new Turn(size);
    this.#seen = new Turn(size);
    this.#later = new Turn(size);
    this.#room = size;
    this.#ids = Uint16Array.from({ length: size }, (_, i) => i);
    this.#idCount = size;
    this.#tokens = new Float64Array(size).fill(FREE);
    this.#slots = new Uint16Array(size);
    this.#inOrder = features.inOrder ? new InOrderUse(size) : null;
  }

  // hot
  add(chain: Chain, token: number): boolean {
    const isIndirect = chain.count > 1 && chain.count <= (this.#tables?.entries ?? 0);
    const slots = isIndirect ? 1 : chain.count;
    if (slots === 0 || slots > this.#room || this.refusals.broken !== null) return false;
    const id = this.#ids[this.#idFirst]!;
    this.#idFirst = (this.#idFirst + 1) % this.size;
    this.#idCount--;
    this.#room -= slots;
    this.#tokens[id] = token;
    this.#slots[id] = slots;
    this.#inOrder?.add(id, chain.writableBytes);
    if (isIndirect) this.#indirect(chain, id);
    else this.#direct(chain, id);
    this.#notice.wrote(slots);
    this.outstanding++;
    return true;
  }

  // hot
  #direct(chain: Chain, id: number): void {
    const first = this.#next.index;
    const { wrap } = this.#next;
    for (let i = 0; i < chain.count; i++) {
      const kind = i < chain.readable ? 'read' : 'write';
      const where = this.#ring.descriptorAt(this.#next.index);
      const more = i + 1 < chain.count;
      this.#ring.write(where, chain.addresses[i]!, chain.lengths[i]!, id, kind, more);
      if (i > 0) this.#ring.setAvailable(this.#next);
      this.#next.step(1);
    }
    this.#show(first, wrap);
  }

  /** The first descriptor last: the device never finds a part of a chain (2.8.6). */
  // hot
  #show(index: number, wrap: number): void {
    this.#later.index = index;
    this.#later.wrap = wrap;
    this.#ring.setAvailable(this.#later);
  }

  // hot
  #indirect(chain: Chain, id: number): void {
    const { address, entries } = this.#tables!;
    const table = address + id * entries * PACKED_DESC_BYTES;
    for (let i = 0; i < chain.count; i++) {
      const kind = i < chain.readable ? 'read' : 'write';
      const where = table + i * PACKED_DESC_BYTES;
      this.#ring.write(where, chain.addresses[i]!, chain.lengths[i]!, 0, kind, false);
    }
    const where = this.#ring.descriptorAt(this.#next.index);
    this.#ring.write(where, table, chain.count * PACKED_DESC_BYTES, id, 'indirect', false);
    this.#ring.setAvailable(this.#next);
    this.#next.step(1);
  }

  // hot
  needsKick(): boolean {
    return this.#notice.due(this.#next);
  }

  // hot
  take(): Taken {
    if (this.refusals.broken !== null) return 'broken';
    if (this.#inOrder?.next()) return this.#finish(this.#inOrder.id, this.#inOrder.bytes);
    if (this.outstanding === 0 || !this.#ring.isUsed(this.#seen)) return 'empty';
    const one = this.#descriptor;
    one.read(this.#options.memory, this.#ring.descriptorAt(this.#seen.index));
    const { id } = one;
    const written = one.write ? one.length : 0;
    if (id >= this.size || this.#tokens[id] === FREE) return this.refusals.refuse('used-id');
    if (this.#inOrder === null) {
      this.#step(this.#slots[id]!);
      return this.#finish(id, written);
    }
    if (this.#inOrder.use(id, written) === 0) return this.refusals.refuse('used-id');
    this.#step(this.#inOrder.slotsOf(this.#slots));
    this.#inOrder.next();
    return this.#finish(this.#inOrder.id, this.#inOrder.bytes);
  }

  // hot
  #step(slots: number): void {
    this.#seen.step(slots);
    if (this.#armed && this.#features.eventIndex) wish(this.#ring, 'driver', true, this.#seen);
  }

  // hot
  #finish(id: number, written: number): Taken {
    this.token = this.#tokens[id]!;
    this.written = written;
    this.#tokens[id] = FREE;
    this.#room += this.#slots[id]!;
    this.#ids[(this.#idFirst + this.#idCount) % this.size] = id;
    this.#idCount++;
    this.outstanding--;
    return 'chain';
  }

  disarm(): void {
    this.#armed = false;
    unwish(this.#ring, 'driver');
  }

  arm(later = 0): boolean {
    this.#armed = true;
    this.#later.index = this.#seen.index;
    this.#later.wrap = this.#seen.wrap;
    this.#later.step(later);
    wish(this.#ring, 'driver', this.#features.eventIndex, this.#later);
    // The descriptor that was asked for may be a chain's inner one, which is never marked: so the next one is asked.
    const isThere = this.outstanding > 0 && this.#ring.isUsed(this.#seen);
    return isThere || (this.#inOrder?.waits ?? false);
  }
}
