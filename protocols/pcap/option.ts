// Options of pcapng blocks: code, length, value, filled up to 32 bits. One walker; `checkOptions` runs first on
// every list, so that later readers need not fear lengths.

import type { ByteOrder } from '../core/field.js';
import { Option, optionCodes } from './pcapng-header.js';

/** Blocks, packets and options are filled up to 4 bytes. */
export const padded = (length: number): number => Math.ceil(length / 4) * 4;

/** One option's value. */
export interface FoundOption {
  readonly code: number;
  readonly at: number;
  readonly end: number;
  /** Where the option behind it begins. */
  readonly next: number;
}

/** The option at `at`; null at the end of the list or where it does not fit. */
export function optionAt(
  b: Uint8Array,
  at: number,
  end: number,
  order: ByteOrder,
): FoundOption | null {
  const { get, size } = Option[order];
  if (end - at < size) return null;
  const code = get.code(b, at);
  const valueEnd = at + size + get.length(b, at);
  if (code === optionCodes.endOfOptions || valueEnd > end) return null;
  return { code, at: at + size, end: valueEnd, next: at + size + padded(get.length(b, at)) };
}

/** The first option of that code at or behind `at`. */
export function findOption(
  b: Uint8Array,
  at: number,
  end: number,
  order: ByteOrder,
  code: number,
): FoundOption | undefined {
  for (let o = optionAt(b, at, end, order); o; o = optionAt(b, o.next, end, order)) {
    if (o.code === code) return o;
  }
  return undefined;
}

/** -1 when the list is whole, else where the option begins that is not. */
export function checkOptions(b: Uint8Array, from: number, end: number, order: ByteOrder): number {
  const { get, size } = Option[order];
  let at = from;
  while (at < end) {
    if (end - at < size) return at;
    if (get.code(b, at) === optionCodes.endOfOptions) return -1;
    const next = at + size + padded(get.length(b, at));
    if (next > end) return at;
    at = next;
  }
  return -1;
}

const decoder = new TextDecoder('utf-8', { fatal: false });

/** UTF-8 text; some writers close it with a zero. */
export const textOf = (b: Uint8Array, at: number, end: number): string =>
  decoder.decode(b.subarray(at, end)).replace(/\0+$/, '');
