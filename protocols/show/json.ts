// Frames as JSON: layers in wire order, each field's value as a number or as the text that `parseValue` reads.

import { formatHex } from '../core/address.js';
import type { Dissection } from '../core/dissect.js';
import type { Field, FieldValue } from '../core/field.js';
import type { Layer } from '../core/layer.js';
import { describeMalformed } from '../core/malformed.js';
import { formatValue, nameOf } from '../core/value.js';

/** One layer of it. */
export interface JsonLayer {
  readonly layer: string;
  /** First byte in the frame and number of bytes. */
  readonly at: number;
  readonly size: number;
  readonly fields: Readonly<Record<string, number | string>>;
  /** Names of values that have one, by field. */
  readonly names?: Readonly<Record<string, string>>;
}

/** A frame as `jsonFrame` gives it. */
export interface JsonFrame {
  readonly layers: readonly JsonLayer[];
  readonly stop?: string;
}

/** Numbers up to 48 bits stay numbers; 64-bit ones and addresses are text, byte strings hex. */
export function jsonValue(field: Field, value: FieldValue): number | string {
  if (typeof value === 'number') return field.format === 'ipv4' ? formatValue(field, value) : value;
  if (typeof value === 'bigint') return `0x${value.toString(16)}`;
  return field.format === 'bytes' || field.format === undefined
    ? formatHex(value)
    : formatValue(field, value);
}

/** One layer as plain data. `start` is where the frame begins in the layer's bytes. */
export function jsonLayer(layer: Layer, start: number): JsonLayer {
  const fields: Record<string, number | string> = {};
  const names: Record<string, string> = {};
  for (const span of layer.protocol.header.spans) {
    const value = layer.get(span.name);
    fields[span.name] = jsonValue(span.field, value);
    const name = nameOf(span.field, value);
    if (name !== undefined) names[span.name] = name;
  }
  const named = Object.keys(names).length > 0 ? { names } : {};
  return { layer: layer.key, at: layer.at - start, size: layer.end - layer.at, fields, ...named };
}

/** A dissected frame as plain data for JSON.stringify. */
export function jsonFrame(frame: Dissection): JsonFrame {
  const layers = frame.layers.map((layer) => jsonLayer(layer, frame.start));
  return frame.stop ? { layers, stop: describeMalformed(frame.stop) } : { layers };
}
