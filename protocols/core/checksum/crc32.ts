// CRC-32 and CRC-32C for every wire format: picks the engine, and keeps short runs away from it.

import type { CrcEngine } from './engine.js';
import { kernelEngine } from './kernel-engine.js';
import { portableEngine } from './portable-engine.js';
import { run, runMasked, tables } from './table.js';

/** The best engine that this machine has without help: the SIMD kernel, or crc-32 where there is no SIMD. */
export const defaultEngine: CrcEngine = kernelEngine() ?? portableEngine;

let engine = defaultEngine;

/**
 * From now on computes long runs with `chosen`; for Node-side callers that have a native CRC.
 * @returns the engine used so far
 */
export function useEngine(chosen: CrcEngine): CrcEngine {
  const before = engine;
  engine = chosen;
  return before;
}

function checkRange(bytes: Uint8Array, from: number, to: number): void {
  // Written so that NaN is refused as well: the kernel would read whatever lies there.
  if (!(from >= 0 && from <= to && to <= bytes.length))
    throw new RangeError(`bytes ${from} to ${to} of ${bytes.length}`);
}

/**
 * CRC-32 of IEEE 802.3 3.2.9 (FCS) and IBA 7.8.1 (ICRC): polynomial 04C11DB7h, least significant bit first.
 * On the wire its least significant byte comes first.
 * @param from, to absolute offsets of the first byte and of the one after the last
 * @param seed CRC of the bytes before these, 0 when there are none
 * @returns an unsigned number
 */
// hot
export function crc32(bytes: Uint8Array, from = 0, to = bytes.length, seed = 0): number {
  return crc32Bits(bytes, from, to, seed) >>> 0;
}

/** The same 32 bits with a sign: V8 makes an object of half of the unsigned ones where a function answers them. */
// hot
export function crc32Bits(bytes: Uint8Array, from: number, to: number, seed: number): number {
  checkRange(bytes, from, to);
  if (to - from >= engine.worthFrom) return engine.crc32(bytes, from, to, seed) | 0;
  return ~run(tables.crc32, bytes, from, to, ~seed);
}

/**
 * CRC-32C of RFC 3720 12.1 (MPA, NVMe/TCP digests): polynomial 1EDC6F41h, otherwise as `crc32`.
 * @returns an unsigned number
 */
// hot
export function crc32c(bytes: Uint8Array, from = 0, to = bytes.length, seed = 0): number {
  checkRange(bytes, from, to);
  if (to - from >= engine.worthFrom) return engine.crc32c(bytes, from, to, seed) >>> 0;
  return ~run(tables.crc32c, bytes, from, to, ~seed) >>> 0;
}

/**
 * CRC-32 over bytes that count with some bits as ones, as in ICRC (IBA 7.8.1: fields that change on the way):
 * byte i counts as `bytes[i] | ones[i - from]`. For headers; the payload follows with `crc32`.
 * @param ones at least `to - from` bytes
 */
// hot
export function crc32Masked(
  bytes: Uint8Array,
  from: number,
  to: number,
  ones: Uint8Array,
  seed = 0,
): number {
  checkRange(bytes, from, to);
  checkRange(ones, 0, to - from);
  return ~runMasked(tables.crc32, bytes, from, to, ones, ~seed) >>> 0;
}

/** CRC-32 of eight bytes FFh, which stand for the absent LRH in the ICRC of RoCE (IBA A17.3.3): a seed. */
export const crc32OfAbsentLrh = crc32(new Uint8Array(8).fill(0xff));
