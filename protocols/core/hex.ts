// Numbers in hexadecimal and decimal, for the lines that are printed of every frame. Number.toString(16) takes five
// times as long above 2^31 and bigint's needs a bigint first; pieces from tables need neither.

import { uint } from './field.js';
import { header } from './header.js';
import { Printed } from './printed.js';

/** Two digits of each byte. */
export const HEX_BYTES: readonly string[] = Array.from({ length: 256 }, (_, i) =>
  i.toString(16).padStart(2, '0'),
);
const short: readonly string[] = Array.from({ length: 256 }, (_, i) => i.toString(16));

/** A 64-bit field in two halves, because a bigint a packet would be garbage. */
export const Halves = header('Halves', [
  uint(32, 'high', 'high half'),
  uint(32, 'low', 'low half'),
]);

/** The same of little-endian fields, as NVMe has them. */
export const HalvesLE = header(
  'HalvesLE',
  [uint(32, 'low', 'low half'), uint(32, 'high', 'high half')],
  { order: 'le' },
);

const { high: highHalf, low: lowHalf } = Halves.get;

/** The digits of a number below 2^32, without leading zeros. */
// hot
export function hexOf(value: number): string {
  if (value < 0x100) return short[value]!;
  if (value < 0x10000) return short[value >>> 8]! + HEX_BYTES[value & 255]!;
  const head = value < 0x1000000 ? '' : short[value >>> 24]!;
  const next = (value >>> 16) & 255;
  const tail = HEX_BYTES[(value >>> 8) & 255]! + HEX_BYTES[value & 255]!;
  return (head === '' ? short[next]! : head + HEX_BYTES[next]!) + tail;
}

/** The digits of the big-endian 64-bit number at `at`, without leading zeros. */
// hot
export function hexOf64(b: Uint8Array, at: number): string {
  const high = highHalf(b, at);
  return high === 0 ? hexOf(lowHalf(b, at)) : hexOf(high) + eightDigits(lowHalf(b, at));
}

/** The same behind a text that names it; `before` prints that text and the high half, without a zero. */
// hot
export function namedHexOf64(before: Printed, b: Uint8Array, at: number): string {
  const high = highHalf(b, at);
  const low = lowHalf(b, at);
  return before.of(high) + (high === 0 ? hexOf(low) : eightDigits(low));
}

/** What `namedHexOf64` wants: `name` and the digits of the high half. */
export const beforeHex = (name: string): Printed =>
  new Printed((high) => (high === 0 ? name : name + hexOf(high)));

const threeDigits: readonly string[] = Array.from({ length: 4096 }, (_, i) =>
  i.toString(16).padStart(3, '0'),
);

/** A number below 2^32 with leading zeros. */
// hot
const eightDigits = (value: number): string =>
  threeDigits[value >>> 20]! + threeDigits[(value >>> 8) & 0xfff]! + HEX_BYTES[value & 255]!;

/** The numbers below 1,000, plain and with leading zeros. */
const plainDecimals: readonly string[] = Array.from({ length: 1000 }, (_, i) => String(i));
const paddedDecimals = plainDecimals.map((digits) => digits.padStart(3, '0'));

/**
 * The decimal digits of a whole number below 2^31. V8 keeps the text of each number that it prints in a table, which
 * holds every frame's sequence number alive through the next garbage collection; pieces from tables are forgotten.
 */
// hot
export function decimalOf(value: number): string {
  if (value < 1000) return plainDecimals[value]!;
  const thousands = (value / 1000) | 0;
  const tail = paddedDecimals[value - thousands * 1000]!;
  if (thousands < 1000) return plainDecimals[thousands]! + tail;
  const millions = (thousands / 1000) | 0;
  return decimalOf(millions) + paddedDecimals[thousands - millions * 1000]! + tail;
}
