// The 16-bit CRC of InfiniBand links: VCRC of data packets (IBA 7.8.2) and LPCRC of link packets (IBA 7.9.4).
// Both: polynomial 100Bh, initial value FFFFh, least significant bit first, complemented at the end.

const reversedPolynomial = 0xd008; // 100Bh with its 16 bits reversed

/** Slicing by 4: word 256 * k + v is what byte v becomes when k more bytes have passed. */
const table = ((): Uint16Array => {
  const t = new Uint16Array(1024);
  for (let v = 0; v < 256; v++) {
    let word = v;
    for (let bit = 0; bit < 8; bit++) word = (word >>> 1) ^ (word & 1 ? reversedPolynomial : 0);
    t[v] = word;
  }
  for (let i = 256; i < 1024; i++) t[i] = (t[i - 256]! >>> 8) ^ t[t[i - 256]! & 255]!;
  return t;
})();

/**
 * VCRC or LPCRC of bytes `from` to `to`. For a VCRC that is everything from the LRH's (or RWH's) first byte
 * to the last before the VCRC, ICRC included; for an LPCRC the link packet's first four bytes.
 * On the wire the least significant byte comes first.
 * @param seed CRC of the bytes before these, 0 when there are none
 */
// hot
export function crc16(b: Uint8Array, from = 0, to = b.length, seed = 0): number {
  if (!(from >= 0 && from <= to && to <= b.length))
    throw new RangeError(`bytes ${from} to ${to} of ${b.length}`);
  const t = table;
  let s = ~seed & 0xffff;
  let i = from;
  for (; i + 4 <= to; i += 4) {
    s =
      t[768 + ((s & 255) ^ b[i]!)]! ^
      t[512 + ((s >>> 8) ^ b[i + 1]!)]! ^
      t[256 + b[i + 2]!]! ^
      t[b[i + 3]!]!;
  }
  for (; i < to; i++) s = (s >>> 8) ^ t[(s ^ b[i]!) & 255]!;
  return ~s & 0xffff;
}
