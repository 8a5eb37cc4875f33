// Send queue entries on their way to the device: fetched several at once, or written with the doorbell. A queue pair
// whose next entry has not come yet rests until it has.

import type { Nanos } from '../time/index.js';
import type { MemoryPort } from './memory-port.js';
import type { NicCaches } from './nic-caches.js';
import type { QueuePair } from './queue-pair.js';
import { TimeHeap } from './time-heap.js';

export class SendEntries {
  /** Queue pairs that rest, by when their entry comes. */
  readonly resting = new TimeHeap<QueuePair>();

  constructor(
    readonly memory: MemoryPort,
    readonly caches: NicCaches,
    readonly batch: number,
  ) {}

  /** Whether the entry `qp.fetched` is there; otherwise it is asked for. */
  // hot
  ready(now: Nanos, qp: QueuePair): boolean {
    const index = qp.fetched;
    this.#prepare(qp);
    if (qp.entriesEnd === index) this.#fetch(now, qp);
    const at = qp.entryAt[index % this.batch]!;
    if (at > now) return this.#rest(qp, at);
    if (qp.entrySure !== index) {
      const wait = this.caches.entry(now, qp.qpn, index);
      qp.entrySure = index;
      if (wait > 0) {
        qp.entryAt[index % this.batch] = now + wait;
        return this.#rest(qp, now + wait);
      }
    }
    // Half of them used: the next are fetched meanwhile.
    if (2 * (qp.entriesEnd - index) <= this.batch) this.#fetch(now, qp);
    return true;
  }

  /** The CPU wrote the entry with the doorbell. */
  // hot
  written(now: Nanos, qp: QueuePair, index: number): void {
    this.#prepare(qp);
    if (qp.entriesEnd !== index || index - qp.fetched >= this.batch) return;
    const ring = qp.sq!;
    const from = ring.at(index);
    const at = (index % this.batch) * ring.stride;
    for (let i = 0; i < ring.stride; i++) qp.scratch[at + i] = ring.bytes[from + i]!;
    this.#came(qp, index, now);
  }

  // hot
  #rest(qp: QueuePair, at: number): false {
    qp.rested = true;
    this.resting.put(qp, at);
    return false;
  }

  // hot
  #prepare(qp: QueuePair): void {
    if (qp.entryAt.length !== this.batch) {
      qp.entryAt = new Float64Array(this.batch);
      qp.scratch = new Uint8Array(this.batch * qp.sq!.stride);
    }
    if (qp.entriesEnd < qp.fetched) qp.entriesEnd = qp.fetched;
  }

  /** One read for as many entries as are rung for, have room, and lie together. */
  // hot
  #fetch(now: Nanos, qp: QueuePair): void {
    const ring = qp.sq!;
    const { batch } = this;
    const first = qp.entriesEnd;
    const count = Math.min(
      batch - (first - qp.fetched),
      qp.rung - first,
      ring.count - (first % ring.count),
      batch - (first % batch),
    );
    if (count <= 0) return;
    const { stride } = ring;
    const at = (first % batch) * stride;
    const length = count * stride;
    const came = ring.fetch(now, this.memory, first, 0, length, qp.scratch, at) + this.memory.delay;
    for (let i = 0; i < count; i++) this.#came(qp, first + i, came);
  }

  // hot
  #came(qp: QueuePair, index: number, at: number): void {
    qp.entryAt[index % this.batch] = at;
    qp.entriesEnd = index + 1;
    this.caches.fetched(qp.qpn, index);
  }
}
