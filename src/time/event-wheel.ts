// Any number of events in the order of their instants, those of one instant in the order in which they were put in. A wheel
// of one slot a nanosecond holds what is near, a heap what is far; an event is four numbers in typed arrays, so that nothing
// is allocated while it waits.

import { type Nanos, NEVER } from './nanos.js';

/** Nanoseconds that the wheel covers: more than a frame's way through a link, a power of two. */
const SPAN = 1 << 16;
const NONE = -1;
/** Words of an event, one behind the other so that they lie in one line of a cache: the next one's row, and what it is. */
const LINK = 0;
const KIND = 1;
const A = 2;
const B = 3;
const ROW = 4;
const ROWS = 1024;

export class EventWheel {
  /** The event that was taken last. */
  at = 0 as Nanos;
  kind = 0;
  a = 0;
  b = 0;
  /** Events that wait. */
  held = 0;

  // Free rows are a list by LINK.
  #words = new Int32Array(ROW * ROWS);
  #free = NONE;
  #rows = 0;

  // The wheel covers [#base, #base + SPAN); its slots are rings of rows, of which the last is known, and a bit says that
  // there is one. When an event is due is what its slot says.
  #base = 0;
  readonly #tails = new Int32Array(SPAN);
  readonly #bits = new Uint32Array(SPAN >> 5);
  readonly #summary = new Uint32Array(SPAN >> 10);
  #near = 0;

  // The heap has rows as well, which alone need their instants and their order.
  #heap = new Int32Array(ROWS);
  #time = new Float64Array(ROWS);
  #order = new Float64Array(ROWS);
  #far = 0;
  #count = 0;

  /** Puts an event in that is due so long after the one taken last. */
  // hot
  hold(delay: number, kind: number, a: number, b: number): void {
    const at = this.at + delay;
    const row = this.#row();
    const words = this.#words;
    const i = row * ROW;
    words[i + KIND] = kind;
    words[i + A] = a;
    words[i + B] = b;
    this.held++;
    if (at < this.#base + SPAN) this.#insert(row, at);
    else this.#push(row, at);
  }

  /** When the first event is due; NEVER when none waits. */
  heldUntil(): Nanos {
    if (this.held === 0) return NEVER;
    if (this.#near > 0) return (this.#base + this.#firstSlot()) as Nanos;
    return this.#time[this.#heap[0]!]! as Nanos;
  }

  /** Takes the first event into `at`, `kind`, `a` and `b`; false when none waits. */
  // hot
  takeHeld(): boolean {
    if (this.held === 0) return false;
    const base = this.#base;
    const time = this.#near > 0 ? base + this.#firstSlot() : this.#time[this.#heap[0]!]!;
    if (time !== base) this.#advance(time);
    const slot = time & (SPAN - 1);
    const words = this.#words;
    const tail = this.#tails[slot]! * ROW;
    const row = words[tail + LINK]!;
    const i = row * ROW;
    if (i === tail) this.#clear(slot);
    else words[tail + LINK] = words[i + LINK]!;
    this.#near--;
    this.held--;
    this.at = time as Nanos;
    this.kind = words[i + KIND]!;
    this.a = words[i + A]!;
    this.b = words[i + B]!;
    words[i + LINK] = this.#free;
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
    const words = this.#words;
    const group = this.#bits[slot >> 5]!;
    const bit = 1 << (slot & 31);
    if ((group & bit) === 0) {
      words[row * ROW + LINK] = row;
      this.#bits[slot >> 5] = group | bit;
      this.#summary[slot >> 10] = this.#summary[slot >> 10]! | (1 << ((slot >> 5) & 31));
    } else {
      const tail = this.#tails[slot]! * ROW;
      words[row * ROW + LINK] = words[tail + LINK]!;
      words[tail + LINK] = row;
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
      this.#free = this.#words[row * ROW + LINK]!;
      return row;
    }
    if (this.#rows * ROW === this.#words.length)
      this.#words = grown(this.#words, new Int32Array(2 * this.#words.length));
    return this.#rows++;
  }

  #growFar(): void {
    const size = this.#words.length / ROW;
    this.#time = grown(this.#time, new Float64Array(size));
    this.#order = grown(this.#order, new Float64Array(size));
    this.#heap = grown(this.#heap, new Int32Array(size));
  }

  #before(x: number, y: number): boolean {
    const difference = this.#time[x]! - this.#time[y]!;
    return difference < 0 || (difference === 0 && this.#order[x]! < this.#order[y]!);
  }

  #push(row: number, at: number): void {
    if (row >= this.#time.length) this.#growFar();
    const heap = this.#heap;
    this.#time[row] = at;
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
