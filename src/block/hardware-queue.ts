// The tags of one hardware queue with their requests: of one block device, or shared by all that one controller has
// (blk_mq_tags).

import { Signal } from '../cpu/index.js';
import { DriverRequest } from './driver.js';

export class HardwareQueue {
  /** Raised when a tag came back and somebody waits for one. */
  readonly freed = new Signal();
  readonly requests: readonly DriverRequest[];
  waiters = 0;
  readonly #free: DriverRequest[];

  constructor(
    readonly index: number,
    depth: number,
  ) {
    this.requests = Array.from({ length: depth }, (_, tag) => new DriverRequest(index, tag));
    this.#free = [...this.requests].reverse();
  }

  get hasFree(): boolean {
    return this.#free.length > 0;
  }

  /** Requests that have a tag. */
  get busy(): number {
    return this.requests.length - this.#free.length;
  }

  // hot
  take(): DriverRequest {
    const request = this.#free.pop()!;
    request.segments.length = 0;
    request.parts.length = 0;
    request.retries = 0;
    request.generation++;
    return request;
  }

  // hot
  give(request: DriverRequest): void {
    request.state = 'free';
    this.#free.push(request);
  }
}

/** The tags of so many hardware queues, so many each. */
export const newTags = (queues: number, depth: number): HardwareQueue[] =>
  Array.from({ length: queues }, (_, i) => new HardwareQueue(i, depth));
