// A layer to be built: a protocol and the fields that are given, as values or as the text that stands for them.

import { type FieldValue, isBytes } from './field.js';
import { refuse } from './header.js';
import type { Protocol } from './protocol.js';
import { parseValue } from './value.js';

/** A layer to be built and the fields that are given; what a protocol makes when it is called. */
export interface Part {
  readonly protocol: Protocol;
  readonly fields: Readonly<Record<string, FieldValue>>;
}

/** A field's value, or the text that stands for it: a name, an address, hex. Bigints may be given as numbers. */
export type FieldInput<V> = V | string | (V extends bigint ? number : never);

/** Some or all fields of a header, as a builder takes them. */
export type PartFields<F> = { readonly [N in keyof F]?: FieldInput<F[N]> | undefined };

/** Makes a part, reading values that are given as text. @throws RangeError naming the field */
export function part(
  protocol: Protocol,
  fields: Readonly<Record<string, FieldValue | string | undefined>> = {},
): Part {
  const values: Record<string, FieldValue> = {};
  for (const [name, given] of Object.entries(fields)) {
    if (given === undefined) continue;
    const span = protocol.header.span(name);
    if (!span) {
      const names = protocol.header.spans.map((s) => s.name).join(', ');
      throw new RangeError(`${protocol.key} has no field '${name}'; it has ${names}`);
    }
    const value = typeof given === 'string' ? parseValue(span.field, given) : given;
    const wide = span.bits > 48 && Number.isSafeInteger(value);
    const fitting = wide ? BigInt(value as number) : value;
    const room = span.bits === 0 && isBytes(fitting) ? fitting.length : span.size;
    refuse(`${protocol.key}.${name}`, span, fitting, room);
    values[name] = fitting;
  }
  return { protocol, fields: values };
}
