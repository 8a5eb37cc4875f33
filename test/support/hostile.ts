// What must hold for any bytes at all, and ways to spoil good ones.

import * as fc from 'fast-check';
import {
  check,
  type Dissection,
  describeMalformed,
  dissect,
  hexDump,
  isBytes,
  jsonFrame,
  type Malformed,
  summarize,
  tree,
} from '../../protocols/index.js';
import { assert } from './spec.js';
import { tilesAndReencodes } from './tiling.js';

const codes = [
  'truncated',
  'length-conflict',
  'bad-value',
  'bad-checksum',
  'unsupported',
  'limit',
] as const satisfies readonly Malformed['code'][];

/** A stop says what, where, how much was needed and had, and bound by which length. */
export function saysWhy(stop: Malformed, size: number): void {
  assert.ok(codes.includes(stop.code), `a known code: ${stop.code}`);
  assert.ok(stop.layer !== '' && stop.boundBy !== '', JSON.stringify(stop));
  assert.type(stop.field, 'string');
  for (const number of [stop.at, stop.need, stop.have]) {
    assert.ok(Number.isSafeInteger(number), JSON.stringify(stop));
  }
  assert.ok(stop.at >= 0 && stop.at <= size, `inside the frame: ${JSON.stringify(stop)}`);
  assert.ok(describeMalformed(stop).length > 0);
}

/** Everything that can be done with a dissected frame is done; nothing throws, and the layers tile it. */
export function survives(frame: Dissection): void {
  tilesAndReencodes(frame);
  if (frame.stop) saysWhy(frame.stop, frame.end - frame.start);
  check(frame);
  assert.ok(hexDump(frame).length > 0 || frame.end === frame.start);
  tree(frame);
  summarize(frame);
  JSON.stringify(jsonFrame(frame));
}

export const linkTypes = [1, 101, 228, 229, 247, 249] as const;

export function survivesDissecting(bytes: Uint8Array, linkType: number, fcs = false): void {
  survives(dissect(bytes, { linkType, fcs: fcs ? 'auto' : false }));
}

/** One way to spoil a frame. */
export type Spoiling =
  | { readonly how: 'set'; readonly at: number; readonly value: number }
  | { readonly how: 'flip'; readonly at: number; readonly bit: number }
  | { readonly how: 'cut'; readonly at: number }
  | { readonly how: 'drop' | 'repeat'; readonly at: number; readonly size: number }
  | { readonly how: 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly how: 'splice'; readonly at: number; readonly other: number };

// Values at which lengths, counts and types go wrong.
const edge = fc.constantFrom(
  0,
  1,
  2,
  3,
  4,
  5,
  7,
  8,
  0x0f,
  0x10,
  0x3f,
  0x40,
  0x7f,
  0x80,
  0xf0,
  0xff,
);
const at = fc.nat({ max: 1 << 20 });
const size = fc.integer({ min: 1, max: 64 });

export const anySpoiling: fc.Arbitrary<Spoiling> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ how: fc.constant('set' as const), at, value: edge }) },
  {
    weight: 3,
    arbitrary: fc.record({ how: fc.constant('flip' as const), at, bit: fc.nat({ max: 7 }) }),
  },
  { weight: 2, arbitrary: fc.record({ how: fc.constant('cut' as const), at }) },
  fc.record({ how: fc.constantFrom('drop' as const, 'repeat' as const), at, size }),
  fc.record({ how: fc.constant('insert' as const), at, bytes: fc.uint8Array({ maxLength: 64 }) }),
  fc.record({ how: fc.constant('splice' as const), at, other: fc.nat() }),
);

/** A spoiled copy. Even places fall among the first 128 bytes, where the headers are. */
export function spoiled(
  frame: Uint8Array,
  spoilings: readonly Spoiling[],
  others: readonly Uint8Array[],
): Uint8Array {
  let bytes: Uint8Array = frame.slice();
  for (const spoiling of spoilings) {
    if (bytes.length === 0) break;
    const reach = spoiling.at % 2 === 0 ? Math.min(bytes.length, 128) : bytes.length;
    const place = (spoiling.at >> 1) % reach;
    bytes = spoil(bytes, place, spoiling, others);
  }
  return bytes;
}

function spoil(
  bytes: Uint8Array,
  place: number,
  spoiling: Spoiling,
  others: readonly Uint8Array[],
): Uint8Array {
  switch (spoiling.how) {
    case 'set':
      bytes[place] = spoiling.value;
      return bytes;
    case 'flip':
      bytes[place] = bytes[place]! ^ (1 << spoiling.bit);
      return bytes;
    case 'cut':
      return bytes.slice(0, place);
    case 'drop':
      return joined(bytes.subarray(0, place), bytes.subarray(place + spoiling.size));
    case 'repeat':
      return joined(bytes.subarray(0, place + spoiling.size), bytes.subarray(place));
    case 'insert':
      return joined(bytes.subarray(0, place), spoiling.bytes, bytes.subarray(place));
    case 'splice':
      return joined(
        bytes.subarray(0, place),
        others[spoiling.other % others.length]!.subarray(place),
      );
  }
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    if (!isBytes(part)) continue;
    all.set(part, at);
    at += part.length;
  }
  return all;
}
