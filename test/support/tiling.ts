// Layers tile their bytes, and each gives them back from its decoded fields alone.

import { same } from '../../protocols/core/check.js';
import type { Scene } from '../../protocols/index.js';
import { assert } from './spec.js';

export function tilesAndReencodes({ layers, start, end }: Scene): void {
  let at = start;
  for (const layer of layers) {
    assert.is(layer.at, at, `${layer.key} begins where the layer before it ends`);
    const again = layer.protocol.header.encode(layer.fields());
    const own = layer.bytes.subarray(layer.at, layer.end);
    if (!same(again, own)) assert.equal([...again], [...own], layer.key);
    at = layer.end;
  }
  assert.is(at, end, 'the last layer ends with the bytes');
}

/** Keys of the layers, as one word. */
export const chain = ({ layers }: Pick<Scene, 'layers'>): string =>
  layers.map((layer) => layer.key).join('/');
