// What a link may do to a frame on its way. Each impairment looks at a frame in its slot and says what becomes of
// it; the driver does it. Faults by probability and by rule, and edits of fields, are made of these.

import type { FramePool } from '../frame/index.js';
import type { Nanos } from '../time/index.js';

/** What becomes of one frame. One object that is filled again for each frame. */
export class Fate {
  /** Why it is lost; '' when it is not. */
  lost = '';
  /** Nanoseconds that it comes later than the wire alone would let it. */
  delay = 0;
  /** Further copies that arrive, each as long after the one before. */
  copies = 0;
  copyGap = 0;

  reset(): void {
    this.lost = '';
    this.delay = 0;
    this.copies = 0;
    this.copyGap = 0;
  }
}

export interface Impairment {
  readonly name: string;
  /**
   * Looks at the frame in `slot`, which leaves `from` (0 or 1: the link's first or second end), and may change
   * its bytes, its length and its fate.
   */
  apply(now: Nanos, from: 0 | 1, pool: FramePool, slot: number, fate: Fate): void;
}
