// A stream of bytes as pieces of machine memory, in the order of their places: what a socket has to send, and what it has
// received. Pieces may overlap where text came twice; the bytes are the same then.

import type { Keeper } from './page-pool.js';

const FIRST_SIZE = 64;

export class Fragments {
  count = 0;
  #start = new Float64Array(FIRST_SIZE);
  #length = new Float64Array(FIRST_SIZE);
  #address = new Float64Array(FIRST_SIZE);
  #block = new Int32Array(FIRST_SIZE);
  #stamp = new Float64Array(FIRST_SIZE);
  #keepers: (Keeper | null)[] = new Array<Keeper | null>(FIRST_SIZE).fill(null);
  #head = 0;

  start(i: number): number {
    return this.#start[this.#at(i)]!;
  }

  end(i: number): number {
    const at = this.#at(i);
    return this.#start[at]! + this.#length[at]!;
  }

  address(i: number): number {
    return this.#address[this.#at(i)]!;
  }

  block(i: number): number {
    return this.#block[this.#at(i)]!;
  }

  /** What whoever put it in wanted to remember. */
  stamp(i: number): number {
    return this.#stamp[this.#at(i)]!;
  }

  keeper(i: number): Keeper {
    return this.#keepers[this.#at(i)]!;
  }

  #at(i: number): number {
    return (this.#head + i) % this.#start.length;
  }

  /** Behind the last one; one that goes on where the last ends, in the same block, becomes part of it. */
  // hot
  append(
    start: number,
    length: number,
    address: number,
    keeper: Keeper,
    block: number,
    stamp = 0,
  ): void {
    if (this.count > 0) {
      const last = this.#at(this.count - 1);
      const joins =
        this.#block[last] === block &&
        this.#keepers[last] === keeper &&
        this.#start[last]! + this.#length[last]! === start &&
        this.#address[last]! + this.#length[last]! === address;
      if (joins) {
        this.#length[last]! += length;
        return;
      }
    }
    if (this.count === this.#start.length) this.#grow();
    keeper.hold(block);
    this.#set(this.#at(this.count++), start, length, address, keeper, block, stamp);
  }

  /** Where it belongs by its place. */
  insert(
    start: number,
    length: number,
    address: number,
    keeper: Keeper,
    block: number,
    stamp = 0,
  ): void {
    if (this.count === 0 || start >= this.end(this.count - 1)) {
      return this.append(start, length, address, keeper, block, stamp);
    }
    if (this.count === this.#start.length) this.#grow();
    let i = this.count++;
    for (; i > 0 && this.start(i - 1) > start; i--) this.#copy(this.#at(i - 1), this.#at(i));
    keeper.hold(block);
    this.#set(this.#at(i), start, length, address, keeper, block, stamp);
  }

  /** The first piece that holds `place`; -1 when none does. */
  // hot
  find(place: number): number {
    for (let low = 0, high = this.count; low < high; ) {
      const middle = Math.floor((low + high) / 2);
      if (this.end(middle) <= place) low = middle + 1;
      else if (this.start(middle) > place) high = middle;
      else return middle;
    }
    // Pieces that overlap are not in the order of their ends.
    for (let i = 0; i < this.count && this.start(i) <= place; i++)
      if (this.end(i) > place) return i;
    return -1;
  }

  /** How many of `most` bytes from `place` on lie in `pieces` pieces. */
  // hot
  span(place: number, most: number, pieces: number): number {
    if (this.count <= pieces || most === 0) return most;
    const last = this.find(place) + pieces - 1;
    return last >= this.count ? most : Math.min(most, this.end(last) - place);
  }

  /** Whether the `i`th piece is there and holds `place`. */
  // hot
  holds(i: number, place: number): boolean {
    return i < this.count && this.start(i) <= place && this.end(i) > place;
  }

  /** Everything below `place` is needed no more. */
  // hot
  releaseBelow(place: number): void {
    while (this.count > 0) {
      const at = this.#head;
      const start = this.#start[at]!;
      const end = start + this.#length[at]!;
      if (end > place) {
        if (start >= place) return;
        this.#start[at] = place;
        this.#length[at] = end - place;
        this.#address[at]! += place - start;
        return;
      }
      this.#keepers[at]!.release(this.#block[at]!);
      this.#keepers[at] = null;
      this.#head = (this.#head + 1) % this.#start.length;
      this.count--;
    }
  }

  clear(): void {
    this.releaseBelow(Number.POSITIVE_INFINITY);
  }

  #set(
    at: number,
    start: number,
    length: number,
    address: number,
    keeper: Keeper | null,
    block: number,
    stamp: number,
  ): void {
    this.#start[at] = start;
    this.#length[at] = length;
    this.#address[at] = address;
    this.#keepers[at] = keeper;
    this.#block[at] = block;
    this.#stamp[at] = stamp;
  }

  #copy(from: number, to: number): void {
    const keeper = this.#keepers[from]!;
    this.#set(
      to,
      this.#start[from]!,
      this.#length[from]!,
      this.#address[from]!,
      keeper,
      this.#block[from]!,
      this.#stamp[from]!,
    );
  }

  #grow(): void {
    const size = this.#start.length;
    const order = Array.from({ length: this.count }, (_, i) => this.#at(i));
    const moved = (old: Float64Array) => {
      const grown = new Float64Array(size * 2);
      order.forEach((from, to) => {
        grown[to] = old[from]!;
      });
      return grown;
    };
    this.#start = moved(this.#start);
    this.#length = moved(this.#length);
    this.#address = moved(this.#address);
    this.#stamp = moved(this.#stamp);
    this.#block = Int32Array.from({ length: size * 2 }, (_, i) => this.#block[order[i] ?? 0]!);
    const keepers = order.map((from) => this.#keepers[from]!);
    this.#keepers = [...keepers, ...new Array<null>(size * 2 - keepers.length).fill(null)];
    this.#head = 0;
  }
}
