// Sets of feature bits by their names (virtio 1.2, 2.2): what a device offers, what a driver understands, and what both have.

import { blkFeatures, netFeatures, ringFeatures } from '../../../protocols/virtio/index.js';
import type { RingFeatures } from './queue.js';

/** Names by bit. */
export type FeatureTable = Readonly<Record<number, string>>;
export const blkTable: FeatureTable = { ...ringFeatures, ...blkFeatures };
export const netTable: FeatureTable = { ...ringFeatures, ...netFeatures };

const WORD = 32;

/** Words of 32 bits, as the registers show them; the lowest first. */
export function wordsOf(names: Iterable<string>, table: FeatureTable): number[] {
  const words = [0, 0];
  const wanted = new Set(names);
  for (const [bit, name] of Object.entries(table))
    if (wanted.delete(name)) words[Math.floor(Number(bit) / WORD)]! += 2 ** (Number(bit) % WORD);
  for (const name of wanted) throw new RangeError(`there is no feature ${name}`);
  return words;
}

/** Bits without a name are left out: nobody understands them. */
export function namesOf(words: readonly number[], table: FeatureTable): Set<string> {
  const names = new Set<string>();
  for (const [bit, name] of Object.entries(table)) {
    const word = words[Math.floor(Number(bit) / WORD)] ?? 0;
    if (Math.floor(word / 2 ** (Number(bit) % WORD)) % 2 === 1) names.add(name);
  }
  return names;
}

/** What follows for rings. */
export const ringFeaturesOf = (names: ReadonlySet<string>): RingFeatures => ({
  packed: names.has('RING_PACKED'),
  eventIndex: names.has('EVENT_IDX'),
  indirect: names.has('INDIRECT_DESC'),
  inOrder: names.has('IN_ORDER'),
});
