// The user's buffers of one call (an iovec), folded once, so that nothing is made for each packet that is copied.

import { folded, type UserPlace } from '../memory/index.js';

/** iovec. */
export interface Piece {
  readonly address: bigint;
  readonly length: number;
}

export class UserPieces implements UserPlace {
  /** Bytes of all of them. */
  length = 0;
  /** Where the byte that was sought lies, and how many follow it there. */
  at = 0.5;
  left = 0;
  readonly #starts: readonly number[];
  readonly #lengths: readonly number[];

  constructor(pieces: readonly Piece[]) {
    this.#starts = pieces.map(({ address }) => folded(address));
    this.#lengths = pieces.map(({ length }) => length);
    for (const { length } of pieces) this.length += length;
  }

  /** Byte `done` of the message. */
  // hot
  seek(done: number): void {
    let skip = done;
    for (let i = 0; i < this.#lengths.length; i++) {
      const length = this.#lengths[i]!;
      if (skip < length) {
        this.at = this.#starts[i]! + skip;
        this.left = length - skip;
        return;
      }
      skip -= length;
    }
    throw new RangeError(`byte ${done} lies behind all pieces`);
  }
}
