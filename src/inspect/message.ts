// Units that travel in several frames: PDUs on a TCP stream, messages of a queue pair. They are put together
// in bytes of their own, dissected there, and shown with the frame that completed them.

import type { Layer, Malformed, Scene } from '../../protocols/index.js';

/** Where a run of a message's bytes came from. */
export interface Part {
  /** Frame number, from 1 on. */
  readonly frame: number;
  /** Bytes that this frame contributed. */
  readonly size: number;
}

/** A unit put together from several frames. Its layers tile `bytes`. */
export interface Message extends Scene {
  /** What it is, such as 'NVMe/TCP PDU' or 'RDMA SEND message'. */
  readonly title: string;
  readonly layers: readonly Layer[];
  readonly stop: Malformed | null;
  readonly parts: readonly Part[];
}

/** What one frame brought to light beside its own layers. */
export interface Finds {
  readonly messages: Message[];
  readonly notes: string[];
}

/** What remembering a part costs beside its bytes: parts of one byte each are bounded as well. */
const PART_COST = 32;

/** Smallest memory that is asked for. */
const LEAST = 1024;

/** Bytes that gather until a unit is whole. */
export class Gathering {
  #bytes = new Uint8Array(0);
  /** What is gathered lies from `#start` to `#end` in `#bytes`. */
  #start = 0;
  #end = 0;
  #parts: Part[] = [];
  /** Parts before this one were taken. */
  #firstPart = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** Bytes of memory for what is gathered. */
  get kept(): number {
    return this.length + (this.#parts.length - this.#firstPart) * PART_COST;
  }

  /** What has been gathered; valid until more is added. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  add(bytes: Uint8Array, from: number, to: number, frame: number): void {
    const size = to - from;
    if (size <= 0) return;
    this.#reserve(size);
    this.#bytes.set(bytes.subarray(from, to), this.#end);
    this.#end += size;
    const last = this.#parts.length - 1;
    const part = last >= this.#firstPart ? this.#parts[last] : undefined;
    if (part?.frame === frame) this.#parts[last] = { frame, size: part.size + size };
    else this.#parts.push({ frame, size });
  }

  #reserve(size: number): void {
    if (this.#end + size <= this.#bytes.length) return;
    const { bytes, length } = this;
    const fits = length + size <= this.#bytes.length / 2;
    const room = fits ? this.#bytes : new Uint8Array(Math.max(LEAST, 2 * length, length + size));
    room.set(bytes);
    this.#bytes = room;
    this.#start = 0;
    this.#end = length;
  }

  /** Takes the first `size` bytes; what was gathered behind them stays. */
  take(size: number): { readonly bytes: Uint8Array; readonly parts: readonly Part[] } {
    const bytes = this.#bytes.slice(this.#start, this.#start + size);
    const parts: Part[] = [];
    for (let left = size; left > 0 && this.#firstPart < this.#parts.length; ) {
      const { frame, size: have } = this.#parts[this.#firstPart]!;
      const used = Math.min(have, left);
      parts.push({ frame, size: used });
      left -= used;
      if (used === have) this.#firstPart++;
      else this.#parts[this.#firstPart] = { frame, size: have - used };
    }
    this.#start += size;
    if (this.length === 0) this.drop();
    return { bytes, parts };
  }

  /** Gives back the last `size` bytes that were added, all by one frame. */
  giveBack(size: number): void {
    if (size <= 0) return;
    this.#end -= size;
    const last = this.#parts.pop();
    if (last && last.size > size) this.#parts.push({ frame: last.frame, size: last.size - size });
  }

  drop(): void {
    if (this.#bytes.length > LEAST) this.#bytes = new Uint8Array(0);
    this.#start = 0;
    this.#end = 0;
    this.#parts = [];
    this.#firstPart = 0;
  }
}
