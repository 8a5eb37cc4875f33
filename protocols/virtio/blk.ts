// The block device (virtio 1.2, 5.2): what stands before and behind the data of a request, and the configuration space. All
// positions are in sectors of 512 bytes, whatever the disk's own block size is.

import { bytes, flag, reserved, uint, word } from '../core/field.js';
import type { Layer } from '../core/layer.js';
import { protocol } from '../core/protocol.js';
import { virtioHeader } from './base.js';

/** Types of requests. */
export const blkTypes = {
  0: 'IN',
  1: 'OUT',
  4: 'FLUSH',
  8: 'GET_ID',
  10: 'GET_LIFETIME',
  11: 'DISCARD',
  13: 'WRITE_ZEROES',
  14: 'SECURE_ERASE',
} as const;

/** What became of a request. */
export const blkStatuses = { 0: 'OK', 1: 'IOERR', 2: 'UNSUPP' } as const;

/** What all positions are counted in. */
export const SECTOR_BYTES = 512;
/** What GET_ID asks for: characters, with a NUL behind them if there is room. */
export const BLK_ID_BYTES = 20;

export const BlkRequest = virtioHeader(
  'BlkRequest',
  [
    uint(32, 'type', 'what is to be done', { names: blkTypes }),
    reserved(32),
    uint(64, 'sector', 'where; 0 for requests without a place', { unit: '512 bytes' }),
  ],
  { key: 'virtio-blk', title: 'virtio-blk request', section: '5.2.6' },
);

/** Of DISCARD and WRITE_ZEROES: what their data consists of. */
export const BlkRange = virtioHeader(
  'BlkRange',
  [
    uint(64, 'sector', 'first sector', { unit: '512 bytes' }),
    uint(32, 'numSectors', 'how many', { unit: '512 bytes' }),
    word(flag('unmap', 'of WRITE_ZEROES: the sectors may be deallocated'), reserved(31)),
  ],
  { key: 'virtio-blk-range', title: 'virtio-blk discard or write zeroes range', section: '5.2.6' },
);

export const BlkStatus = virtioHeader(
  'BlkStatus',
  [uint(8, 'status', 'what became of it', { names: blkStatuses })],
  {
    key: 'virtio-blk-status',
    title: 'virtio-blk status, the last byte of a request',
    section: '5.2.6',
  },
);

export const BlkConfig = virtioHeader(
  'BlkConfig',
  [
    uint(64, 'capacity', 'of the disk', { unit: '512 bytes' }),
    uint(32, 'sizeMax', 'largest segment (SIZE_MAX)', { unit: 'bytes' }),
    uint(32, 'segMax', 'most segments of a request (SEG_MAX)'),
    uint(16, 'cylinders', 'geometry (GEOMETRY)'),
    uint(8, 'heads', 'geometry (GEOMETRY)'),
    uint(8, 'sectors', 'geometry (GEOMETRY)'),
    uint(32, 'blkSize', 'block size of the disk (BLK_SIZE)', { unit: 'bytes' }),
    uint(8, 'physicalBlockExp', 'blocks of a physical block (TOPOLOGY)', { unit: '2^n blocks' }),
    uint(8, 'alignmentOffset', 'first aligned block (TOPOLOGY)'),
    uint(16, 'minIoSize', 'suggested smallest request (TOPOLOGY)', { unit: 'blocks' }),
    uint(32, 'optIoSize', 'suggested largest request (TOPOLOGY)', { unit: 'blocks' }),
    uint(8, 'writeback', 'the cache is written back (CONFIG_WCE)'),
    reserved(8),
    uint(16, 'numQueues', 'request queues (MQ)'),
    uint(32, 'maxDiscardSectors', 'of one range (DISCARD)', { unit: '512 bytes' }),
    uint(32, 'maxDiscardSeg', 'ranges of one request (DISCARD)'),
    uint(32, 'discardSectorAlignment', 'where to split (DISCARD)', { unit: '512 bytes' }),
    uint(32, 'maxWriteZeroesSectors', 'of one range (WRITE_ZEROES)', { unit: '512 bytes' }),
    uint(32, 'maxWriteZeroesSeg', 'ranges of one request (WRITE_ZEROES)'),
    uint(8, 'writeZeroesMayUnmap', 'unmap is heeded (WRITE_ZEROES)'),
    reserved(24),
    uint(32, 'maxSecureEraseSectors', 'of one range (SECURE_ERASE)', { unit: '512 bytes' }),
    uint(32, 'maxSecureEraseSeg', 'ranges of one request (SECURE_ERASE)'),
    uint(32, 'secureEraseSectorAlignment', 'where to split (SECURE_ERASE)', { unit: '512 bytes' }),
    bytes(24, 'zoned', 'characteristics of zoned disks (ZONED)'),
  ],
  { key: 'virtio-blk-config', title: 'virtio-blk configuration space', section: '5.2.4' },
);

const typeNames: Readonly<Record<number, string>> = blkTypes;

export const blkRequest = protocol(BlkRequest, {
  label: 'virtio-blk',
  info: (layer: Layer) => {
    const type = layer.number('type');
    return `${typeNames[type] ?? type} sector ${String(layer.get('sector'))}`;
  },
});
export const blkRange = protocol(BlkRange, { label: 'virtio-blk' });
export const blkStatus = protocol(BlkStatus, { label: 'virtio-blk' });
export const blkConfig = protocol(BlkConfig, { label: 'virtio-blk' });
