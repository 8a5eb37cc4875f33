// Lists of equal layers.

import type { Protocol } from '../core/protocol.js';
import { MAX_LAYERS, type Walk } from '../core/walk.js';
import { takePart } from '../ip/option-list.js';

/** Takes `count` layers that have nothing inside. False where the walk stopped because they do not fit. */
export function takeMany(walk: Walk, protocol: Protocol, count: number): boolean {
  walk.depth++;
  let taken = 0;
  for (; taken < count; taken++) {
    if (walk.layers.length >= MAX_LAYERS) {
      walk.fail('limit', '', MAX_LAYERS, walk.layers.length);
      break;
    }
    const { at } = walk;
    takePart(walk, protocol);
    if (walk.at === at) break;
  }
  walk.depth--;
  return taken === count;
}
