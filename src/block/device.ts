// What a block device is to those who use it, and to those who make one.

import { Signal, type Thread, type Wait } from '../cpu/index.js';
import type { BlockRequest } from './request.js';

/** A disk as its users see it. */
export interface BlockDevice {
  /** '/dev/qbd1' */
  readonly name: string;
  /** May change: `changed` is raised then. 0 when it has gone. */
  readonly sizeBytes: number;
  /** Logical block: offsets and lengths are multiples of it. */
  readonly blockBytes: number;
  /** Longer requests are split; those that are not, go as one. */
  readonly maxTransferBytes: number;
  readonly readOnly: boolean;
  /** What is written may be lost with power unless it is flushed or FUA. */
  readonly writeCache: boolean;
  /** Longest discard and write-zeroes that go as one; 0: there is none. */
  readonly maxDiscardBytes: number;
  readonly maxZeroBytes: number;
  /** Raised when size or presence changed. */
  readonly changed: Signal;
  /**
   * Hands a request over, as the thread's own work: it waits where the queue is full. Returns when the request is under
   * way, which may be after it is done.
   */
  submit(thread: Thread, request: BlockRequest): Generator<Wait, void, void>;
  /** From now on what this thread submits gathers, and adjacent requests merge, until it unplugs (blk_start_plug). */
  plug(thread: Thread): void;
  unplug(thread: Thread): Generator<Wait, void, void>;
}

/** Submits a request and gives the core up until it is done: what a program does that reads one block. */
export function* perform(
  device: BlockDevice,
  thread: Thread,
  request: BlockRequest,
): Generator<Wait, void, void> {
  const over = new Signal();
  let isOver = false;
  const before = request.done;
  request.done = (now, ended) => {
    isOver = true;
    over.raise(now);
    before(now, ended);
  };
  yield* device.submit(thread, request);
  while (!isOver) yield thread.block(over);
  request.done = before;
}
