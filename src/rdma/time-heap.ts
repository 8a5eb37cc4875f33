// Things that become ready at an instant: a heap in typed arrays and one array of the things, all of which grow to what
// they once held, so that nothing is allocated for one of them. Ties go in the order of putting in.

import { type Nanos, NEVER } from '../time/index.js';

export class TimeHeap<T> {
  #times = new Float64Array(64);
  #orders = new Float64Array(64);
  readonly #items: T[] = [];
  #count = 0;
  #puts = 0;

  get count(): number {
    return this.#count;
  }

  /** When the first is ready; NEVER when there is none. */
  get next(): Nanos {
    return (this.#count === 0 ? NEVER : this.#times[0]!) as Nanos;
  }

  // hot
  put(item: T, at: number): void {
    if (this.#count === this.#times.length) this.#grow();
    const order = this.#puts++;
    let i = this.#count++;
    if (this.#items.length < this.#count) this.#items.push(item);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (this.#times[parent]! <= at) break;
      this.#move(parent, i);
      i = parent;
    }
    this.#times[i] = at;
    this.#orders[i] = order;
    this.#items[i] = item;
  }

  /** Takes the first; there must be one. */
  // hot
  take(): T {
    const first = this.#items[0]!;
    const last = --this.#count;
    if (last === 0) return first;
    const at = this.#times[last]!;
    const order = this.#orders[last]!;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= last) break;
      if (child + 1 < last && this.#before(child + 1, this.#times[child]!, this.#orders[child]!))
        child++;
      if (!this.#before(child, at, order)) break;
      this.#move(child, i);
      i = child;
    }
    this.#times[i] = at;
    this.#orders[i] = order;
    this.#items[i] = this.#items[last]!;
    return first;
  }

  /** All that wait, in no order; not for the data path. */
  each(visit: (item: T) => void): void {
    for (let i = 0; i < this.#count; i++) visit(this.#items[i]!);
  }

  #before(i: number, at: number, order: number): boolean {
    const mine = this.#times[i]!;
    return mine < at || (mine === at && this.#orders[i]! < order);
  }

  #move(from: number, to: number): void {
    this.#times[to] = this.#times[from]!;
    this.#orders[to] = this.#orders[from]!;
    this.#items[to] = this.#items[from]!;
  }

  #grow(): void {
    const wider = (old: Float64Array<ArrayBuffer>) => {
      const grown = new Float64Array(old.length * 2);
      grown.set(old);
      return grown;
    };
    this.#times = wider(this.#times);
    this.#orders = wider(this.#orders);
  }
}
