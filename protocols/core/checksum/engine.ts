// What computes CRCs over long runs. Three kinds: the npm package crc-32 (portable, the reference), the
// WebAssembly SIMD kernel, and whatever a caller injects, such as Node's zlib.

/**
 * Computes both CRC-32s. Ranges are absolute offsets into `bytes`, checked by the caller. Seeds and results are 32 bits,
 * signed or not: `crc32` makes them unsigned. Signed ones are small integers to V8, which boxes half of the others.
 */
export interface CrcEngine {
  readonly name: string;
  /** Shortest run, in bytes, for which the engine beats the table in JavaScript; shorter ones never reach it. */
  readonly worthFrom: number;
  /** IEEE 802.3. `seed` is the CRC of the bytes before, 0 when there are none. */
  crc32(bytes: Uint8Array, from: number, to: number, seed: number): number;
  /** Castagnoli, RFC 3720 12.1. */
  crc32c(bytes: Uint8Array, from: number, to: number, seed: number): number;
}
