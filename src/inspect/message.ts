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

/** Bytes that gather until a unit is whole. */
export class Gathering {
  #bytes = new Uint8Array(0);
  #length = 0;
  #parts: Part[] = [];

  get length(): number {
    return this.#length;
  }

  /** What has been gathered; valid until more is added. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  add(bytes: Uint8Array, from: number, to: number, frame: number): void {
    const needed = this.#length + to - from;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2, 1024));
      grown.set(this.bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(bytes.subarray(from, to), this.#length);
    this.#length = needed;
    const last = this.#parts.at(-1);
    if (last?.frame === frame)
      this.#parts[this.#parts.length - 1] = { frame, size: last.size + to - from };
    else this.#parts.push({ frame, size: to - from });
  }

  /** Takes the first `size` bytes; what was gathered behind them stays. */
  take(size: number): { readonly bytes: Uint8Array; readonly parts: readonly Part[] } {
    const bytes = this.#bytes.slice(0, size);
    const parts: Part[] = [];
    let left = size;
    while (left > 0 && this.#parts.length > 0) {
      const { frame, size: have } = this.#parts[0]!;
      const used = Math.min(have, left);
      parts.push({ frame, size: used });
      left -= used;
      if (used === have) this.#parts.shift();
      else this.#parts[0] = { frame, size: have - used };
    }
    this.#bytes.copyWithin(0, size, this.#length);
    this.#length -= size;
    return { bytes, parts };
  }

  /** Gives back the last `size` bytes that were added. */
  giveBack(size: number): void {
    this.#length -= size;
    const last = this.#parts.pop();
    if (last && last.size > size) this.#parts.push({ frame: last.frame, size: last.size - size });
  }

  drop(): void {
    this.#bytes = new Uint8Array(0);
    this.#length = 0;
    this.#parts = [];
  }
}
