// A scatter-gather list whose entries were checked: where a message's bytes lie, piece by piece. Made once for a
// queue and filled again for each work request, so that none is allocated on the way.

import type { Translation } from './translation.js';
import { UsageError } from './usage-error.js';

/** Entries of one work request; HCAs of today have 16 to 64. */
const MAX_SGE = 256;

export class ScatterList {
  count = 0;
  lengthBytes = 0;
  readonly translations: (Translation | null)[];
  readonly offsets: Float64Array;
  readonly lengths: Float64Array;

  constructor(maxSge: number) {
    if (!(Number.isInteger(maxSge) && maxSge >= 1 && maxSge <= MAX_SGE))
      throw new UsageError('EINVAL', `${maxSge} scatter-gather entries`);
    this.translations = new Array<Translation | null>(maxSge).fill(null);
    this.offsets = new Float64Array(maxSge);
    this.lengths = new Float64Array(maxSge);
  }

  clear(): void {
    this.count = 0;
    this.lengthBytes = 0;
  }

  // hot
  /** An entry that `KeyTable.check` allowed, with the `translation` and `offset` that it found. */
  add(translation: Translation, offset: number, lengthBytes: number): void {
    if (this.count === this.translations.length)
      throw new UsageError('EINVAL', `more than ${this.count} scatter-gather entries`);
    this.translations[this.count] = translation;
    this.offsets[this.count] = offset;
    this.lengths[this.count] = lengthBytes;
    this.count++;
    this.lengthBytes += lengthBytes;
  }
}
