// Walks lists of options: a type, a length, data. Lengths that cannot be are reported and the bytes kept as a
// layer all the same, so that the layers tile the header whatever it holds.

import type { Protocol } from '../core/protocol.js';
import { MAX_LAYERS, type Walk } from '../core/walk.js';

/** How the options of one kind of header are told apart. */
export interface OptionRules {
  /** Bytes of the option's head, which holds its length. */
  readonly head: number;
  /** The size of an option whose head is there, as it says itself. */
  size(bytes: Uint8Array, at: number): number;
  /** The layer of an option without a length, and its size. */
  single(type: number, left: number): readonly [Protocol, number] | undefined;
  /** The layer of an option of that type and size; one that keeps any data where that is no size of the type. */
  layer(type: number, size: number): Protocol;
  /** The layers of what stands in the option behind its layer's fixed fields. */
  parts?(walk: Walk, end: number): void;
  /** Takes what is behind a length that leads nowhere. Ends in `data`. */
  readonly rest: Protocol;
}

/**
 * Takes the options from the cursor up to `end`, which lies in the bytes because `boundBy` says so.
 * False where a length leads nowhere.
 */
export function readOptions(walk: Walk, end: number, boundBy: string, rules: OptionRules): boolean {
  const { boundBy: outerBy } = walk;
  walk.boundBy = boundBy;
  walk.depth++;
  let good = true;
  while (good && walk.at < end) good = readOption(walk, end, rules);
  walk.depth--;
  walk.boundBy = outerBy;
  return good;
}

/** Always moves on. */
function readOption(walk: Walk, end: number, rules: OptionRules): boolean {
  const { bytes, at } = walk;
  const left = end - at;
  if (walk.layers.length >= MAX_LAYERS) {
    takePart(walk, rules.rest, left);
    walk.fail('limit', 'data', MAX_LAYERS, walk.layers.length);
    return false;
  }
  const single = rules.single(bytes[at]!, left);
  if (single) {
    takePart(walk, single[0], single[1]);
    return true;
  }
  const size = left < rules.head ? 0 : rules.size(bytes, at);
  if (size < rules.head || size > left) {
    takePart(walk, rules.rest, left);
    if (left < rules.head) walk.fail('truncated', 'data', rules.head, left);
    else if (size < rules.head) walk.fail('bad-value', 'data', rules.head, size);
    else walk.fail('length-conflict', 'data', size, left);
    return false;
  }
  const protocol = rules.layer(bytes[at]!, size);
  const whole = protocol.header.tail !== undefined || !rules.parts;
  takePart(walk, protocol, whole ? size : protocol.header.size);
  if (walk.at < at + size) rules.parts?.(walk, at + size);
  return true;
}

/** Takes a layer that has nothing inside. */
export function takePart(walk: Walk, protocol: Protocol, size = protocol.header.size): void {
  if (walk.take(protocol, size) >= 0) walk.last.bodyEnd = walk.at;
}
