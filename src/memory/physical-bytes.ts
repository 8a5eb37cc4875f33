// Memory as rings and devices need it: bytes at physical addresses, and 64-bit addresses as numbers.

import { numberGetter, numberSetter } from '../../protocols/core/accessor.js';

/** What a guest's memory and a machine's have in common. */
export interface PhysicalBytes {
  /** Set by `locate`: where in the array that it answered the address lies, and where what lies together ends. */
  readonly at: number;
  readonly end: number;
  /** Whether all of these bytes exist; for addresses that somebody may have made up. */
  holds(address: number, lengthBytes: number): boolean;
  /** The array in which the byte at this address lies. */
  locate(address: number): Uint8Array;
}

const word = { size: 4, shift: 0, bits: 32, order: 'le' } as const;
const low = numberGetter({ at: 0, ...word });
const high = numberGetter({ at: 4, ...word });
const setLow = numberSetter({ at: 0, ...word });
const setHigh = numberSetter({ at: 4, ...word });
const WORD_SPAN = 2 ** 32;

// hot
/** A 64-bit address; above 2^53 it is not exact, and beyond any memory all the same. */
export const getAddress = (b: Uint8Array, at: number): number =>
  low(b, at) + high(b, at) * WORD_SPAN;

// hot
export const setAddress = (b: Uint8Array, at: number, address: number): void => {
  setLow(b, at, address % WORD_SPAN);
  setHigh(b, at, Math.floor(address / WORD_SPAN));
};

/** Copies out of memory, wherever its pieces lie: for headers, which are short. */
export function readPhysical(
  memory: PhysicalBytes,
  address: number,
  lengthBytes: number,
  into: Uint8Array,
  at: number,
): void {
  for (let done = 0; done < lengthBytes; ) {
    const bytes = memory.locate(address + done);
    const length = Math.min(lengthBytes - done, memory.end - memory.at);
    into.set(bytes.subarray(memory.at, memory.at + length), at + done);
    done += length;
  }
}

/** The other way. */
export function writePhysical(
  memory: PhysicalBytes,
  address: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): void {
  for (let done = from; done < to; ) {
    const into = memory.locate(address + done - from);
    const length = Math.min(to - done, memory.end - memory.at);
    into.set(bytes.subarray(done, done + length), memory.at);
    done += length;
  }
}

/** A register's four bytes. */
export function valueBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(word.size);
  for (let i = 0, rest = value; i < bytes.length; i++, rest = Math.floor(rest / 256))
    bytes[i] = rest % 256;
  return bytes;
}
