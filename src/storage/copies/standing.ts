// What each copy is worth after all that may have happened since the record was kept.

import type { RecordedCopy } from './record.js';

/** A copy as it is found when the volume is opened. */
export interface Seen {
  readonly at: string;
  readonly isThere: boolean;
  /** It was made just now, and is empty, whatever was there before. */
  readonly isNew: boolean;
}

/** Undefined when there is no whole copy. */
export function standings(
  known: readonly RecordedCopy[],
  seen: readonly Seen[],
  isMarked: boolean,
): readonly RecordedCopy[] | undefined {
  const recorded = new Map(known.map(({ at, is }) => [at, is]));
  let isFound = false;
  const copies = seen.map(({ at, isThere, isNew }): RecordedCopy => {
    const was = isNew ? 'new' : (recorded.get(at) ?? 'new');
    if (was !== 'whole') return { at, is: was };
    // Where it is not known that copies are the same, one of them is right.
    const isWhole = isThere && !(isFound && isMarked);
    isFound ||= isThere;
    return { at, is: isWhole ? 'whole' : 'behind' };
  });
  return isFound ? copies : undefined;
}
