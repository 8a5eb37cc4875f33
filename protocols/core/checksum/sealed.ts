// A CRC-32 behind what it covers, as FCS and ICRC are sent: least significant byte first.

/** Writes the 32 bits of a CRC, with or without a sign. */
// hot
export function putCrc32(bytes: Uint8Array, at: number, crc: number): void {
  bytes[at] = crc;
  bytes[at + 1] = crc >>> 8;
  bytes[at + 2] = crc >>> 16;
  bytes[at + 3] = crc >>> 24;
}

/** Do these bytes stand there? */
// hot
export const hasCrc32 = (bytes: Uint8Array, at: number, crc: number): boolean =>
  bytes[at] === (crc & 255) &&
  bytes[at + 1] === ((crc >>> 8) & 255) &&
  bytes[at + 2] === ((crc >>> 16) & 255) &&
  bytes[at + 3] === crc >>> 24;
