// Arithmetic on the circle: the signed distance from b to a. Sequence numbers are compared nowhere else.

/** InfiniBand packet sequence numbers, 24 bits (IBA 9.7.2). */
export const psnDiff = (a: number, b: number): number => ((a - b) << 8) >> 8;

/** The packet sequence number `count` after `psn`. */
export const psnAdd = (psn: number, count: number): number => (psn + count) & 0xffffff;

/** TCP sequence numbers, 32 bits (RFC 9293 3.4). */
export const seqDiff = (a: number, b: number): number => (a - b) | 0;

/** The sequence number `count` bytes after `seq`. */
export const seqAdd = (seq: number, count: number): number => (seq + count) >>> 0;
