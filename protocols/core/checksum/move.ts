// Moving bytes within packet memory. `copyWithin` is a function of the runtime's, which looks at its arguments for longer
// than a packet's bytes take; the kernel's is compiled code that calls the machine's own at once.

import { type Kernel, kernelOf } from './kernel/kernel.js';

/** From here on the kernel is worth it, where there is one (39 ns against 23 for 1 KiB). */
const kernelFrom = 64;

let last: Uint8Array | null = null;
let lastKernel: Kernel | undefined;
let lastOffset = 0;

/** Moves `length` bytes at `from` to `target`, both in `bytes`. @throws RangeError when they are not all in there */
// hot
export function moveWithin(bytes: Uint8Array, target: number, from: number, length: number): void {
  const room = bytes.length - length;
  // Written so that NaN is refused as well: the kernel would write wherever that is.
  if (!(from >= 0 && target >= 0 && length >= 0 && from <= room && target <= room))
    throw new RangeError(`${length} bytes from ${from} to ${target} of ${bytes.length}`);
  if (bytes !== last) {
    last = bytes;
    lastKernel = kernelOf(bytes.buffer);
    lastOffset = bytes.byteOffset;
  }
  if (lastKernel === undefined || length < kernelFrom)
    bytes.copyWithin(target, from, from + length);
  else lastKernel.move(lastOffset + target, lastOffset + from, length);
}
