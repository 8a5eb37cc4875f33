// What is asked of a block device, whoever asks: a file system, a virtio device, an emulated disk. Linux calls it a bio.
// Its data lies in runs of machine memory, so that a device can move it there by DMA, without a copy.

import type { Nanos } from '../time/index.js';

export const blockOps = ['read', 'write', 'flush', 'discard', 'write-zeroes'] as const;
export type BlockOp = (typeof blockOps)[number];

/** How a request ended, by Linux's names (include/linux/blk_types.h). */
export type BlockStatus =
  | 'BLK_STS_OK'
  | 'BLK_STS_NOTSUPP'
  | 'BLK_STS_TIMEOUT'
  | 'BLK_STS_NOSPC'
  | 'BLK_STS_TRANSPORT'
  | 'BLK_STS_TARGET'
  | 'BLK_STS_MEDIUM'
  | 'BLK_STS_PROTECTION'
  | 'BLK_STS_RESOURCE'
  | 'BLK_STS_INVAL'
  | 'BLK_STS_OFFLINE'
  | 'BLK_STS_IOERR';

/** A run of memory. */
export interface Segment {
  /** Of the memory of the computer that has the device: machine addresses on a host. */
  readonly address: number;
  readonly length: number;
}

const NONE: readonly Segment[] = [];

/** One request; its owner may use it again after `done`. */
export class BlockRequest {
  op: BlockOp = 'read';
  /** First byte on the device, and bytes; whole blocks. A flush has neither. */
  offset = 0;
  length = 0;
  /** Where the data of a read or a write is: `length` bytes in all. They stay as they are until `done`. */
  segments: readonly Segment[] = NONE;
  /** Force unit access: done means durable. */
  fua = false;
  status: BlockStatus = 'BLK_STS_OK';
  /** Called once, when it is over; in the middle of a driver, so that it may note and raise signals, and no more. */
  done: (now: Nanos, request: BlockRequest) => void = () => {};
  /** Pieces of it that are under way: its device's. */
  left = 0;

  /** A piece of it is over; the first failure is what is told. */
  end(now: Nanos, status: BlockStatus): void {
    if (status !== 'BLK_STS_OK' && this.status === 'BLK_STS_OK') this.status = status;
    this.left--;
    if (this.left === 0) this.done(now, this);
  }
}

/** Does the operation move data? */
export const movesData = (op: BlockOp): boolean => op === 'read' || op === 'write';
