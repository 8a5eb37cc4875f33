// Arithmetic on the circle: the signed distance from b to a. Sequence numbers are compared nowhere else.

/** InfiniBand packet sequence numbers, 24 bits (IBA 9.7.2). */
export const psnDiff = (a: number, b: number): number => ((a - b) << 8) >> 8;

/** The packet sequence number `count` after `psn`. */
export const psnAdd = (psn: number, count: number): number => (psn + count) & 0xffffff;

/** TCP sequence numbers, 32 bits (RFC 9293 3.4). */
export const seqDiff = (a: number, b: number): number => (a - b) | 0;

/**
 * The same 32 bits as a signed number, which V8 passes on without making an object of it, as it does of those above 2^31.
 * Setters of 32-bit fields take it.
 */
export const asInt = (word: number): number => word | 0;
/** And back. */
export const asWord = (int: number): number => int >>> 0;

/** The sequence number `count` bytes after `seq`. */
export const seqAdd = (seq: number, count: number): number => (seq + count) >>> 0;
