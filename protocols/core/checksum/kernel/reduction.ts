// What the CRC kernel's functions share: the multiples of the polynomials, what becomes of cancelled bytes, and
// slicing with tables.

import { type Code, get, i32, v128 } from './wasm-writer.js';

/** Distances in bytes; each list, with 0, is a multiple of the polynomial (a test divides it). */
export interface Multiples {
  readonly long: readonly number[];
  readonly short: readonly number[];
}

// Found by search: the fewest terms at that length, and no distance below 16, so that a vector never needs
// itself. The long ones have none below 128 either: reading across two stores that are still on their way
// waits for both (CRC-32C of 1 KiB: 203 ns with 65 as the smallest distance, 166 with 154). CRC-32C has the
// factor x + 1, so its multiples have an even number of terms.
export const multiples = {
  crc32: { long: [145, 183, 211, 300], short: [27, 39, 43, 44, 47, 53, 56, 67, 68] },
  crc32c: { long: [154, 177, 183, 258, 290], short: [19, 40, 43, 45, 46, 48, 52, 54, 62] },
} as const satisfies Record<string, Multiples>;

export const vectorsOf = (distances: readonly number[]): number =>
  Math.ceil(Math.max(...distances) / 16);
export const sum = (parts: readonly Code[]): Code => parts.reduce((a, b) => v128.xor(a, b));

/** XORs into `input` what comes back from cancelled vectors; `cancelled(k)` is the code of vector k, null is zero. */
export function comeBack(
  input: Code,
  vector: number,
  distances: readonly number[],
  cancelled: (k: number) => Code | null,
): Code {
  const parts: Code[] = [input];
  for (const d of distances) {
    const from = 16 * vector - d;
    const k = Math.floor(from / 16);
    const [low, high] = [cancelled(k), from % 16 === 0 ? null : cancelled(k + 1)];
    if (low === null && high === null) continue;
    parts.push(
      from % 16 === 0 ? low! : v128.window(low ?? v128.zero, high ?? v128.zero, from - 16 * k),
    );
  }
  return sum(parts);
}

/** Words of input in `locals`, the state already on the first, as what they become: slicing by 4 a word. */
export function sliced(locals: readonly number[], tables: number): Code {
  const lookups: Code[] = [];
  const bytes = 4 * locals.length;
  for (let i = 0; i < bytes; i++) {
    const word = get(locals[i >> 2]!);
    const bits = 8 * (i & 3);
    // The table's entries are four bytes wide: the index is shifted to where it already is four times itself.
    const index =
      bits === 0
        ? i32.shl(i32.and(word, i32.const(255)), i32.const(2))
        : i32.and(i32.shr(word, i32.const(bits - 2)), i32.const(255 << 2));
    lookups.push(i32.load(index, tables + 1024 * (bytes - 1 - i)));
  }
  return lookups.reduce((x, y) => i32.xor(x, y));
}
