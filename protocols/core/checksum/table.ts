// The table-driven CRC in JavaScript: for short runs, where creating a view or entering another engine costs
// more than the work, and for header bytes that are masked on the way (ICRC). State is the CRC register,
// that is, not complemented.

/** Polynomials with the bits reversed, because the standards send the least significant bit first. */
const reversed = { crc32: 0xedb88320, crc32c: 0x82f63b78 } as const;

/**
 * Slicing by 16: word 256 * k + v is what byte v becomes when k more bytes have passed.
 * @returns 4,096 words
 */
function slicingTables(polynomial: number): Uint32Array {
  const tables = new Uint32Array(4096);
  for (let v = 0; v < 256; v++) {
    let word = v;
    for (let bit = 0; bit < 8; bit++) word = (word >>> 1) ^ (word & 1 ? polynomial : 0);
    tables[v] = word;
  }
  for (let i = 256; i < 4096; i++) {
    const before = tables[i - 256]!;
    tables[i] = (before >>> 8) ^ tables[before & 255]!;
  }
  return tables;
}

export const tables = {
  crc32: slicingTables(reversed.crc32),
  crc32c: slicingTables(reversed.crc32c),
} as const;

/** Runs bytes `from` to `to` through the register. */
export function run(t: Uint32Array, b: Uint8Array, from: number, to: number, state: number) {
  let s = state;
  let i = from;
  // hot
  for (; i + 8 <= to; i += 8) {
    s =
      t[1792 + ((s & 255) ^ b[i]!)]! ^
      t[1536 + (((s >>> 8) & 255) ^ b[i + 1]!)]! ^
      t[1280 + (((s >>> 16) & 255) ^ b[i + 2]!)]! ^
      t[1024 + ((s >>> 24) ^ b[i + 3]!)]! ^
      t[768 + b[i + 4]!]! ^
      t[512 + b[i + 5]!]! ^
      t[256 + b[i + 6]!]! ^
      t[b[i + 7]!]!;
  }
  for (; i < to; i++) s = (s >>> 8) ^ t[(s ^ b[i]!) & 255]!;
  return s;
}

/** The same over `b[i] | ones[i - from]`. */
export function runMasked(
  t: Uint32Array,
  b: Uint8Array,
  from: number,
  to: number,
  ones: Uint8Array,
  state: number,
): number {
  let s = state;
  let i = from;
  let m = 0;
  // hot
  for (; i + 8 <= to; i += 8, m += 8) {
    s =
      t[1792 + ((s & 255) ^ (b[i]! | ones[m]!))]! ^
      t[1536 + (((s >>> 8) & 255) ^ (b[i + 1]! | ones[m + 1]!))]! ^
      t[1280 + (((s >>> 16) & 255) ^ (b[i + 2]! | ones[m + 2]!))]! ^
      t[1024 + ((s >>> 24) ^ (b[i + 3]! | ones[m + 3]!))]! ^
      t[768 + (b[i + 4]! | ones[m + 4]!)]! ^
      t[512 + (b[i + 5]! | ones[m + 5]!)]! ^
      t[256 + (b[i + 6]! | ones[m + 6]!)]! ^
      t[b[i + 7]! | ones[m + 7]!]!;
  }
  for (; i + 4 <= to; i += 4, m += 4) {
    s =
      t[768 + ((s & 255) ^ (b[i]! | ones[m]!))]! ^
      t[512 + (((s >>> 8) & 255) ^ (b[i + 1]! | ones[m + 1]!))]! ^
      t[256 + (((s >>> 16) & 255) ^ (b[i + 2]! | ones[m + 2]!))]! ^
      t[(s >>> 24) ^ (b[i + 3]! | ones[m + 3]!)]!;
  }
  for (; i < to; i++, m++) s = (s >>> 8) ^ t[(s ^ (b[i]! | ones[m]!)) & 255]!;
  return s;
}
