// The chain of IPv6 headers: each names the one behind it (RFC 8200 4).

import { following } from '../core/bind.js';
import { type FieldOptions, uint } from '../core/field.js';
import type { Derivation, Protocol } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import { IP_PROTOCOL, IPV6_EXTENSION, NO_NEXT_HEADER, protocolNumbers } from './protocol-number.js';

/** The field, which every header of the chain has. */
export const nextHeaderField = (options: FieldOptions = {}) =>
  uint(8, 'nextHeader', 'type of the header behind', { names: protocolNumbers, ...options });

/** What stands behind; undefined where it is unknown or where there is no next header. */
export const nextHeader = (walk: Walk, number: number): Protocol | undefined =>
  walk.next(IP_PROTOCOL, number) ?? walk.next(IPV6_EXTENSION, number);

const known = following(IP_PROTOCOL, IPV6_EXTENSION);

/** The number of what is behind; where that has none, there is no next header. */
export const derivedNextHeader: Derivation = {
  kind: 'type',
  value: (scene, index) => known.value(scene, index) ?? NO_NEXT_HEADER,
};

/** Extension headers count in units of 8 bytes and leave out the first. */
export const EXTENSION_UNIT = 8;

/**
 * Where the extension header ends that was taken last, by its hdrExtLen. -1: it ends beyond the bytes, and
 * the walk stops unless only a part of the packet is there.
 */
export function extensionEnd(walk: Walk, hdrExtLen: number): number {
  const { at } = walk.last;
  const size = (hdrExtLen + 1) * EXTENSION_UNIT;
  if (at + size <= walk.boundary) return at + size;
  if (!walk.quoted) walk.fail('length-conflict', 'hdrExtLen', size, walk.boundary - at);
  return -1;
}
