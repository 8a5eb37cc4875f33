// What all NVMe headers share: little-endian order, the family name that filters use, and how a header
// becomes a protocol that is a part of the unit it stands in.

import type { Item } from '../core/field.js';
import { type Header, type HeaderOptions, header } from '../core/header.js';
import {
  type Protocol,
  type ProtocolOptions,
  protocol,
  type TypedProtocol,
} from '../core/protocol.js';
import type { Walk } from '../core/walk.js';

/** NVMe's structures are little-endian, and words are listed from bit 0 up, as its standards draw them. */
export const nvmeHeader = <const I extends readonly Item[]>(
  name: string,
  items: I,
  options: HeaderOptions = {},
): Header<I> => header(name, items, { order: 'le', family: 'nvme', ...options });

/**
 * Layers of an SQE or CQE. NVMe/TCP counts them into the header of its PDU (HLEN 72 is 8 + 64 bytes), so
 * they are parts of 'nvme-tcp'; in an NVMe/RDMA capsule they simply follow one another.
 */
export const entryPart = <I extends readonly Item[]>(
  of: Header<I>,
  options: ProtocolOptions = {},
): TypedProtocol<I> =>
  protocol(of, { partOf: 'nvme-tcp', label: 'NVMe', continues: true, ...options });

/** Takes a log page or structure, or leaves it as payload where the host asked for less than all of it. */
export function takeWhole(walk: Walk, whole: Protocol): number {
  return walk.left < whole.header.size ? -1 : walk.take(whole);
}

/** More entries of a list than this are left as payload, far below the bound on layers of a frame. */
export const MAX_ENTRIES = 128;
