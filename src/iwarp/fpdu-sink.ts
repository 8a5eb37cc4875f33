// What a connection receives. FPDUs that lie whole in the segment that is next are taken where they are, so that their
// payload goes from the segment to memory; what comes behind a gap or in parts waits in the NIC's buffer.

import { sharedPacketMemory } from '../../protocols/core/checksum/index.js';
import { move, type ReceiveSink } from '../tcp/index.js';

/** Room behind the ring, so that an FPDU that goes round lies in one piece. */
const SLACK = 66 * 1024;
const NOTHING = new Uint8Array(0);

/** Takes bytes from `at` on, which stand at `place` of the stream; says how many it took. What it leaves comes again with more behind it. */
export type Taker = (bytes: Uint8Array, at: number, end: number, place: number) => number;

export class FpduSink implements ReceiveSink {
  taken = 0;
  /** The stream is whole up to here. */
  delivered = 0;
  /** Segments that were taken where they lay, and bytes that had to be kept. */
  direct = 0;
  keptBytes = 0;
  /** The packet memory in which the ring lies, and where it begins. */
  readonly #ring: Uint8Array;
  readonly #begin: number;
  #segment: Uint8Array = NOTHING;
  #segmentAt = 0;
  #segmentLength = 0;

  constructor(
    readonly capacity: number,
    readonly take: Taker,
  ) {
    const { whole, at } = sharedPacketMemory(capacity + SLACK);
    this.#ring = whole;
    this.#begin = at;
  }

  // hot
  place(place: number, length: number, from: Uint8Array, at: number): void {
    if (place === this.delivered && this.taken === place && this.#segmentLength === 0) {
      this.#segment = from;
      this.#segmentAt = at;
      this.#segmentLength = length;
      return;
    }
    this.#keep(place, length, from, at);
  }

  // hot
  #keep(place: number, length: number, from: Uint8Array, at: number): void {
    const begin = place % this.capacity;
    const first = Math.min(length, this.capacity - begin);
    move(from, at, first, this.#ring, this.#begin + begin);
    if (length > first) move(from, at + first, length - first, this.#ring, this.#begin);
    this.keptBytes += length;
  }

  // hot
  deliver(place: number): void {
    if (this.#segmentLength > 0) this.#direct();
    this.delivered = place;
    this.resume();
  }

  /** The segment itself, of which only what is left over is kept. */
  // hot
  #direct(): void {
    const segment = this.#segment;
    const at = this.#segmentAt;
    const length = this.#segmentLength;
    this.#segment = NOTHING;
    this.#segmentLength = 0;
    const place = this.delivered;
    this.delivered += length;
    const took = this.#taken(segment, at, at + length, place);
    this.taken += took;
    if (took > 0) this.direct++;
    if (took < length) this.#keep(place + took, length - took, segment, at + took);
  }

  /** All that can be taken of a piece. */
  // hot
  #taken(bytes: Uint8Array, at: number, end: number, place: number): number {
    let from = at;
    while (from < end) {
      const took = this.take(bytes, from, end, place + from - at);
      if (took === 0) break;
      from += took;
    }
    return from - at;
  }

  /** What is kept may be takeable by now. */
  // hot
  resume(): void {
    const edge = this.#begin + this.capacity;
    while (this.taken < this.delivered) {
      const begin = this.#begin + (this.taken % this.capacity);
      const waiting = this.delivered - this.taken;
      let end = begin + waiting;
      if (end > edge) {
        // Beyond the ring's end lies a copy of its beginning.
        end = Math.min(end, edge + SLACK);
        this.#ring.copyWithin(edge, this.#begin, this.#begin + end - edge);
      }
      const took = this.take(this.#ring, begin, end, this.taken);
      if (took === 0) return;
      this.taken += took;
    }
  }
}
