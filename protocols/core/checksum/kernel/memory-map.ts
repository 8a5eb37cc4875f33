// Where the kernel keeps what in its linear memory. The first page and a half are the kernel's own; packet
// memory follows. All are byte addresses.

/** Longest run that one call of the kernel takes; longer ones are chained. Chosen so that the working copy,
 * which is as long, stays in a 32 KiB first-level cache together with the input. */
export const chunkBytes = 8192;

/** Sixteen tables of 256 words for each polynomial (slicing by 16). */
export const tablesAt = { crc32: 0, crc32c: 16384 } as const;

/** 16 bytes of zeros and 16 of ones: a window into it masks a partial first vector. */
export const maskAt = 32768;
/** 16 bytes of zeros, the 4 bytes of the CRC so far, zeros: a window into it aligns the seed likewise. */
export const seedAt = 32800;
/** What is left when the long multiple, then when the short one has been subtracted. */
export const longRestAt = 32896;
export const shortRestAt = 33408;
/** Zeros that stand for the bytes before the first: at least as long as the longest multiple. Never written. */
export const workZerosAt = 33536;
export const workAt = 34048;
/** The table of `crc32Each`: runs of four words each, namely where one begins, where it ends, its cover, its answer. */
export const runsAt = workAt + chunkBytes + 512;
export const runBytes = 16;
export const runsLimit = 256;
/** Runs that it takes side by side, and so at once: more would need more vectors than there are registers. */
export const abreast = 2;
/** Its shortest run: room for a cover, four vectors, and what the long multiple leaves. */
export const runFrom = 512;
/**
 * Its covers: the state that a run begins with, and from `coverOnesAt` on bits that count as ones, zeros around them.
 */
export const coversAt = runsAt + runBytes * runsLimit;
export const coverBytes = 128;
export const coverOnesAt = 32;
export const coverOnesLimit = 64;
export const coversLimit = 8;
/** What is left of the runs that it takes together, each in as many vectors as it needs. */
export const restsAt = coversAt + coverBytes * coversLimit;
const restsBytes = 2048;
/** Room for input that is copied in; 16 readable bytes are before it. */
export const stageAt = restsAt + restsBytes;
export const packetsAt = stageAt + chunkBytes + 64;
