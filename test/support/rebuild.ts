// A dissected frame as the expression that would build it: layers nested again, every field left out that follows
// from the rest.

import { same } from '../../protocols/core/check.js';
import type { FieldValue, Layer, LayerInput, Scene } from '../../protocols/index.js';
import { part } from '../../protocols/index.js';

export interface Expression {
  readonly inputs: readonly LayerInput[];
  /** Derivable fields that had to be given, because the frame has another value than building would: 'key.field'. */
  readonly kept: readonly string[];
  /** Fields that were left out. */
  readonly derived: number;
}

export function expressionOf(scene: Scene): Expression {
  const kept: string[] = [];
  let derived = 0;
  const parts = scene.layers.map((layer, index) => {
    const given: Record<string, FieldValue> = { ...layer.fields() };
    for (const [field, rule] of Object.entries(layer.protocol.derive)) {
      const value = rule.preferred?.(scene, index) ?? rule.value(scene, index);
      if (value === undefined) continue;
      if (same(value, layer.get(field))) {
        delete given[field];
        derived++;
      } else if (rule.kind !== 'type') {
        // Types may be defaults (ARP's opcode) or name what we do not dissect; lengths and checksums may not.
        kept.push(`${layer.key}.${field}`);
      }
    }
    return part(layer.protocol, given);
  });
  return { inputs: nest(scene.layers, parts, 0, scene.layers.length), kept, derived };
}

/** Layers from `from` to `to` as the builder takes them: units that stand side by side become a list of lists. */
function nest(
  layers: readonly Layer[],
  parts: readonly LayerInput[],
  from: number,
  to: number,
): LayerInput[] {
  const first = layers[from];
  if (from >= to || !first) return [];
  // Options and the like are parts of the header before them: they end with themselves and yet enclose what follows.
  if (first.protocol.partOf !== undefined)
    return [parts[from]!, ...nest(layers, parts, from + 1, to)];
  let inside = from + 1;
  while (inside < to && layers[inside]!.at < first.bodyEnd) inside++;
  const unit = [parts[from]!, ...nest(layers, parts, from + 1, inside)];
  let closing = to;
  while (closing > inside && layers[closing - 1]!.protocol.trailer) closing--;
  const trailers = parts.slice(closing, to);
  if (inside >= closing) return [...unit, ...parts.slice(inside, to)];
  const others = nest(layers, parts, inside, closing);
  const units = Array.isArray(others[0]) ? (others[0] as LayerInput[][]) : [others];
  return [[unit, ...units], ...trailers];
}
