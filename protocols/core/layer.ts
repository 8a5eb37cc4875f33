// One layer of a frame: a protocol at a place. Everything else is read from the bytes when it is asked for.

import type { FieldValue } from './field.js';
import type { Span } from './header.js';
import type { Protocol } from './protocol.js';

/** One layer of a frame: a protocol and its place in the bytes. It reads from them; nothing is copied. */
export class Layer {
  /** End of everything inside this layer: its payload and inner trailers, not the outer ones. */
  bodyEnd: number;
  /** True in a packet of which only a part is there (quoted, first fragment): its lengths and checksums tell nothing. */
  partial = false;

  /** `at` and `end` bound the layer's own bytes, absolute in `bytes`. `depth` counts the layers it stands inside. */
  constructor(
    readonly protocol: Protocol,
    readonly bytes: Uint8Array,
    readonly at: number,
    readonly end: number,
    bodyEnd: number,
    readonly depth: number,
    /** Index of the layer that a trailer closes, else -1. */
    readonly owner = -1,
  ) {
    this.bodyEnd = bodyEnd;
  }

  get key(): string {
    return this.protocol.key;
  }

  /** One field's value; byte strings are views. Throws RangeError when there is no such field. */
  get(field: string): FieldValue {
    return this.protocol.header.read(field, this.bytes, this.at, this.end);
  }

  /** A field known to be a number of up to 48 bits. */
  number(field: string): number {
    return this.get(field) as number;
  }

  /** All fields, byte strings copied. */
  fields(): Record<string, FieldValue> {
    return this.protocol.header.decode(this.bytes, this.at, this.end);
  }

  /** The bytes of `span` in this layer: [from, to). */
  range(span: Span): readonly [number, number] {
    const from = this.at + span.at;
    return [from, span.field.kind === 'rest' ? this.end : from + span.size];
  }
}

/** The nearest layer outside `index` of that key or of one of those keys; -1 where there is none. */
export function outer(layers: readonly Layer[], index: number, ...keys: string[]): number {
  for (let i = index - 1; i >= 0; i--) if (keys.includes(layers[i]!.key)) return i;
  return -1;
}
