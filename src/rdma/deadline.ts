// When which queue pair must be looked at: a heap of instants. A queue pair stands in it once at most; when its
// deadline moves on, its place stays, and it is put in again when the old instant comes. So an acknowledgement
// costs nothing here.

import { type Nanos, NEVER } from '../time/index.js';
import type { QueuePair } from './queue-pair.js';

export class Deadlines {
  readonly #heap: QueuePair[] = [];

  /** When the first is due. */
  next: Nanos = NEVER;

  /** The queue pair wants to be looked at by `at`, or earlier. */
  // hot
  want(qp: QueuePair, at: Nanos): void {
    if (at >= qp.deadlineAt) return;
    const known = qp.deadlineAt !== NEVER;
    qp.deadlineAt = at;
    if (!known) {
      qp.heapAt = this.#heap.length;
      this.#heap.push(qp);
    }
    this.#rise(qp.heapAt);
    if (at < this.next) this.next = at;
  }

  /** Takes one that is due; undefined when none is. It must ask again for what it still waits for. */
  take(now: Nanos): QueuePair | undefined {
    const [first] = this.#heap;
    if (first === undefined || first.deadlineAt > now) return undefined;
    const last = this.#heap.pop()!;
    if (last !== first) {
      this.#place(last, 0);
      this.#sink(0);
    }
    first.deadlineAt = NEVER;
    this.next = this.#heap[0]?.deadlineAt ?? NEVER;
    return first;
  }

  #place(qp: QueuePair, i: number): void {
    this.#heap[i] = qp;
    qp.heapAt = i;
  }

  /** Ties go by number, so that runs repeat. */
  #before(a: QueuePair, b: QueuePair): boolean {
    return a.deadlineAt < b.deadlineAt || (a.deadlineAt === b.deadlineAt && a.qpn < b.qpn);
  }

  #rise(from: number): void {
    const heap = this.#heap;
    const qp = heap[from]!;
    let i = from;
    while (i > 0) {
      const parent = Math.floor((i - 1) / 2);
      if (!this.#before(qp, heap[parent]!)) break;
      this.#place(heap[parent]!, i);
      i = parent;
    }
    this.#place(qp, i);
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const qp = heap[from]!;
    let i = from;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#before(heap[child + 1]!, heap[child]!)) child++;
      if (!this.#before(heap[child]!, qp)) break;
      this.#place(heap[child]!, i);
      i = child;
    }
    this.#place(qp, i);
  }
}
