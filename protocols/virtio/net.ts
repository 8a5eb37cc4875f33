// The network device (virtio 1.2, 5.1): what stands before each frame in its buffers, and the configuration space.

import { flag, mac, reserved, uint, word } from '../core/field.js';
import { type Protocol, protocol } from '../core/protocol.js';
import { eth } from '../ethernet/ethernet.js';
import { virtioHeader } from './base.js';

/** How a frame was merged, or is to be cut. */
export const gsoTypes = { 0: 'NONE', 1: 'TCPV4', 3: 'UDP', 4: 'TCPV6', 5: 'UDP_L4' } as const;

export const NetHeader = virtioHeader(
  'NetHeader',
  [
    word(
      flag('needsCsum', 'a checksum is to be put at csum_start + csum_offset'),
      flag('dataValid', 'its checksum is known to be right'),
      flag('rscInfo', 'csum_start and csum_offset count merged segments (RSC_EXT)'),
      reserved(5),
    ),
    word(
      uint(7, 'gsoType', 'into what the frame is to be cut, or was merged from', {
        names: gsoTypes,
      }),
      flag('gsoEcn', 'with ECN'),
    ),
    uint(16, 'hdrLen', 'headers of each frame that it is cut into', { unit: 'bytes' }),
    uint(16, 'gsoSize', 'text of each frame that it is cut into', { unit: 'bytes' }),
    uint(16, 'csumStart', 'where the checksum begins to count', { unit: 'bytes' }),
    uint(16, 'csumOffset', 'where behind that it goes', { unit: 'bytes' }),
    uint(16, 'numBuffers', 'that the frame fills (MRG_RXBUF); 1 otherwise', { usual: 1 }),
  ],
  { key: 'virtio-net', title: 'virtio-net header', section: '5.1.6' },
);

/** Follows the header where HASH_REPORT was negotiated. */
export const NetHash = virtioHeader(
  'NetHash',
  [
    uint(32, 'hashValue', 'of the flow', { format: 'hex' }),
    uint(16, 'hashReport', 'over what'),
    reserved(16),
  ],
  { key: 'virtio-net-hash', title: 'virtio-net header: hash report', section: '5.1.6.4' },
);

export const NetConfig = virtioHeader(
  'NetConfig',
  [
    mac('mac', 'address of the device (MAC)'),
    word(
      flag('linkUp', 'the link is up (STATUS)'),
      flag('announce', 'the driver is to announce itself (STATUS)'),
      reserved(14),
    ),
    uint(16, 'maxVirtqueuePairs', 'queues of each direction (MQ, RSS)'),
    uint(16, 'mtu', 'largest (MTU)', { unit: 'bytes' }),
    uint(32, 'speed', 'of the link (SPEED_DUPLEX)', { unit: 'Mb/s' }),
    uint(8, 'duplex', '1: full (SPEED_DUPLEX)'),
    uint(8, 'rssMaxKeySize', 'longest key (RSS, HASH_REPORT)', { unit: 'bytes' }),
    uint(16, 'rssMaxIndirectionTableLength', 'entries (RSS)'),
    uint(32, 'supportedHashTypes', 'bits of hash types (RSS, HASH_REPORT)', { format: 'hex' }),
  ],
  { key: 'virtio-net-config', title: 'virtio-net configuration space', section: '5.1.4' },
);

/** Begins a buffer of the control queue; data of the command follows, and a byte for the device's answer. */
export const NetControl = virtioHeader(
  'NetControl',
  [
    uint(8, 'class', 'what it is about', { names: { 0: 'RX', 1: 'MAC', 2: 'VLAN', 4: 'MQ' } }),
    uint(8, 'command', 'of that class'),
  ],
  { key: 'virtio-net-control', title: 'virtio-net control command', section: '5.1.6.5' },
);

/** Of MAC_TABLE_SET, twice: addresses of one station, then of groups. */
export const NetMacTable = virtioHeader(
  'NetMacTable',
  [uint(32, 'entries', 'addresses that follow')],
  { key: 'virtio-net-macs', title: 'virtio-net table of addresses', section: '5.1.6.5.2' },
);

/** A buffer of a network queue: the header, then an Ethernet frame. */
export const netHeader = protocol(NetHeader, {
  label: 'virtio-net',
  read: (walk): Protocol | null => (walk.take(netHeader) < 0 ? null : eth),
});
export const netHash = protocol(NetHash, { label: 'virtio-net' });
export const netConfig = protocol(NetConfig, { label: 'virtio-net' });
