// Looking up what follows, in both directions: the dissector asks which protocol stands behind a number,
// the builder which number stands for a protocol.

import type { Layer } from './layer.js';
import { type Derivation, isPartOf, type Protocol, type Scene, type Space } from './protocol.js';
import type { Bindings } from './walk.js';

/** The first number of `space` that stands for `protocol`. */
export function keyOf(bindings: Bindings, space: Space, protocol: Protocol): number | undefined {
  for (const [key, bound] of bindings[space] ?? []) if (bound === protocol) return key;
  return undefined;
}

/** Index of the layer behind layer `index` and its own parts (options), inside it; -1 where nothing follows. */
export function follower(scene: Scene, index: number): number {
  const owner = scene.layers[index]!;
  for (let i = index + 1; i < scene.layers.length; i++) {
    const { protocol, at } = scene.layers[i]!;
    if (protocol.trailer || at >= owner.bodyEnd) return -1;
    if (!isPartOf(protocol, owner.protocol)) return i;
  }
  return -1;
}

/** A field that names the layer behind, by the numbers of one of these spaces. */
export function following(...spaces: Space[]): Derivation {
  return {
    kind: 'type',
    value(scene, index) {
      const next = scene.layers[follower(scene, index)];
      if (!next) return undefined;
      for (const space of spaces) {
        const key = keyOf(scene.bindings, space, next.protocol);
        if (key !== undefined) return key;
      }
      return undefined;
    },
  };
}

/** End of a header and the parts that belong to it (options), for header lengths. */
export function headerEnd(scene: Scene, index: number): number {
  const owner = scene.layers[index]!;
  let end = owner.end;
  for (const part of partsOf(scene, index)) end = part.end;
  return end;
}

/** The layers directly behind a header that are parts of it (options). */
export function partsOf({ layers }: Scene, index: number): Layer[] {
  const owner = layers[index]!.protocol;
  const parts: Layer[] = [];
  for (let i = index + 1; i < layers.length && isPartOf(layers[i]!.protocol, owner); i++) {
    parts.push(layers[i]!);
  }
  return parts;
}
