// Events in the order of their instants; those of one instant in the order in which they were put in, so that
// the same seed gives the same run on any machine. A wheel of one slot a nanosecond holds what is near, a heap
// what is far; an event is four numbers in typed arrays, so that nothing is allocated while it waits.

import { type Nanos, NEVER } from './nanos.js';

/** Nanoseconds that the wheel covers: more than a frame's way through a link, a power of two. */
const SPAN = 1 << 16;
const NONE = -1;

export class EventQueue {
  /** The event that `next` took. */
  at = 0 as Nanos;
  kind = 0;
  a = 0;
  b = 0;
  /** Events that wait. */
  size = 0;

  // One row an event; free rows are a list by `#link`.
  #time = new Float64Array(1024);
  #kinds = new Int32Array(1024);
  #as = new Float64Array(1024);
  #bs = new Float64Array(1024);
  #order = new Float64Array(1024);
  #link = new Int32Array(1024);
  #free = NONE;
  #rows = 0;
  #count = 0;

  // The wheel covers [#base, #base + SPAN); a slot is a list from head to tail, a bit says that it has one.
  #base = 0;
  readonly #heads = new Int32Array(SPAN).fill(NONE);
  readonly #tails = new Int32Array(SPAN);
  readonly #bits = new Uint32Array(SPAN >> 5);
  readonly #summary = new Uint32Array(SPAN >> 10);
  #near = 0;

  #heap = new Int32Array(1024);
  #far = 0;

  /** Puts an event in. `at` must not lie before the event taken last. */
  // hot
  put(at: Nanos, kind: number, a = 0, b = 0): void {
    if (at < this.at)
      throw new RangeError(`an event at ${at} ns, when it is ${this.at} ns already`);
    if (at === NEVER) throw new RangeError('an event that never comes');
    const row = this.#row();
    this.#time[row] = at;
    this.#kinds[row] = kind;
    this.#as[row] = a;
    this.#bs[row] = b;
    this.size++;
    if (at < this.#base + SPAN) this.#insert(row, at);
    else this.#push(row);
  }

  /** When the next event is due; NEVER when none waits. */
  due(): Nanos {
    if (this.size === 0) return NEVER;
    if (this.#near > 0) return (this.#base + this.#firstSlot()) as Nanos;
    return this.#time[this.#heap[0]!]! as Nanos;
  }

  /** Takes the next event into `at`, `kind`, `a` and `b`; false when none waits. */
  // hot
  next(): boolean {
    if (this.size === 0) return false;
    const base = this.#base;
    const time = this.#near > 0 ? base + this.#firstSlot() : this.#time[this.#heap[0]!]!;
    if (time !== base) this.#advance(time);
    const slot = time & (SPAN - 1);
    const row = this.#heads[slot]!;
    const following = this.#link[row]!;
    this.#heads[slot] = following;
    if (following === NONE) this.#clear(slot);
    this.#near--;
    this.size--;
    this.at = time as Nanos;
    this.kind = this.#kinds[row]!;
    this.a = this.#as[row]!;
    this.b = this.#bs[row]!;
    this.#link[row] = this.#free;
    this.#free = row;
    return true;
  }

  /** Moves the wheel on to `time` and takes over what is near now. No event lies before it. */
  #advance(time: number): void {
    this.#base = time;
    while (this.#far > 0) {
      const row = this.#heap[0]!;
      if (this.#time[row]! >= time + SPAN) break;
      this.#pop();
      this.#insert(row, this.#time[row]!);
    }
  }

  #insert(row: number, at: number): void {
    const slot = at & (SPAN - 1); // right above 2^31 too, where a remainder is slow
    this.#link[row] = NONE;
    if (this.#heads[slot] === NONE) {
      this.#heads[slot] = row;
      this.#bits[slot >> 5] = this.#bits[slot >> 5]! | (1 << (slot & 31));
      this.#summary[slot >> 10] = this.#summary[slot >> 10]! | (1 << ((slot >> 5) & 31));
    } else {
      this.#link[this.#tails[slot]!] = row;
    }
    this.#tails[slot] = row;
    this.#near++;
  }

  #clear(slot: number): void {
    const word = slot >> 5;
    this.#bits[word] = this.#bits[word]! & ~(1 << (slot & 31));
    if (this.#bits[word] === 0) {
      this.#summary[word >> 5] = this.#summary[word >> 5]! & ~(1 << (word & 31));
    }
  }

  /** Distance from the base to the first slot that has an event, going round. */
  #firstSlot(): number {
    const from = this.#base & (SPAN - 1);
    const word = from >> 5;
    const here = this.#bits[word]! & (-1 << (from & 31));
    if (here !== 0) return (word << 5) + low(here) - from;
    const next = this.#nextWord(word + 1);
    const slot = (next << 5) + low(this.#bits[next]!);
    return slot >= from ? slot - from : slot + SPAN - from;
  }

  /** The first word with a bit from `word` on, going round. */
  #nextWord(word: number): number {
    const words = SPAN >> 5;
    const start = word % words;
    const here = this.#summary[start >> 5]! & (-1 << (start & 31));
    if (here !== 0) return ((start >> 5) << 5) + low(here);
    const groups = SPAN >> 10;
    for (let i = 1; i <= groups; i++) {
      const group = ((start >> 5) + i) % groups;
      const bits = this.#summary[group]!;
      if (bits !== 0) return (group << 5) + low(bits);
    }
    throw new Error('the wheel is empty');
  }

  #row(): number {
    const row = this.#free;
    if (row !== NONE) {
      this.#free = this.#link[row]!;
      return row;
    }
    if (this.#rows === this.#time.length) this.#grow();
    return this.#rows++;
  }

  #grow(): void {
    const size = this.#time.length * 2;
    this.#time = grown(this.#time, new Float64Array(size));
    this.#kinds = grown(this.#kinds, new Int32Array(size));
    this.#as = grown(this.#as, new Float64Array(size));
    this.#bs = grown(this.#bs, new Float64Array(size));
    this.#order = grown(this.#order, new Float64Array(size));
    this.#link = grown(this.#link, new Int32Array(size));
    this.#heap = grown(this.#heap, new Int32Array(size));
  }

  #before(x: number, y: number): boolean {
    const difference = this.#time[x]! - this.#time[y]!;
    return difference < 0 || (difference === 0 && this.#order[x]! < this.#order[y]!);
  }

  #push(row: number): void {
    const heap = this.#heap;
    this.#order[row] = this.#count++;
    let i = this.#far++;
    while (i > 0) {
      const parent = (i - 1) >> 2;
      if (!this.#before(row, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = row;
  }

  #pop(): void {
    const heap = this.#heap;
    const row = heap[--this.#far]!;
    const size = this.#far;
    let i = 0;
    for (;;) {
      let child = 4 * i + 1;
      if (child >= size) break;
      const end = Math.min(child + 4, size);
      for (let c = child + 1; c < end; c++) if (this.#before(heap[c]!, heap[child]!)) child = c;
      if (!this.#before(heap[child]!, row)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = row;
  }
}

/** Number of the lowest bit that is set. */
const low = (bits: number): number => 31 - Math.clz32(bits & -bits);

function grown<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}
