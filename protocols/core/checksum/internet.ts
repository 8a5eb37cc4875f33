// The Internet checksum (RFC 1071) of IPv4, ICMP, UDP and TCP. A `sum` here is the ones' complement sum of
// 16-bit words, folded to 16 bits and not yet complemented; sums of parts add up to the sum of the whole.

import { type Kernel, kernelOf, stagingKernel } from './kernel/kernel.js';
import { chunkBytes, stageAt } from './kernel/memory-map.js';

/** Shortest run in packet memory for which the SIMD kernel beats the loop. */
const kernelFrom = 128;
/** The same for bytes from elsewhere, which are copied in first (bench/checksum.ts). */
const copyFrom = 160;
/** Pairs are added this many bytes at a time before the sum is folded, so that it stays below 2^31. */
const foldBytes = 32768;

// Ones' complement addition brings the carries back in at the low end (RFC 1071 1). Twice is enough for 32 bits.
const fold = (sum: number): number => {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
};

const swap = (word: number): number => ((word & 0xff) << 8) | (word >>> 8);

// hot
function sumInScript(b: Uint8Array, from: number, to: number): number {
  let total = 0;
  let i = from;
  while (i + 1 < to) {
    // Eight bytes a turn; the bytes of even and of odd places are added apart, and put together at the end.
    const stop = Math.min(to, i + foldBytes);
    let high = 0;
    let low = 0;
    for (; i + 8 <= stop; i += 8) {
      high += b[i]! + b[i + 2]! + b[i + 4]! + b[i + 6]!;
      low += b[i + 1]! + b[i + 3]! + b[i + 5]! + b[i + 7]!;
    }
    for (; i + 2 <= stop; i += 2) {
      high += b[i]!;
      low += b[i + 1]!;
    }
    total = fold(total + fold((high << 8) + low));
  }
  return i < to ? fold(total + (b[i]! << 8)) : total; // a last odd byte counts as if a zero followed
}

const staging = stagingKernel();

/** Folded sum by the kernel. Sums of swapped words are swapped sums (RFC 1071 2B), so its byte order is no matter. */
const wordsAt = (kernel: Kernel, at: number, length: number): number =>
  swap(fold(kernel.internetSum(at, length, 0)));

// hot
function copiedWords(kernel: Kernel, b: Uint8Array, at: number, end: number): number {
  const length = Math.min(chunkBytes, end - at);
  kernel.stage.set(b.subarray(at, at + length));
  return wordsAt(kernel, stageAt, length);
}

/**
 * Adds bytes `from` to `to` to a sum.
 * @param sum of what was added before
 * @param odd whether this range starts at an odd place of what is summed: after a part with an odd length
 * @returns the sum, 0 to FFFFh
 */
// hot
export function internetSum(b: Uint8Array, from = 0, to = b.length, sum = 0, odd = false): number {
  if (!(from >= 0 && from <= to && to <= b.length))
    throw new RangeError(`bytes ${from} to ${to} of ${b.length}`);
  const length = to - from;
  let part = 0;
  let at = from;
  if (length >= kernelFrom) {
    const kernel = kernelOf(b.buffer);
    const whole = from + (length & ~15); // the kernel adds 16 bytes a turn
    if (kernel !== undefined) {
      for (; at < whole; at += foldBytes)
        part = fold(part + wordsAt(kernel, b.byteOffset + at, Math.min(foldBytes, whole - at)));
      at = whole;
    } else if (length >= copyFrom && staging !== null) {
      for (; at < whole; at += chunkBytes) part = fold(part + copiedWords(staging, b, at, whole));
      at = whole;
    }
  }
  part = fold(part + sumInScript(b, at, to));
  return fold(sum + (odd ? swap(part) : part));
}

/**
 * Sum of the pseudo header of UDP and TCP over IPv4 (RFC 768, RFC 9293 3.1).
 * @param addressesAt where source and destination address lie: 12 bytes into the IPv4 header
 * @param length bytes of UDP or TCP header and data
 */
export const pseudoSumIpv4 = (
  b: Uint8Array,
  addressesAt: number,
  protocol: number,
  length: number,
): number => fold(internetSum(b, addressesAt, addressesAt + 8) + protocol + fold(length));

/**
 * Sum of the pseudo header of upper layers over IPv6 (RFC 8200 8.1).
 * @param sourceAt, targetAt where the addresses lie: 8 and 24 bytes into the IPv6 header, or the final
 *   destination's place in a routing header
 * @param length bytes of the upper layer's header and data
 */
export const pseudoSumIpv6 = (
  b: Uint8Array,
  sourceAt: number,
  targetAt: number,
  nextHeader: number,
  length: number,
): number => {
  const addresses = internetSum(
    b,
    targetAt,
    targetAt + 16,
    internetSum(b, sourceAt, sourceAt + 16),
  );
  return fold(addresses + nextHeader + fold(length));
};

/** A sum with one more word. */
export const addWord = (sum: number, word: number): number => fold(sum + word);

/** The checksum that goes into the header: the complement of the sum (with the field itself as zero). */
export const checksumOfSum = (sum: number): number => ~sum & 0xffff;

/** UDP sends a checksum of zero as FFFFh, because zero says that there is none (RFC 768). */
export const udpChecksumOfSum = (sum: number): number => checksumOfSum(sum) || 0xffff;

/** Whether a sum that included the checksum field shows the bytes undamaged (RFC 1071 1, item 3). */
export const sumIsGood = (sum: number): boolean => sum === 0xffff;

/**
 * The checksum after a 16-bit word of what it covers has changed: HC' = ~(~HC + ~m + m') (RFC 1624 3, eqn. 3).
 * Words are those at even places.
 */
export const updateChecksum = (checksum: number, wordBefore: number, wordAfter: number): number =>
  ~fold((~checksum & 0xffff) + (~wordBefore & 0xffff) + wordAfter) & 0xffff;
