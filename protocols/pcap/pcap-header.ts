// The headers of pcap files (draft-ietf-opsawg-pcap): one a file, one a record. `Names` are those of the draft.

import { flag, reserved, uint, word } from '../core/field.js';
import { linkTypes } from './link-type.js';
import { eitherOrder } from './order.js';

/** The magic numbers, as they read in the file's own byte order. */
export const pcapMagic = {
  microseconds: 0xa1b2c3d4,
  nanoseconds: 0xa1b23c4d,
  /** Alexey Kuznetzov's patch of 1998: microseconds, longer record headers. */
  modified: 0xa1b2cd34,
} as const;

export const PcapFile = eitherOrder(
  'PcapFile',
  [
    uint(32, 'magicNumber', 'byte order, and unit of the fractions', {
      format: 'hex',
      names: {
        [pcapMagic.microseconds]: 'MICROSECONDS',
        [pcapMagic.nanoseconds]: 'NANOSECONDS',
        [pcapMagic.modified]: 'MODIFIED',
      },
    }),
    uint(16, 'majorVersion', '2'),
    uint(16, 'minorVersion', '4'),
    uint(32, 'reserved1', 'was the time zone; 0', { format: 'hex' }),
    uint(32, 'reserved2', 'was the accuracy of timestamps; 0', { format: 'hex' }),
    uint(32, 'snapLen', 'longest capture of a packet', { unit: 'bytes' }),
    word(
      uint(4, 'fcsLen', 'FCS at the end of each packet', { unit: '2 bytes' }),
      reserved(1),
      flag('fcsPresent', 'fcsLen says something'),
      uint(10, 'reserved3', 'not used', { format: 'hex' }),
      uint(16, 'linkType', 'what a packet begins with', { names: linkTypes }),
    ),
  ],
  { key: 'pcap-file', family: 'pcap', title: 'pcap file header', section: 'pcap 4' },
);

export const PcapRecord = eitherOrder(
  'PcapRecord',
  [
    uint(32, 'seconds', 'since 1970-01-01 UTC', { unit: 's' }),
    uint(32, 'fraction', 'of the second', { unit: 'us or ns, as the magic number says' }),
    uint(32, 'capturedLength', 'of the packet that follow', { unit: 'bytes' }),
    uint(32, 'originalLength', 'of the packet on the wire', { unit: 'bytes' }),
  ],
  { key: 'pcap-record', family: 'pcap', title: 'pcap packet record', section: 'pcap 5' },
);

/** What the modified format has behind PcapRecord: which device, what kind of packet. */
export const PcapModifiedRecord = eitherOrder(
  'PcapModifiedRecord',
  [
    uint(32, 'interfaceIndex', 'of the device'),
    uint(16, 'protocol', 'EtherType', { format: 'hex' }),
    uint(8, 'packetType', 'to us, broadcast, multicast, to others, outgoing'),
    uint(8, 'padding', 'not used', { format: 'hex' }),
  ],
  { key: 'pcap-modified', family: 'pcap', title: 'modified pcap record, second part' },
);
