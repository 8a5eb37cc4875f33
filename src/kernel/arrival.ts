// What goes up the stack at once: one received frame, or several of one flow that the driver has merged (GRO). The first
// one's headers stand for all; texts stay where DMA has put them, and TCP sees them as if they followed each other.

import type { Keeper } from './page-pool.js';

/** Frames of a merged packet: 64 KiB of the smallest segments that are worth it. */
const MOST_FRAMES = 64;
/** What the length field of IPv4 can say. */
export const MOST_MERGED = 65_535;

export class Arrival {
  /** Frames in it. */
  count = 0;
  hash = 0;
  checked = false;
  /** The host has sent it itself. */
  own = false;
  /** The array in which the first frame lies, where in it, and the frame's bytes with those merged behind it. */
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  length = 0;
  /** Of the first frame: headers, and text of each frame that was merged; 0 for one that came alone. */
  headerLength = 0;
  unit = 0;
  /** The sum of all frames so far that the card has received, when it came. */
  stamp = 0;
  /** Where TCP would expect the next one. */
  nextSeq = 0;
  readonly #from = new Float64Array(MOST_FRAMES);
  readonly #size = new Float64Array(MOST_FRAMES);
  readonly #address = new Float64Array(MOST_FRAMES);
  readonly #block = new Int32Array(MOST_FRAMES);
  readonly #keeper: (Keeper | null)[] = new Array<Keeper | null>(MOST_FRAMES).fill(null);

  /** Where the first frame lies. */
  get address(): number {
    return this.#address[0]!;
  }

  get block(): number {
    return this.#block[0]!;
  }

  /** @param home of the pages that it refers to, unless somebody says otherwise */
  constructor(readonly home: Keeper) {}

  get full(): boolean {
    return this.count === MOST_FRAMES;
  }

  begin(
    bytes: Uint8Array,
    at: number,
    length: number,
    address: number,
    block: number,
    keeper = this.home,
  ): void {
    this.bytes = bytes;
    this.at = at;
    this.length = length;
    this.count = 0;
    this.unit = 0;
    this.checked = false;
    this.own = false;
    this.#add(0, length, address, block, keeper);
  }

  /** The text of another frame behind what is there. */
  // hot
  merge(length: number, address: number, block: number, keeper = this.home): void {
    this.#add(this.length, length, address, block, keeper);
    this.length += length;
  }

  // hot
  #add(from: number, size: number, address: number, block: number, keeper: Keeper): void {
    const i = this.count++;
    this.#from[i] = from;
    this.#size[i] = size;
    this.#address[i] = address;
    this.#block[i] = block;
    this.#keeper[i] = keeper;
  }

  /** Shows bytes `from` to `from + length` of the merged packet, piece by piece. */
  // hot
  pieces(from: number, length: number, to: PieceTaker): void {
    let at = from;
    const end = from + length;
    for (let i = 0; i < this.count && at < end; i++) {
      const first = this.#from[i]!;
      const last = first + this.#size[i]!;
      if (last <= at) continue;
      const size = Math.min(last, end) - at;
      const address = this.#address[i]! + at - first;
      to.piece(at - from, size, address, this.#keeper[i]!, this.#block[i]!, this.stamp);
      at += size;
    }
  }

  /** Whoever still needs a block has referred to it by now. */
  // hot
  release(): void {
    for (let i = 0; i < this.count; i++) this.#keeper[i]!.release(this.#block[i]!);
    this.count = 0;
  }
}

export interface PieceTaker {
  piece(
    offset: number,
    length: number,
    address: number,
    keeper: Keeper,
    block: number,
    stamp: number,
  ): void;
}
