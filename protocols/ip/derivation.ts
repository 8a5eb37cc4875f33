// Derivations that IP headers, their options and ICMP share.

import { checksumOfSum, internetSum } from '../core/checksum/index.js';
import type { Layer } from '../core/layer.js';
import type { Derivation, Scene } from '../core/protocol.js';

/** What a builder writes where nobody says otherwise. */
export const always = (value: number): Derivation => ({ kind: 'type', value: () => value });

/** The size of the layer alone, less `without` bytes, in units of so many bytes. */
export const ownLength = (without = 0, unit = 1): Derivation => ({
  kind: 'length',
  value: ({ layers }, i) => Math.ceil((layers[i]!.end - layers[i]!.at - without) / unit),
});

/** Layers of these keys directly behind layer `index`: the equal parts that an option lists. */
export function listed({ layers }: Scene, index: number, ...keys: string[]): Layer[] {
  const found: Layer[] = [];
  for (let i = index + 1; i < layers.length && keys.includes(layers[i]!.key); i++) {
    found.push(layers[i]!);
  }
  return found;
}

/** Length of an option that lists parts, which are layers of their own directly behind it. */
export const lengthWith = (...keys: string[]): Derivation => ({
  kind: 'length',
  value: (scene, i) => {
    const layer = scene.layers[i]!;
    return (listed(scene, i, ...keys).at(-1)?.end ?? layer.end) - layer.at;
  },
});

/** How many such parts there are. */
export const countOf = (...keys: string[]): Derivation => ({
  kind: 'count',
  value: (scene, i) => listed(scene, i, ...keys).length,
});

/**
 * An Internet checksum (RFC 1071) in `field` over the layer's bytes up to `end`; the field itself counts as zero.
 */
export const internetChecksum = (
  field: string,
  end: (scene: Scene, index: number) => number,
): Derivation => ({
  kind: 'checksum',
  value(scene, index) {
    const { bytes, at, protocol } = scene.layers[index]!;
    const span = protocol.header.span(field)!;
    const before = internetSum(bytes, at, at + span.at);
    const behind = at + span.at + span.size;
    return checksumOfSum(internetSum(bytes, behind, end(scene, index), before));
  },
});
