// Checksums by each engine, at the sizes of a bare header, a common RDMA payload and a full one.
// The portable engine is what the others are compared with.

import * as zlib from 'node:zlib';
import {
  type CrcEngine,
  crc32,
  crc32c,
  internetSum,
  kernelEngine,
  packetMemory,
  portableEngine,
} from '../protocols/core/checksum/index.js';
import { compare, type Row } from './support.js';

const sizes = { '64 B': 64, '1 KiB': 1024, '4 KiB': 4096 } as const;

/** Where payloads begin in frames, roughly: no alignment helps. */
const at = 70;
const resident = packetMemory(8192);
const elsewhere = new Uint8Array(8192);
for (let i = 0; i < elsewhere.length; i++) elsewhere[i] = resident[i] = (i * i * 31) >> 3;

type Way = () => number;

function crcWays(name: 'crc32' | 'crc32c', length: number): Record<string, Way> {
  const by =
    (engine: CrcEngine, b: Uint8Array): Way =>
    () =>
      engine[name](b, at, at + length, 0);
  const api = name === 'crc32' ? crc32 : crc32c;
  const ways: Record<string, Way> = { portable: by(portableEngine, elsewhere) };
  const kernel = kernelEngine();
  if (kernel !== null) {
    ways['kernel, copied in'] = by(kernel, elsewhere);
    ways['kernel, packet memory'] = by(kernel, resident);
  }
  ways['as callers get it'] = () => api(elsewhere, at, at + length);
  ways['the same, packet memory'] = () => api(resident, at, at + length);
  const { crc32: native } = zlib as { crc32?: (data: Uint8Array) => number };
  if (name === 'crc32' && native !== undefined)
    ways['zlib of Node'] = () => native(elsewhere.subarray(at, at + length));
  return ways;
}

/** The RFC 1071 sum as one would write it: a word at a time. */
function wordByWord(b: Uint8Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i + 1 < to; i += 2) sum += (b[i]! << 8) | b[i + 1]!;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

const sumWays = (length: number): Record<string, Way> => ({
  'word by word': () => wordByWord(elsewhere, at, at + length),
  internetSum: () => internetSum(elsewhere, at, at + length),
  'the same, packet memory': () => internetSum(resident, at, at + length),
});

/** Every engine at every size; some 15 seconds. */
export async function suite(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [size, length] of Object.entries(sizes)) {
    rows.push(...(await compare(`CRC-32 of ${size}`, crcWays('crc32', length))));
    rows.push(...(await compare(`CRC-32C of ${size}`, crcWays('crc32c', length))));
    rows.push(...(await compare(`Internet checksum of ${size}`, sumWays(length))));
  }
  return rows;
}
