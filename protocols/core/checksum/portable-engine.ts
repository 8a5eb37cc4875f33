// The reference: the npm package crc-32, slicing by 16 in JavaScript. It takes whole arrays, so that a part
// of one needs a view (some 45 ns).

import CRC32 from 'crc-32';
import CRC32C from 'crc-32/crc32c.js';
import type { CrcEngine } from './engine.js';

const part = (bytes: Uint8Array, from: number, to: number): Uint8Array =>
  from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to);

export const portableEngine: CrcEngine = {
  name: 'portable',
  worthFrom: 256, // the table needs no view, and is a little slower a byte
  crc32: (bytes, from, to, seed) => CRC32.buf(part(bytes, from, to), seed),
  crc32c: (bytes, from, to, seed) => CRC32C.buf(part(bytes, from, to), seed),
};
