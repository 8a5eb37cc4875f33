// What devices write goes into a few ways of the processor's last-level cache (Intel's DDIO), where the next writes drive
// it out again: how much of it is still there when a core comes to read it.

export interface IoCacheProfile {
  /** Of the ways that devices may fill. */
  readonly bytes: number;
  readonly ways: number;
}

/** Where the answer is put: a fraction that is returned would be an object. */
export interface CachedPart {
  part: number;
}

/**
 * The part of what was written that is still there when devices have written so many bytes since. Lines are spread over
 * the sets by a hash of their address, so that what comes into one set is Poisson's; a line is gone when as many have come
 * as there are ways.
 */
// hot
export function lookAtCache(
  { bytes, ways }: IoCacheProfile,
  writtenSince: number,
  into: CachedPart,
): void {
  const mean = (writtenSince * ways) / bytes;
  let term = Math.exp(-mean);
  let sum = term;
  for (let k = 1; k < ways; k++) {
    term *= mean / k;
    sum += term;
  }
  into.part = sum;
}
