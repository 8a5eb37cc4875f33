// The headers of pcapng files (draft-ietf-opsawg-pcapng): the frame of every block, then the fixed part of
// each kind of block that we read into, and options. Block and option numbers are tables at the end.

import { flag, uint, word } from '../core/field.js';
import { linkTypes } from './link-type.js';
import { eitherOrder } from './order.js';

const family = 'pcapng';

export const Block = eitherOrder(
  'Block',
  [
    uint(32, 'type', 'kind of block', { format: 'hex' }),
    uint(32, 'totalLength', 'from type to the second length', { unit: 'bytes' }),
  ],
  { key: 'pcapng-block', family, title: 'pcapng block', section: 'pcapng 3.1' },
);

export const BlockEnd = eitherOrder(
  'BlockEnd',
  [uint(32, 'totalLength', 'the same again, to read backwards', { unit: 'bytes' })],
  { key: 'pcapng-end', family, title: 'end of a pcapng block', section: 'pcapng 3.1' },
);

export const Option = eitherOrder(
  'Option',
  [uint(16, 'code', 'kind of option'), uint(16, 'length', 'without padding', { unit: 'bytes' })],
  { key: 'pcapng-option', family, title: 'pcapng option', section: 'pcapng 3.5' },
);

/** The magic that tells a section's byte order. */
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

export const SectionHeader = eitherOrder(
  'SectionHeader',
  [
    uint(32, 'byteOrderMagic', 'reads 1A2B3C4Dh in the right order', { format: 'hex' }),
    uint(16, 'majorVersion', '1'),
    uint(16, 'minorVersion', '0'),
    uint(64, 'sectionLength', 'blocks behind this one; all ones where not known', {
      unit: 'bytes',
    }),
  ],
  { key: 'pcapng-section', family, title: 'section header block', section: 'pcapng 4.1' },
);

export const InterfaceDescription = eitherOrder(
  'InterfaceDescription',
  [
    uint(16, 'linkType', 'what a packet begins with', { names: linkTypes }),
    uint(16, 'reserved1', 'not used', { format: 'hex' }),
    uint(32, 'snapLen', 'longest capture of a packet; 0 for no limit', { unit: 'bytes' }),
  ],
  { key: 'pcapng-interface', family, title: 'interface description block', section: 'pcapng 4.2' },
);

export const EnhancedPacket = eitherOrder(
  'EnhancedPacket',
  [
    uint(32, 'interfaceId', 'counts interface descriptions of the section from 0'),
    uint(32, 'timestampUpper', 'high half, in units of if_tsresol'),
    uint(32, 'timestampLower', 'low half'),
    uint(32, 'capturedLength', 'of the packet that follow', { unit: 'bytes' }),
    uint(32, 'originalLength', 'of the packet on the wire', { unit: 'bytes' }),
  ],
  { key: 'pcapng-packet', family, title: 'enhanced packet block', section: 'pcapng 4.3' },
);

export const SimplePacket = eitherOrder(
  'SimplePacket',
  [uint(32, 'originalLength', 'of the packet on the wire', { unit: 'bytes' })],
  { key: 'pcapng-simple', family, title: 'simple packet block', section: 'pcapng 4.4' },
);

export const ObsoletePacket = eitherOrder(
  'ObsoletePacket',
  [
    uint(16, 'interfaceId', 'counts interface descriptions of the section from 0'),
    uint(16, 'dropsCount', 'packets lost since the one before; all ones where not known'),
    uint(32, 'timestampUpper', 'high half, in units of if_tsresol'),
    uint(32, 'timestampLower', 'low half'),
    uint(32, 'capturedLength', 'of the packet that follow', { unit: 'bytes' }),
    uint(32, 'originalLength', 'of the packet on the wire', { unit: 'bytes' }),
  ],
  { key: 'pcapng-obsolete', family, title: 'packet block (obsolete)', section: 'pcapng A' },
);

/** The value of epb_flags and pack_flags. */
export const PacketFlags = eitherOrder(
  'PacketFlags',
  [
    word(
      uint(16, 'linkErrors', 'errors that the link saw, one a bit', { format: 'hex' }),
      uint(7, 'reserved1', 'not used', { format: 'hex' }),
      uint(4, 'fcsLength', 'FCS at the end of the packet; 0 where not known', { unit: 'bytes' }),
      uint(3, 'reception', 'how the packet was addressed'),
      uint(2, 'direction', 'in or out', { names: { 1: 'INBOUND', 2: 'OUTBOUND' } }),
    ),
  ],
  { key: 'pcapng-flags', family, title: 'flags of a packet', section: 'pcapng 4.3.1' },
);

/** The value of if_tsresol: a power of 10 or of 2. */
export const TimestampResolution = eitherOrder(
  'TimestampResolution',
  [
    word(
      flag('binary', 'a power of 2, not of 10'),
      uint(7, 'exponent', 'negative power of the second'),
    ),
  ],
  { key: 'pcapng-tsresol', family, title: 'timestamp resolution', section: 'pcapng 4.2' },
);

/** Values of if_tsoffset and epb_dropcount. */
export const Number64 = eitherOrder('Number64', [uint(64, 'value', 'one number')], {
  key: 'pcapng-number',
  family,
  title: '64-bit option value',
});

/** Names of pcapng's block types (draft-ietf-opsawg-pcapng 4). */
export const blockTypes = {
  section: 0x0a0d0d0a,
  interface: 1,
  obsoletePacket: 2,
  simplePacket: 3,
  nameResolution: 4,
  interfaceStatistics: 5,
  enhancedPacket: 6,
  decryptionSecrets: 10,
  custom: 0x0bad,
  customNotCopied: 0x40000bad,
} as const;

/** Option codes; those of one kind of block share numbers with those of another. */
export const optionCodes = {
  endOfOptions: 0,
  comment: 1,
  shb_hardware: 2,
  shb_os: 3,
  shb_userappl: 4,
  if_name: 2,
  if_description: 3,
  if_tsresol: 9,
  if_fcslen: 13,
  if_tsoffset: 14,
  epb_flags: 2,
  epb_dropcount: 4,
} as const;
