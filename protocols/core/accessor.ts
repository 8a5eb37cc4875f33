// Reads and writes one unsigned number at a place in a Uint8Array. A place is the smallest run of whole
// bytes that covers the field. Each function here returns a closure over that place: one reader a width,
// so that a call costs a few nanoseconds and allocates nothing (bench/accessor.ts).

import type { ByteOrder } from './field.js';

/** Where a number lies, relative to the start of its header. */
export interface Place {
  /** First byte. */
  readonly at: number;
  /** Bytes covered: 1 to 4 inside a word, 5, 6 or 8 for a number of its own. */
  readonly size: number;
  /** Bits below the field in those bytes, read as one number in `order`. */
  readonly shift: number;
  readonly bits: number;
  readonly order: ByteOrder;
}

export type Getter<V> = (b: Uint8Array, at: number) => V;
export type Setter<V> = (b: Uint8Array, at: number, value: V) => void;

/** A reader of whole bytes as an unsigned number below 2^32. Nobody may read past the end. */
function loader(place: Place): Getter<number> {
  const o = place.at;
  const last = o + place.size - 1;
  if (place.order === 'be') {
    switch (place.size) {
      case 1:
        return (b, at) => b[at + o]!;
      case 2:
        return (b, at) => (b[at + o]! << 8) | b[at + last]!;
      case 3:
        return (b, at) => (b[at + o]! << 16) | (b[at + o + 1]! << 8) | b[at + last]!;
      default:
        return (b, at) =>
          ((b[at + o]! << 24) | (b[at + o + 1]! << 16) | (b[at + o + 2]! << 8) | b[at + last]!) >>>
          0;
    }
  }
  switch (place.size) {
    case 1:
      return (b, at) => b[at + o]!;
    case 2:
      return (b, at) => b[at + o]! | (b[at + last]! << 8);
    case 3:
      return (b, at) => b[at + o]! | (b[at + o + 1]! << 8) | (b[at + last]! << 16);
    default:
      return (b, at) =>
        (b[at + o]! | (b[at + o + 1]! << 8) | (b[at + o + 2]! << 16) | (b[at + last]! << 24)) >>> 0;
  }
}

/** A writer of whole bytes; bits beyond them are dropped. */
function storer(place: Place): Setter<number> {
  const o = place.at;
  const last = o + place.size - 1;
  // Where the bytes go from the least significant on, and by which step.
  const from = place.order === 'be' ? last : o;
  const step = place.order === 'be' ? -1 : 1;
  switch (place.size) {
    case 1:
      return (b, at, v) => {
        b[at + o] = v;
      };
    case 2:
      return (b, at, v) => {
        b[at + from] = v;
        b[at + from + step] = v >>> 8;
      };
    case 3:
      return (b, at, v) => {
        b[at + from] = v;
        b[at + from + step] = v >>> 8;
        b[at + from + 2 * step] = v >>> 16;
      };
    default:
      return (b, at, v) => {
        b[at + from] = v;
        b[at + from + step] = v >>> 8;
        b[at + from + 2 * step] = v >>> 16;
        b[at + from + 3 * step] = v >>> 24;
      };
  }
}

/** The reader of a number of up to 48 bits. */
export function numberGetter(place: Place): Getter<number> {
  if (place.size > 4) return wideGetter(place);
  const load = loader(place);
  const { shift, bits, size } = place;
  if (bits === size * 8) return load;
  const mask = 2 ** bits - 1;
  return (b, at) => (load(b, at) >>> shift) & mask;
}

/** The writer of a number of up to 48 bits; bits beyond its width are dropped. */
export function numberSetter(place: Place): Setter<number> {
  if (place.size > 4) return wideSetter(place);
  const store = storer(place);
  const { shift, bits, size } = place;
  if (bits === size * 8) return store;
  const load = loader(place);
  const mask = ((2 ** bits - 1) << shift) >>> 0;
  return (b, at, v) => store(b, at, ((load(b, at) & ~mask) | ((v << shift) & mask)) >>> 0);
}

/** 40 or 48 bits, always whole bytes: exact as doubles. */
function wideGetter({ at: o, size: n, order }: Place): Getter<number> {
  return (b, at) => {
    let v = 0;
    for (let i = 0; i < n; i++) v = v * 256 + b[at + o + (order === 'be' ? i : n - 1 - i)]!;
    return v;
  };
}

function wideSetter({ at: o, size: n, order }: Place): Setter<number> {
  return (b, at, v) => {
    for (let i = 0, rest = v; i < n; i++, rest = Math.floor(rest / 256)) {
      b[at + o + (order === 'be' ? n - 1 - i : i)] = rest % 256;
    }
  };
}

/** The reader of a 64-bit number. For the data path there are `header.offset` and two 32-bit reads. */
export function bigintGetter({ at: o, size: n, order }: Place): Getter<bigint> {
  return (b, at) => {
    let high = 0;
    let low = 0;
    for (let i = 0; i < n; i++) {
      const byte = b[at + o + (order === 'be' ? i : n - 1 - i)]!;
      if (i < n - 4) high = high * 256 + byte;
      else low = low * 256 + byte;
    }
    return (BigInt(high) << 32n) | BigInt(low);
  };
}

/** The writer of a 64-bit number; bits beyond its width are dropped. */
export function bigintSetter({ at: o, size: n, order }: Place): Setter<bigint> {
  return (b, at, v) => {
    let low = Number(v & 0xffffffffn);
    let high = Number((v >> 32n) & 0xffffffffn);
    for (let i = n - 1; i >= 0; i--) {
      const index = at + o + (order === 'be' ? i : n - 1 - i);
      if (i >= n - 4) {
        b[index] = low;
        low >>>= 8;
      } else {
        b[index] = high;
        high >>>= 8;
      }
    }
  };
}
