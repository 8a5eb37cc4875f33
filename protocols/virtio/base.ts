// What all virtio structures share: little-endian since version 1.0 (1.4 of the standard), and the family name that
// filters use.

import type { Item } from '../core/field.js';
import { type Header, type HeaderOptions, header } from '../core/header.js';

export const virtioHeader = <const I extends readonly Item[]>(
  name: string,
  items: I,
  options: HeaderOptions = {},
): Header<I> =>
  header(name, items, {
    order: 'le',
    family: 'virtio',
    ...options,
    section: `virtio 1.2 ${options.section ?? ''}`.trim(),
  });
