// Capture files are written in the byte order of the machine that captured, so each of their headers exists
// twice, made from one list of fields.

import type { Item } from '../core/field.js';
import { type Header, type HeaderOptions, header } from '../core/header.js';

/** One header in either byte order. */
export interface EitherOrder<I extends readonly Item[]> {
  readonly be: Header<I>;
  readonly le: Header<I>;
}

/**
 * Declares a header in both orders. `items` lists the fields of a word from its high end, as the drafts draw
 * them; little-endian headers are listed from the low end, so there the words are turned round.
 */
export function eitherOrder<const I extends readonly Item[]>(
  name: string,
  items: I,
  options: HeaderOptions,
): EitherOrder<I> {
  const turned = items.map((item) => ('word' in item ? { word: [...item.word].reverse() } : item));
  return {
    be: header(name, items, { ...options, order: 'be' }),
    le: header(name, turned as unknown as I, { ...options, order: 'le' }),
  };
}
