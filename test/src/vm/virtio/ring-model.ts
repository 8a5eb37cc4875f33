// What both sides of a virtqueue must see, as lists: what was given and not taken, what the device holds, what it has given
// back and not shown, and what the driver has not taken yet.

import type { RawPiece } from '../../../support/virtio-reader.js';

export interface ModelBuffer {
  readonly token: number;
  readonly pieces: readonly RawPiece[];
  readonly writable: number;
  id: number;
  slots: number;
  written: number;
  done: boolean;
}

export class RingModel {
  readonly available: ModelBuffer[] = [];
  readonly held: ModelBuffer[] = [];
  readonly shown: ModelBuffer[] = [];
  #returned: ModelBuffer[] = [];

  constructor(readonly inOrder: boolean) {}

  add(token: number, pieces: readonly RawPiece[]): void {
    const writable = pieces.reduce((sum, p) => sum + (p.write ? p.len : 0), 0);
    this.available.push({ token, pieces, writable, id: 0, slots: 0, written: 0, done: false });
  }

  take(id: number, slots: number): ModelBuffer {
    const buffer = this.available.shift()!;
    buffer.id = id;
    buffer.slots = slots;
    this.held.push(buffer);
    return buffer;
  }

  /** The device is through with one of those that it holds. */
  give(buffer: ModelBuffer, written: number): void {
    buffer.written = written;
    buffer.done = true;
    if (this.inOrder) return;
    this.held.splice(this.held.indexOf(buffer), 1);
    this.#returned.push(buffer);
  }

  get unfinished(): readonly ModelBuffer[] {
    return this.held.filter((b) => !b.done);
  }

  /** How many the driver sees that it did not see before. */
  flush(): number {
    while (this.inOrder && this.held[0]?.done) this.#returned.push(this.held.shift()!);
    const news = this.#returned;
    this.#returned = [];
    this.shown.push(...news);
    return news.length;
  }
}
