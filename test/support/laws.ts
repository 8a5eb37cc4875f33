// What must hold for every header, whatever it is: spec files name the header, these functions test it.

import * as fc from 'fast-check';
import { type AnyHeader, type FieldValue, isBytes, type Span } from '../../protocols/index.js';
import { assert } from './spec.js';

/** Any value of a field's width. `rest` fields get up to 40 bytes. */
export function anyValue(span: Span): fc.Arbitrary<FieldValue> {
  const { kind } = span.field;
  if (kind === 'rest') return fc.uint8Array({ maxLength: 40 });
  if (kind === 'bytes') return fc.uint8Array({ minLength: span.size, maxLength: span.size });
  if (span.bits > 48) return fc.bigInt({ min: 0n, max: (1n << BigInt(span.bits)) - 1n });
  return fc.nat({ max: 2 ** Math.min(span.bits, 31) - 1 }).map((n) => spread(n, span.bits));
}

/** Reaches the high half of numbers beyond 31 bits too. */
const spread = (n: number, bits: number): number =>
  bits <= 31 ? n : (n * 2 ** (bits - 31) + (n % 2 ** (bits - 31))) % 2 ** bits;

export const anyFields = (header: AnyHeader): fc.Arbitrary<Record<string, FieldValue>> =>
  fc.record(Object.fromEntries(header.spans.map((s) => [s.name, anyValue(s)])));

const plain = (value: FieldValue): unknown => (isBytes(value) ? [...value] : value);

const plainFields = (fields: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(fields).map(([k, v]) => [k, plain(v as FieldValue)]));

/** decode(encode(x)) = x. */
export function roundTrips(header: AnyHeader, runs = 50): void {
  const once = fc.property(anyFields(header), (fields) => {
    assert.equal(plainFields(header.decode(header.encode(fields))), plainFields(fields));
  });
  fc.assert(once, { numRuns: runs });
}

/** buffer-layout takes nothing but Buffers. */
const asBuffers = (fields: Record<string, FieldValue>) =>
  Object.fromEntries(Object.entries(fields).map(([k, v]) => [k, isBytes(v) ? Buffer.from(v) : v]));

/** Our accessors and records equal buffer-layout's, both ways, on dirty bytes too. */
export function agrees(header: AnyHeader, runs = 50): void {
  const fixed = header.spans.filter((s) => s !== header.tail);
  const once = fc.property(anyFields(header), fc.nat({ max: 3 }), (fields, at) => {
    const reference = Buffer.alloc(at + header.size, 0xa5);
    header.layout.encode(asBuffers(fields), reference, at);
    const ours = new Uint8Array(at + header.size).fill(0xa5);
    const known = Object.fromEntries(fixed.map((s) => [s.name, fields[s.name]!]));
    header.encode(known, ours, at);
    assert.equal([...ours], [...reference]);
    const read = header.layout.decode(reference, at);
    for (const s of fixed) {
      assert.equal(plain(header.read(s.name, ours, at)), plain(read[s.name] as FieldValue), s.name);
    }
  });
  assert.is(header.layout.span, header.size);
  fc.assert(once, { numRuns: runs });
}

/** Every bit of the fixed part belongs to exactly one field. */
export function tiles(header: AnyHeader): void {
  const seen = new Uint8Array(header.size * 8);
  for (const span of header.spans) {
    for (let i = 0; i < span.bits; i++) {
      const bit = span.shift + i; // from the low end of the covering bytes
      const byte =
        span.order === 'be' ? span.at + span.size - 1 - (bit >> 3) : span.at + (bit >> 3);
      const place = byte * 8 + (bit & 7);
      seen[place] = seen[place]! + 1;
    }
  }
  assert.ok(
    seen.every((count) => count === 1),
    `${header.name}: bits not covered exactly once`,
  );
}
