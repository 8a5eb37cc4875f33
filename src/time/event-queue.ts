// Events in the order of their instants; those of one instant in the order in which they were put in, so that
// the same seed gives the same run on any machine. The next few stand in a row, sorted: where only a few wait that is all
// there is to it, and a third of what the wheel takes, which holds the others (event-wheel.ts).

import type { Alarm } from './alarm.js';
import { EventWheel } from './event-wheel.js';
import { type Nanos, NEVER } from './nanos.js';

/** Places in the row, a power of two. It is a ring: most events come behind those that wait. */
const PLACES = 16;
const MASK = PLACES - 1;
/** Words of an event in the row. */
const KIND = 0;
const A = 1;
const B = 2;
const WORDS = 4;
/** So many events in the wheel, and it is worth knowing when the first of them is due. */
const FEW = 8;

export class EventQueue extends EventWheel {
  // The row, from the first event to the last.
  readonly #times = new Float64Array(PLACES);
  readonly #words = new Int32Array(PLACES * WORDS);
  #first = 0;
  #count = 0;

  /** No event in the wheel is due before, and none in the row after: what comes earlier goes to the row, nothing at 0. */
  #edge: number = NEVER;

  /** Events that wait. */
  get size(): number {
    return this.#count + this.held;
  }

  /** Puts an event in; `a` and `b` have 32 bits. `at` must not lie before the event taken last. */
  // hot
  put(at: Nanos, kind: number, a = 0, b = 0): void {
    // A small integer, where V8 makes an object of a late instant that one function hands another.
    const delay = at - this.at;
    if (delay < 0 || at === NEVER) this.#refuse(at);
    if (at < this.#edge) this.#insert(delay, kind, a, b);
    else this.hold(delay, kind, a, b);
  }

  #refuse(at: Nanos): never {
    if (at === NEVER) throw new RangeError('an event that never comes');
    throw new RangeError(`an event at ${at} ns, when it is ${this.at} ns already`);
  }

  /** When the next event is due; NEVER when none waits. */
  due(): Nanos {
    return this.#count > 0 ? (this.#times[this.#first]! as Nanos) : this.heldUntil();
  }

  // hot
  soonest(alarm: Alarm): void {
    if (this.#count > 0) alarm.lower(this.#times[this.#first]! as Nanos);
    else if (this.held > 0) alarm.lower(this.heldUntil());
  }

  /** `next`, if it is due by `now`. */
  // hot
  nextBy(now: Nanos): boolean {
    const at = this.#count > 0 ? this.#times[this.#first]! : this.heldUntil();
    return at <= now && this.next();
  }

  /** Takes the next event into `at`, `kind`, `a` and `b`; false when none waits. */
  // hot
  next(): boolean {
    if (this.#count === 0) return this.#fromWheel();
    const first = this.#first;
    const words = this.#words;
    const i = first * WORDS;
    this.#count--;
    this.#first = (first + 1) & MASK;
    this.at = this.#times[first]! as Nanos;
    this.kind = words[i + KIND]!;
    this.a = words[i + A]!;
    this.b = words[i + B]!;
    return true;
  }

  #insert(delay: number, kind: number, a: number, b: number): void {
    if (this.#count === PLACES) return this.#spill(delay, kind, a, b);
    const at = this.at + delay;
    const times = this.#times;
    const words = this.#words;
    const first = this.#first;
    let place = (first + this.#count++) & MASK;
    while (place !== first) {
      const before = (place - 1) & MASK;
      if (times[before]! <= at) break;
      times[place] = times[before]!;
      const from = before * WORDS;
      const to = place * WORDS;
      words[to + KIND] = words[from + KIND]!;
      words[to + A] = words[from + A]!;
      words[to + B] = words[from + B]!;
      place = before;
    }
    times[place] = at;
    const i = place * WORDS;
    words[i + KIND] = kind;
    words[i + A] = a;
    words[i + B] = b;
  }

  #fromWheel(): boolean {
    if (!this.takeHeld()) return false;
    // Of many it is not worth while to find the first: then all that comes goes to the wheel.
    if (this.held <= FEW) this.#edge = this.heldUntil();
    else if (this.#edge !== 0) this.#edge = 0;
    return true;
  }

  /** The later half of a full row goes to the wheel, where nothing is due as early. Events of one instant stay together. */
  #spill(delay: number, kind: number, a: number, b: number): void {
    const at = (n: number) => this.#times[(this.#first + n) & MASK]!;
    let kept = PLACES / 2;
    while (kept > 0 && at(kept - 1) === at(kept)) kept--;
    this.#edge = at(kept);
    for (let n = kept; n < PLACES; n++) {
      const place = (this.#first + n) & MASK;
      const words = this.#words.subarray(place * WORDS, (place + 1) * WORDS);
      this.hold(this.#times[place]! - this.at, words[KIND]!, words[A]!, words[B]!);
    }
    this.#count = kept;
    this.put((this.at + delay) as Nanos, kind, a, b);
  }
}
