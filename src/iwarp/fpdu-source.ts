// What a connection sends: the NIC's buffer of framed bytes, which TCP sends from and repeats from. Segments begin and
// end where FPDUs do as far as windows allow (RFC 5044 5.1).

import { sharedPacketMemory } from '../../protocols/core/checksum/index.js';
import { move, type SendSource } from '../tcp/index.js';

/** FPDUs in the buffer at most. */
const MOST_UNITS = 4096;
/** Room behind the ring, so that each FPDU is made in one piece. */
const SLACK = 66 * 1024;

/** What a unit is, for those who give it time; bits. */
export const UNIT = { entry: 1, data: 2 } as const;

export class FpduSource implements SendSource {
  end = 0;
  /** Bytes below are acknowledged. */
  released = 0;
  /** The packet memory in which the ring lies, from `#begin` on: moving bytes to frames needs no view of them. */
  readonly bytes: Uint8Array;
  readonly #begin: number;
  /** Of what was copied since this was set to 0: when its bytes are there, and what it was. */
  readyAt = 0;
  what = 0;
  /** The last work request whose last FPDU was sent; -1 before the first. */
  sentJob = -1;
  readonly #ends = new Float64Array(MOST_UNITS);
  readonly #ready = new Float64Array(MOST_UNITS);
  readonly #jobs = new Float64Array(MOST_UNITS);
  readonly #whats = new Uint8Array(MOST_UNITS);
  /** Running numbers: oldest unit kept, first one not sent, behind the newest. */
  #first = 0;
  #unsent = 0;
  #last = 0;

  constructor(
    readonly capacity: number,
    /** Bytes were copied into a frame, or released: there is room for more. */
    readonly moved: (copied: boolean) => void,
  ) {
    const { whole, at } = sharedPacketMemory(capacity + SLACK);
    this.bytes = whole;
    this.#begin = at;
  }

  /** Is there room for a unit of that size? */
  // hot
  hasRoom(size: number): boolean {
    return (
      this.capacity - (this.end - this.released) >= size && this.#last - this.#first < MOST_UNITS
    );
  }

  /** When the bytes of the unit that is being made are there. */
  nextReady = 0;

  /** Where in `bytes` the next unit is to be made. */
  get at(): number {
    return this.#begin + (this.end % this.capacity);
  }

  /** Takes a unit that was made at `at`: an FPDU, or a start-up frame. */
  // hot
  commit(size: number, job: number, what: number): void {
    const { at, bytes } = this;
    const edge = this.#begin + this.capacity;
    if (at + size > edge) bytes.copyWithin(this.#begin, edge, at + size);
    this.end += size;
    const unit = this.#last++ % MOST_UNITS;
    this.#ends[unit] = this.end;
    this.#ready[unit] = this.nextReady;
    this.nextReady = 0;
    this.#jobs[unit] = job;
    this.#whats[unit] = what;
  }

  /** The unit that the byte at `place` is of. */
  // hot
  #unitOf(place: number): number {
    let low = this.#first;
    let high = this.#last;
    if (this.#unsent > low && this.#ends[(this.#unsent - 1) % MOST_UNITS]! <= place) {
      low = this.#unsent;
    }
    if (low < high && this.#ends[low % MOST_UNITS]! > place) return low;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#ends[middle % MOST_UNITS]! > place) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  // hot
  cut(from: number, most: number): number {
    const edge = from + most;
    let whole = from;
    for (let i = this.#unitOf(from); i < this.#last; i++) {
      const end = this.#ends[i % MOST_UNITS]!;
      if (end > edge) break;
      whole = end;
    }
    // Less than one: a window, or a path that has become narrower.
    return whole > from ? whole - from : most;
  }

  // hot
  copy(from: number, length: number, into: Uint8Array, at: number): void {
    const { bytes, capacity } = this;
    const begin = from % capacity;
    const first = Math.min(length, capacity - begin);
    move(bytes, this.#begin + begin, first, into, at);
    if (length > first) move(bytes, this.#begin, length - first, into, at + first);
    const to = from + length;
    for (let i = this.#unitOf(from); i < this.#last; i++) {
      const unit = i % MOST_UNITS;
      const end = this.#ends[unit]!;
      if (end - 1 < from) continue;
      if (this.#ready[unit]! > this.readyAt) this.readyAt = this.#ready[unit]!;
      this.what |= this.#whats[unit]!;
      if (end > to) break;
      if (i === this.#unsent) {
        this.#unsent++;
        if (this.#jobs[unit]! >= 0) this.sentJob = this.#jobs[unit]!;
      }
      if (end === to) break;
    }
    this.moved(true);
  }

  release(place: number): void {
    this.released = place;
    while (this.#first < this.#unsent && this.#ends[this.#first % MOST_UNITS]! <= place) {
      this.#first++;
    }
    this.moved(false);
  }
}
