// Numbers in the opposite byte order: CRCs are computed as numbers whose least significant byte goes out first,
// and shown as their bytes stand on the wire.

/** The number whose four bytes are those of `value` in the opposite order. */
export const byteSwap32 = (value: number): number =>
  ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;

/** The same of two bytes. */
export const byteSwap16 = (value: number): number => ((value & 0xff) << 8) | (value >>> 8);
