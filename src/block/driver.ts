// What a request queue needs of a driver, and the requests that it hands to one: merged, within the driver's limits,
// each with a tag of its hardware queue.

import type { Thread, Wait } from '../cpu/index.js';
import { type Nanos, NEVER, START } from '../time/index.js';
import type { HardwareQueue } from './hardware-queue.js';
import type { BlockOp, BlockRequest, BlockStatus, Segment } from './request.js';
import type { RequestQueue } from './request-queue.js';

/** What one request of a driver may be (struct queue_limits). */
export interface QueueLimits {
  readonly blockBytes: number;
  readonly maxTransferBytes: number;
  readonly maxSegments: number;
  /** Segments may begin and end on other addresses than multiples of this only at a request's two ends; 1: anywhere. */
  readonly virtBoundaryBytes: number;
  readonly maxDiscardBytes: number;
  readonly maxZeroBytes: number;
  readonly writeCache: boolean;
}

export type RequestState = 'free' | 'plugged' | 'held' | 'started';

/** A driver's request (struct request): what one or more adjacent block requests came to. */
export class DriverRequest {
  op: BlockOp = 'read';
  offset = 0;
  length = 0;
  fua = false;
  readonly segments: Segment[] = [];
  /** Those that it carries, in order of their place on the device. */
  readonly parts: BlockRequest[] = [];
  state: RequestState = 'free';
  /** Counts uses of the tag, so that an answer to an earlier use is known for one. */
  generation = 0;
  startedAt: Nanos = START;
  deadline: Nanos = NEVER;
  /** How often it was sent again. */
  retries = 0;

  /** The device whose it is for now. */
  device: RequestQueue | undefined;

  constructor(
    /** Its hardware queue, and its tag there. */
    readonly queue: number,
    readonly tag: number,
  ) {}
}

/** What moves the requests of a queue (struct blk_mq_ops). */
export interface BlockDriver {
  readonly limits: QueueLimits;
  /** Its hardware queues; those of several devices may be the same. */
  readonly hardware: readonly HardwareQueue[];
  /**
   * Sends a request, as work of the thread that submits; more follow at once unless it is the last. Anything but
   * BLK_STS_OK and BLK_STS_RESOURCE ends the request; with BLK_STS_RESOURCE it is kept until the queue is started again.
   */
  queueRequest(
    thread: Thread,
    request: DriverRequest,
    last: boolean,
  ): Generator<Wait, BlockStatus, void>;
  /** No more follow, although the last one said so (commit_rqs). */
  commit(thread: Thread, queue: number): Generator<Wait, void, void>;
  /** It takes too long: true when the driver sees to its end, false to give it the same time once more. */
  timedOut(now: Nanos, request: DriverRequest): boolean;
}
