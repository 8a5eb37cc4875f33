// What kill.test.ts writes: blocks that say which version of which block they are.

import { uint } from '../../protocols/core/field.js';
import { header } from '../../protocols/core/header.js';
import { SLOT } from '../../src/storage/file/format.js';

export const BLOCKS = 64;

const Stamp = header('Stamp', [uint(32, 'block', 'in the volume'), uint(32, 'version', 'counts')]);

/** A block full of its own name. */
export function stamped(block: number, version: number): Uint8Array {
  const bytes = new Uint8Array(SLOT);
  Stamp.set.block(bytes, 0, block);
  Stamp.set.version(bytes, 0, version);
  for (let size = Stamp.size; size < SLOT; size *= 2) bytes.copyWithin(size, 0, size);
  return bytes;
}

/** The version that a block says it is, 0 for zeroes; -1 when it is not one block whole. */
export function versionOf(bytes: Uint8Array, block: number): number {
  const version = Stamp.get.version(bytes, 0);
  const whole = version === 0 ? new Uint8Array(SLOT) : stamped(block, version);
  return Buffer.compare(whole, bytes) === 0 ? version : -1;
}
