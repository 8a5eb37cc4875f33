// SGL descriptors (Base 2.0 4.1.2): sixteen bytes that say where a command's data is. The last byte holds
// type and subtype; what lies before it depends on the type.

import { reserved, uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import { type Protocol, type ProtocolOptions, protocol } from '../core/protocol.js';
import { entryPart, nvmeHeader } from './base.js';

/** Names of SGL descriptor types (NVMe base, SGL descriptor types). */
export const sglTypes = {
  0: 'DATA_BLOCK',
  1: 'BIT_BUCKET',
  2: 'SEGMENT',
  3: 'LAST_SEGMENT',
  4: 'KEYED_DATA_BLOCK',
  5: 'TRANSPORT_DATA_BLOCK',
  15: 'VENDOR',
} as const;

/** The type of keyed data blocks. */
export const SGL_KEYED = 4;

const subtypes = { 0: 'ADDRESS', 1: 'OFFSET', 10: 'TRANSPORT', 15: 'INVALIDATE' } as const;

const address = uint(64, 'addr', 'address, or offset in the capsule (subtype OFFSET)', {
  format: 'hex',
  alias: 'nvme.cmd.sgl1.addr',
});

/** The last byte, in every form. */
const kind = word(
  uint(4, 'subtype', 'what the address is', { names: subtypes, alias: 'nvme.cmd.sgl.subtype' }),
  uint(4, 'type', 'form of the descriptor', { names: sglTypes, alias: 'nvme.cmd.sgl.type' }),
);

const unkeyed = [
  address,
  uint(32, 'length', 'of the data', { unit: 'bytes', alias: 'nvme.cmd.sgl1.len' }),
  reserved(24),
  kind,
] as const;

const without = [
  uint(64, 'addr', 'reserved in this form', { format: 'hex' }),
  uint(32, 'length', 'of the data', { unit: 'bytes' }),
  reserved(24),
  kind,
] as const;

const section = 'NVMe Base 2.0 4.1.2.1';

export const SGLDataBlock = nvmeHeader('SGLDataBlock', unkeyed, {
  key: 'sgl',
  title: 'SGL data block descriptor',
  section,
});
export const SGLBitBucket = nvmeHeader('SGLBitBucket', without, {
  key: 'sgl-bit-bucket',
  title: 'SGL bit bucket descriptor: data of a read that is thrown away',
  section,
});
export const SGLSegment = nvmeHeader('SGLSegment', unkeyed, {
  key: 'sgl-segment',
  title: 'SGL segment descriptor: where more descriptors are',
  section,
});
export const SGLLastSegment = nvmeHeader('SGLLastSegment', unkeyed, {
  key: 'sgl-last-segment',
  title: 'SGL last segment descriptor',
  section,
});
export const SGLKeyed = nvmeHeader(
  'SGLKeyed',
  [
    address,
    uint(24, 'length', 'of the data', { unit: 'bytes', alias: 'nvme.cmd.sgl1.len' }),
    uint(32, 'key', 'R_Key of the host memory, unaligned and little-endian here', {
      format: 'hex',
      alias: 'nvme.cmd.sgl1.key',
    }),
    kind,
  ],
  { key: 'sgl-keyed', title: 'Keyed SGL data block descriptor', section },
);
export const SGLTransport = nvmeHeader('SGLTransport', without, {
  key: 'sgl-transport',
  title: 'Transport SGL data block descriptor: the transport moves the data',
  section,
});
export const SGLUnknown = header(
  'SGLUnknown',
  [uint(64, 'addr', 'first eight bytes', { format: 'hex' }), reserved(56), kind],
  { order: 'le', family: 'nvme', key: 'sgl-unknown', title: 'Unknown SGL descriptor', section },
);

const typed = (type: number, subtype: number): ProtocolOptions => ({
  derive: {
    type: { kind: 'type', value: () => type },
    subtype: { kind: 'type', value: () => subtype },
  },
});

/** In-capsule data by default: subtype OFFSET. */
export const sgl = entryPart(SGLDataBlock, typed(0, 1));
export const sglBitBucket = entryPart(SGLBitBucket, typed(1, 0));
export const sglSegment = entryPart(SGLSegment, typed(2, 0));
export const sglLastSegment = entryPart(SGLLastSegment, typed(3, 0));
/** Subtype INVALIDATE, as Linux hosts send it: the target invalidates the key with its response. */
export const sglKeyed = entryPart(SGLKeyed, typed(SGL_KEYED, 15));
export const sglTransport = entryPart(SGLTransport, typed(5, 10));
export const sglUnknown = protocol(SGLUnknown, { partOf: 'nvme-tcp' });

/** Binding space 'nvme-sgl', by type. */
export const sglForms: readonly (readonly [number, Protocol])[] = [
  [0, sgl],
  [1, sglBitBucket],
  [2, sglSegment],
  [3, sglLastSegment],
  [SGL_KEYED, sglKeyed],
  [5, sglTransport],
];

/** True for the forms of a data pointer. */
export const isSgl = (p: Protocol): boolean => p.key === 'sgl' || p.key.startsWith('sgl-');
