// When each of many connections wants to be woken: a heap in which each has one place, found by its number.

import { Alarm, type Alarmed, type Nanos, NEVER } from '../time/index.js';

export class TimerHeap {
  #at = new Float64Array(64).fill(NEVER);
  /** Place in the heap of each number, -1 for none. */
  #place = new Int32Array(64).fill(-1);
  #heap = new Int32Array(64);
  #count = 0;
  readonly #alarm = new Alarm();

  get wakeAt(): Nanos {
    return this.#count === 0 ? NEVER : (this.#at[this.#heap[0]!]! as Nanos);
  }

  // hot
  soonest(alarm: Alarm): void {
    if (this.#count > 0) alarm.lower(this.#at[this.#heap[0]!]! as Nanos);
  }

  /** The number that is due first. */
  get first(): number {
    return this.#heap[0]!;
  }

  /** `set` to what it tells. */
  // hot
  setTo(id: number, machine: Alarmed): void {
    const alarm = this.#alarm;
    alarm.at = NEVER;
    machine.soonest(alarm);
    if (id >= this.#at.length || this.#at[id] !== alarm.at) this.set(id, alarm.at);
  }

  /** NEVER takes it out. */
  // hot
  set(id: number, at: Nanos): void {
    if (id >= this.#at.length) this.#grow(id);
    if (this.#at[id] === at) return;
    this.#at[id] = at;
    let place = this.#place[id]!;
    if (at === NEVER) {
      if (place >= 0) this.#remove(place);
      return;
    }
    if (place < 0) {
      place = this.#count++;
      this.#heap[place] = id;
      this.#place[id] = place;
    }
    this.#settle(place);
  }

  #remove(place: number): void {
    this.#place[this.#heap[place]!] = -1;
    const last = this.#heap[--this.#count]!;
    if (place === this.#count) return;
    this.#heap[place] = last;
    this.#place[last] = place;
    this.#settle(place);
  }

  #before(a: number, b: number): boolean {
    const difference = this.#at[a]! - this.#at[b]!;
    return difference < 0 || (difference === 0 && a < b);
  }

  // hot
  #settle(start: number): void {
    const heap = this.#heap;
    const id = heap[start]!;
    let place = start;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#before(id, heap[parent]!)) break;
      this.#put(place, heap[parent]!);
      place = parent;
    }
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.#count) break;
      if (child + 1 < this.#count && this.#before(heap[child + 1]!, heap[child]!)) child++;
      if (!this.#before(heap[child]!, id)) break;
      this.#put(place, heap[child]!);
      place = child;
    }
    this.#put(place, id);
  }

  #put(place: number, id: number): void {
    this.#heap[place] = id;
    this.#place[id] = place;
  }

  #grow(id: number): void {
    let size = this.#at.length;
    while (size <= id) size *= 2;
    const at = new Float64Array(size).fill(NEVER);
    at.set(this.#at);
    const place = new Int32Array(size).fill(-1);
    place.set(this.#place);
    const heap = new Int32Array(size);
    heap.set(this.#heap);
    this.#at = at;
    this.#place = place;
    this.#heap = heap;
  }
}
