// When which connection has something to do: a heap, so that ten thousand connections cost what they cost. A
// connection that changed its mind leaves its old entry behind, which is skipped when its time comes.

import { type Nanos, NEVER } from '../../time/index.js';

interface Timed {
  deadline: Nanos;
}

interface Entry<T> {
  readonly at: Nanos;
  readonly order: number;
  readonly who: T;
}

export class Deadlines<T extends Timed> {
  readonly #heap: Entry<T>[] = [];
  #count = 0;
  /** When the first is due. */
  earliest: Nanos = NEVER;

  /** Sets the deadline of `who`; NEVER clears it. */
  set(who: T, at: Nanos): void {
    who.deadline = at;
    if (at !== NEVER) this.#put(who, at);
    this.#skip();
  }

  #put(who: T, at: Nanos): void {
    const heap = this.#heap;
    const entry = { at, order: this.#count++, who };
    let i = heap.push(entry) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(entry, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = entry;
  }

  /** Takes one that is due, the earliest first, and clears its deadline. */
  take(now: Nanos): T | undefined {
    if (this.earliest > now) return undefined;
    const { who } = this.#pop();
    who.deadline = NEVER;
    this.#skip();
    return who;
  }

  #skip(): void {
    const heap = this.#heap;
    while (heap.length > 0 && heap[0]!.who.deadline !== heap[0]!.at) this.#pop();
    this.earliest = heap[0]?.at ?? NEVER;
  }

  #pop(): Entry<T> {
    const heap = this.#heap;
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
    return top;
  }
}

const before = <T>(a: Entry<T>, b: Entry<T>): boolean =>
  a.at < b.at || (a.at === b.at && a.order < b.order);
