// Send queue entries on their way to the device: fetched several at once, or written with the doorbell. A queue pair
// whose next entry has not come yet rests until it has.

import type { Nanos } from '../time/index.js';
import type { MemoryPort } from './memory-port.js';
import type { NicCaches } from './nic-caches.js';
import type { QueuePair } from './queue-pair.js';
import { TimeHeap } from './time-heap.js';

/**
 * Entries of one queue that the device has room for at most, when cores write them with their doorbells faster than it
 * sends: far more than it fetches ahead itself. With room for a fetch alone, a queue that fell behind once would stay
 * behind, because entries that are written and then fetched as well take the link twice.
 */
const MOST_WRITTEN = 256;

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
    const place = index % qp.entryAt.length;
    const at = qp.entryAt[place]!;
    if (at > now) return this.#rest(qp, at);
    if (qp.entrySure !== index) {
      const wait = this.caches.entry(now, qp.qpn, index);
      qp.entrySure = index;
      if (wait > 0) {
        qp.entryAt[place] = now + wait;
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
    const room = qp.entryAt.length;
    if (qp.entriesEnd !== index || index - qp.fetched >= room) return;
    const ring = qp.sq!;
    const from = ring.at(index);
    const at = (index % room) * ring.stride;
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
    if (qp.entryAt.length === 0) {
      const { count, stride } = qp.sq!;
      const lots = Math.ceil(Math.min(count, MOST_WRITTEN) / this.batch);
      qp.entryAt = new Float64Array(lots * this.batch);
      qp.scratch = new Uint8Array(lots * this.batch * stride);
    }
    if (qp.entriesEnd < qp.fetched) qp.entriesEnd = qp.fetched;
  }

  /** One read for as many entries as are rung for, have room, and lie together. */
  // hot
  #fetch(now: Nanos, qp: QueuePair): void {
    const ring = qp.sq!;
    const { batch } = this;
    const room = qp.entryAt.length;
    const first = qp.entriesEnd;
    const count = Math.min(
      batch - (first - qp.fetched),
      qp.rung - first,
      ring.count - (first % ring.count),
      batch - (first % batch),
    );
    if (count <= 0) return;
    const { stride } = ring;
    const at = (first % room) * stride;
    const length = count * stride;
    const came = ring.fetch(now, this.memory, first, 0, length, qp.scratch, at) + this.memory.delay;
    for (let i = 0; i < count; i++) this.#came(qp, first + i, came);
  }

  // hot
  #came(qp: QueuePair, index: number, at: number): void {
    qp.entryAt[index % qp.entryAt.length] = at;
    qp.entriesEnd = index + 1;
    this.caches.fetched(qp.qpn, index);
  }
}
