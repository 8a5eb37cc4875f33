// Fills in what follows from the rest of a built frame: types, counts and lengths first, then checksums from
// the inside out, because an outer checksum covers the inner ones. Writing and sealing are two steps, so
// that a wrong length or checksum can be sent on purpose.

import type { FieldValue } from './field.js';
import type { DerivedKind, Protocol, Scene } from './protocol.js';
import { didYouMean } from './suggest.js';

/**
 * What to do with derivable fields, by 'layer.field', by layer, or by kind ('checksum', 'length', ...); the
 * most exact name wins. 'leave' keeps what is there (zero unless given), 'spoil' inverts the lowest bit of
 * the right value.
 */
export type Sealing = Readonly<Record<string, 'derive' | 'leave' | 'spoil'>>;

const kinds: readonly DerivedKind[] = ['type', 'count', 'length', 'checksum'];
const ways = ['derive', 'leave', 'spoil'];

/**
 * Refuses a sealing that would do nothing: names that are misspelt, and fields that follow from nothing.
 * @throws RangeError naming what it may have been
 */
export function checkSealing(sealing: Sealing, known: ReadonlyMap<string, Protocol>): void {
  for (const [name, how] of Object.entries(sealing)) {
    if (!ways.includes(how)) {
      throw new RangeError(`'${name}' can be sealed by ${ways.join(', ')}, not by '${how}'`);
    }
    if ((kinds as readonly string[]).includes(name)) continue;
    const [key = '', field] = name.split('.');
    const protocol = known.get(key);
    if (!protocol) {
      throw new RangeError(
        `'${key}' is no layer and no kind of field (${kinds.join(', ')})${didYouMean(key, [...kinds, ...known.keys()])}`,
      );
    }
    const names = protocol.derived.map((derived) => derived.name);
    if (field === undefined ? names.length > 0 : names.includes(field)) continue;
    const has = names.length > 0 ? `${key} has ${names.join(', ')}` : `${key} has none`;
    throw new RangeError(`'${name}' is no field that is derived; ${has}`);
  }
}

/** Writes every derivable field of `scene` that `given` does not list. */
export function seal(
  scene: Scene,
  given: readonly ReadonlySet<string>[] = [],
  sealing: Sealing = {},
): void {
  for (const kind of ['type', 'count', 'length'] as const) {
    for (let i = 0; i < scene.layers.length; i++) sealLayer(scene, i, kind, given[i], sealing);
  }
  for (const i of fromInside(scene)) sealLayer(scene, i, 'checksum', given[i], sealing);
}

/** Layer numbers from the inside out: each layer before the layer it stands in, its trailers behind it. */
export function fromInside({ layers }: Scene): number[] {
  const order: number[] = [];
  for (let i = layers.length - 1; i >= 0; i--) {
    if (layers[i]!.owner >= 0) continue;
    order.push(i);
    for (let t = i + 1; t < layers.length; t++) if (layers[t]!.owner === i) order.push(t);
  }
  return order;
}

function sealLayer(
  scene: Scene,
  index: number,
  kind: DerivedKind,
  given: ReadonlySet<string> | undefined,
  sealing: Sealing,
): void {
  const layer = scene.layers[index]!;
  for (const { name: field, rule } of layer.protocol.derived) {
    if (rule.kind !== kind || given?.has(field) || layer.partial) continue;
    const how = sealing[`${layer.key}.${field}`] ?? sealing[layer.key] ?? sealing[kind] ?? 'derive';
    if (how === 'leave') continue;
    const value =
      (how === 'derive' ? rule.preferred?.(scene, index) : undefined) ?? rule.value(scene, index);
    if (value === undefined) continue;
    const { header } = layer.protocol;
    header.write(field, layer.bytes, layer.at, how === 'spoil' ? spoiled(value) : value, layer.end);
  }
}

function spoiled(value: FieldValue): FieldValue {
  if (typeof value === 'number') return value % 2 === 0 ? value + 1 : value - 1;
  if (typeof value === 'bigint') return value ^ 1n;
  return value.map((byte, i) => (i === value.length - 1 ? byte ^ 1 : byte));
}
