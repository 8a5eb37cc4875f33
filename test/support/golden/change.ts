// Ways to spoil a frame: a field changed, bytes cut off or added, and the checksums around it put right again,
// so that one thing is wrong and not three.

import {
  check,
  type Dissection,
  type FieldValue,
  isBytes,
  type Layer,
  parseValue,
} from '../../../protocols/index.js';
import { dissectGolden, type GoldenFrame } from '../../../src/testing/index.js';

/** How the frame is to be read again after a change. */
export type Reading = Pick<GoldenFrame, 'linkType' | 'fcs' | 'inside'>;
export type Change = (frame: Dissection, as: Reading) => Uint8Array;

/** The last layer of that key that has the field of 'layer.field'. */
export function place(frame: Dissection, name: string): readonly [Layer, string] {
  const [key = '', field = ''] = name.split('.');
  const layer = frame.layers.find((l) => l.key === key);
  if (!layer?.protocol.header.span(field)) throw new Error(`the frame has no ${name}`);
  return [layer, field];
}

function write(
  frame: Dissection,
  name: string,
  value: (old: FieldValue) => FieldValue,
): Uint8Array {
  const [layer, field] = place(frame, name);
  layer.protocol.header.write(field, frame.bytes, layer.at, value(layer.get(field)), layer.end);
  return frame.bytes;
}

/** Sets fields, as 'bth.psn=8'; everything else stays as it is, checksums too. */
export const set =
  (...settings: readonly string[]): Change =>
  (frame) => {
    for (const setting of settings) {
      const [name = '', text = ''] = setting.split('=');
      const [layer, field] = place(frame, name);
      const declared = layer.protocol.header.span(field)!.field;
      write(frame, name, () => parseValue(declared, text));
    }
    return frame.bytes;
  };

/** Inverts the lowest bit of a field. */
export const spoil =
  (name: string): Change =>
  (frame) =>
    write(frame, name, flipped);

/** Adds to a field, wrapping at its width. */
export const add =
  (name: string, amount: number): Change =>
  (frame) => {
    const [layer, field] = place(frame, name);
    const { bits } = layer.protocol.header.span(field)!;
    return write(frame, name, (old) =>
      typeof old === 'bigint'
        ? BigInt.asUintN(64, old + BigInt(amount))
        : Number(BigInt.asUintN(bits, BigInt(old as number) + BigInt(amount))),
    );
  };

/** Keeps so many bytes. */
export const cut =
  (bytes: number): Change =>
  (frame) =>
    frame.bytes.slice(0, bytes);

/** Drops so many bytes from the end. */
export const drop =
  (bytes: number): Change =>
  (frame) =>
    frame.bytes.slice(0, -bytes);

/** Does `change`, then writes every checksum but `but` anew. */
export const resealed =
  (change: Change, but = ''): Change =>
  (frame, as) => {
    const bytes = change(frame, as);
    // A checksum may cover another: twice is enough for the two that nest here.
    for (let pass = 0; pass < 2; pass++) {
      const again = dissectGolden({ ...as, bytes });
      for (const v of check(again).verified) {
        if (v.ok || v.kind !== 'checksum' || `${v.layer}.${v.field}` === but) continue;
        const layer = again.layers[v.index]!;
        layer.protocol.header.write(v.field, bytes, layer.at, v.expected, layer.end);
      }
    }
    return bytes;
  };

function flipped(value: FieldValue): FieldValue {
  if (typeof value === 'bigint') return value ^ 1n;
  if (isBytes(value)) return value.map((byte, i) => (i === value.length - 1 ? byte ^ 1 : byte));
  return value % 2 === 0 ? value + 1 : value - 1;
}
