// Moving bytes between arrays, for whoever has checked them before.

import { moveWithin } from '../../protocols/core/checksum/index.js';

// hot
/** Our own code asks for bytes that were never checked: a bug, never a peer's doing. */
export function inside(from: number, length: number, bound: number): void {
  if (!(from >= 0 && length >= 0 && from + length <= bound))
    throw new RangeError(`${length} bytes at ${from} of ${bound}`);
}

/** Below this a loop beats the view that `set` needs (bench/memory-dma.ts). */
const SHORT = 16;

// hot
export function move(
  from: Uint8Array,
  at: number,
  length: number,
  to: Uint8Array,
  target: number,
): void {
  if (from === to) moveWithin(to, target, at, length);
  else if (length === from.length) to.set(from, target);
  else if (length > SHORT) to.set(from.subarray(at, at + length), target);
  else for (let i = 0; i < length; i++) to[target + i] = from[at + i]!;
}
