// What a virtio-blk device makes of one buffer (virtio 1.2, 5.2.6): which requests to its disk, or the answer at once.

import {
  BLK_ID_BYTES,
  BlkRange,
  BlkRequest,
  SECTOR_BYTES,
} from '../../../protocols/virtio/index.js';
import { type BlockDevice, type BlockOp, BlockRequest, type Segment } from '../../block/index.js';
import type { GuestMemory } from '../guest-memory.js';
import type { Chain } from './chain.js';
import { chainRuns } from './guest-segments.js';

export const STATUS_OK = 0;
export const STATUS_IOERR = 1;
export const STATUS_UNSUPP = 2;
/** Ranges of one request, as the configuration says. */
export const MOST_RANGES = 16;

/** Types of requests (5.2.6). */
const IN = 0;
const OUT = 1;
const FLUSH = 4;
const GET_ID = 8;
const DISCARD = 11;
const WRITE_ZEROES = 13;

/** A buffer that the device has, until it is given back. */
export interface Pending {
  readonly queue: number;
  readonly id: number;
  readonly slots: number;
  readonly writable: number;
  /** Guest-physical address of the status, the last byte of all. */
  readonly statusAt: number;
  /** Bytes that are written beside the status when all goes well. */
  dataBytes: number;
  status: number;
  /** Requests to the disk, and how many of them are not over. */
  readonly requests: BlockRequest[];
  left: number;
}

const header = new Uint8Array(BlkRequest.size);
const ranges = new Uint8Array(MOST_RANGES * BlkRange.size);
const idBytes = new Uint8Array(BLK_ID_BYTES);

/** Null when the buffer has no room for a request and its answer. */
export function readRequest(
  memory: GuestMemory,
  disk: BlockDevice,
  queue: number,
  chain: Chain,
  isReadOnly: boolean,
): Pending | null {
  const last = chain.count - 1;
  if (chain.readableBytes < BlkRequest.size || chain.readable > last) return null;
  chain.copyOut(memory, 0, BlkRequest.size, header);
  const pending: Pending = {
    queue,
    id: chain.id,
    slots: chain.slots,
    writable: chain.writableBytes,
    statusAt: chain.addresses[last]! + chain.lengths[last]! - 1,
    dataBytes: 0,
    status: STATUS_OK,
    requests: [],
    left: 0,
  };
  const type = BlkRequest.get.type(header, 0);
  const changes = type === OUT || type === DISCARD || type === WRITE_ZEROES;
  if (changes && isReadOnly) pending.status = STATUS_IOERR;
  else pending.status = plan(memory, disk, chain, type, pending);
  return pending;
}

function plan(
  memory: GuestMemory,
  disk: BlockDevice,
  chain: Chain,
  type: number,
  pending: Pending,
): number {
  const out = chain.readableBytes - BlkRequest.size;
  const into = chain.writableBytes - 1;
  const offset = sectors(BlkRequest.get.sector(header, 0));
  switch (type) {
    case IN:
      pending.dataBytes = into;
      return data(
        'read',
        disk,
        offset,
        into,
        chainRuns(memory, chain, 'writable', 0, into),
        pending,
      );
    case OUT: {
      const runs = chainRuns(memory, chain, 'readable', BlkRequest.size, out);
      return data('write', disk, offset, out, runs, pending);
    }
    case FLUSH:
      return ask('flush', 0, 0, [], pending);
    case GET_ID:
      // The disk's name, cut off or filled up with zeros; it is an answer without the disk.
      idBytes.fill(0);
      new TextEncoder().encodeInto(disk.name, idBytes);
      pending.dataBytes = chain.copyIn(memory, 0, idBytes, 0, Math.min(into, BLK_ID_BYTES));
      return STATUS_OK;
    case DISCARD:
      return disk.maxDiscardBytes > 0
        ? each(memory, disk, chain, out, 'discard', pending)
        : STATUS_UNSUPP;
    case WRITE_ZEROES:
      return disk.maxZeroBytes > 0
        ? each(memory, disk, chain, out, 'write-zeroes', pending)
        : STATUS_UNSUPP;
    default:
      return STATUS_UNSUPP;
  }
}

/** A position in bytes; of what is beyond all disks too. */
const sectors = (count: bigint): number => Number(count) * SECTOR_BYTES;

function data(
  op: BlockOp,
  disk: BlockDevice,
  offset: number,
  length: number,
  segments: readonly Segment[],
  pending: Pending,
): number {
  if (length === 0 || length % SECTOR_BYTES !== 0 || offset + length > disk.sizeBytes)
    return STATUS_IOERR;
  return ask(op, offset, length, segments, pending);
}

function each(
  memory: GuestMemory,
  disk: BlockDevice,
  chain: Chain,
  bytes: number,
  op: 'discard' | 'write-zeroes',
  pending: Pending,
): number {
  const count = bytes / BlkRange.size;
  if (!(Number.isInteger(count) && count >= 1 && count <= MOST_RANGES)) return STATUS_IOERR;
  chain.copyOut(memory, BlkRequest.size, bytes, ranges);
  for (let i = 0; i < count; i++) {
    const at = i * BlkRange.size;
    // 5.2.6.2: a discard with any flag set is not supported.
    if (op === 'discard' && BlkRange.get.unmap(ranges, at) !== 0) return STATUS_UNSUPP;
    const offset = sectors(BlkRange.get.sector(ranges, at));
    const length = BlkRange.get.numSectors(ranges, at) * SECTOR_BYTES;
    if (length === 0 || offset + length > disk.sizeBytes) return STATUS_IOERR;
    ask(op, offset, length, [], pending);
  }
  return STATUS_OK;
}

function ask(
  op: BlockOp,
  offset: number,
  length: number,
  segments: readonly Segment[],
  pending: Pending,
): number {
  pending.requests.push(Object.assign(new BlockRequest(), { op, offset, length, segments }));
  return STATUS_OK;
}
