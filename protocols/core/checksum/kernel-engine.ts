// CRCs by the WebAssembly SIMD kernel: over packet memory where the bytes lie, over other arrays by copying
// them into the kernel's memory piece by piece.

import type { CrcEngine } from './engine.js';
import { type Kernel, kernelOf, stagingKernel } from './kernel/kernel.js';
import { chunkBytes, stageAt } from './kernel/memory-map.js';
import { run, tables } from './table.js';

type Name = 'crc32' | 'crc32c';
type Run = Kernel[Name];

/**
 * Shortest run for which copying in beats the table: a view, a `set` and finding out that the bytes are not
 * in packet memory take 70 ns, the table 0.72 ns a byte (bench/checksum.ts; equal at 190 bytes).
 */
const copyFrom = 192;

// hot
function inPlace(pass: Run, at: number, length: number, seed: number): number {
  if (length <= chunkBytes) return ~pass(at, length, ~seed);
  let state = ~seed;
  for (let done = 0; done < length; done += chunkBytes)
    state = pass(at + done, Math.min(chunkBytes, length - done), state);
  return ~state;
}

// hot
function copied(k: Kernel, name: Name, b: Uint8Array, from: number, to: number, seed: number) {
  let state = ~seed;
  for (let at = from; at < to; at += chunkBytes) {
    const length = Math.min(chunkBytes, to - at);
    k.stage.set(at === 0 && length === b.length ? b : b.subarray(at, at + length));
    state = k[name](stageAt, length, state);
  }
  return ~state;
}

/** Finding the kernel and entering it takes so long that the table is as fast up to here (equal at 75 bytes). */
const worthFrom = 80;

/** The kernel's engine; null where WebAssembly SIMD is missing. */
export function kernelEngine(): CrcEngine | null {
  const staging = stagingKernel();
  if (staging === null) return null;
  // Mostly the same array as before: asking it for its memory and where in it it lies takes longer than a short CRC.
  let last: Uint8Array | null = null;
  let lastKernel = staging;
  let lastOffset = 0;
  const elsewhere = (name: Name, b: Uint8Array, from: number, to: number, seed: number): number => {
    const resident = kernelOf(b.buffer);
    if (resident !== undefined) {
      last = b;
      lastKernel = resident;
      lastOffset = b.byteOffset;
      return inPlace(resident[name], lastOffset + from, to - from, seed);
    }
    if (to - from < copyFrom) return ~run(tables[name], b, from, to, ~seed);
    return copied(staging, name, b, from, to, seed);
  };
  // Written out for each, because the compiler keeps the two apart only so.
  return {
    name: 'kernel',
    worthFrom,
    crc32: (b, from, to, seed) =>
      b === last
        ? inPlace(lastKernel.crc32, lastOffset + from, to - from, seed)
        : elsewhere('crc32', b, from, to, seed),
    crc32c: (b, from, to, seed) =>
      b === last
        ? inPlace(lastKernel.crc32c, lastOffset + from, to - from, seed)
        : elsewhere('crc32c', b, from, to, seed),
  };
}
