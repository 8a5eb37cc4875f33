// One namespace as a block device: requests of the block layer become commands on the controller's queues.

import {
  type BlockDriver,
  type BlockStatus,
  type DriverRequest,
  type HardwareQueue,
  type QueueLimits,
  RequestQueue,
} from '../../../block/index.js';
import type { Thread, Wait } from '../../../cpu/index.js';
import type { Nanos } from '../../../time/index.js';
import { blockStatusOf, MOST_RETRIES } from './block-status.js';
import type { Command } from './command.js';
import * as commands from './commands.js';
import type { NvmeController } from './controller.js';
import type { WriteCache } from './write-cache.js';

/** What identify tells of a namespace. */
export interface NamespaceFacts {
  readonly nsid: number;
  readonly uuid: Uint8Array;
  readonly blockShift: number;
  readonly sizeBytes: number;
  readonly readOnly: boolean;
}

const MOST_ZERO_BLOCKS = 65536;
const MOST_DISCARD_BLOCKS = 2 ** 32 - 1;

export class NamespaceDisk implements BlockDriver {
  readonly limits: QueueLimits;
  readonly hardware: readonly HardwareQueue[];
  readonly queue: RequestQueue;
  readonly #blockBytes: number;
  readonly #cache: WriteCache;

  constructor(
    readonly controller: NvmeController,
    name: string,
    readonly facts: NamespaceFacts,
    limits: Pick<
      QueueLimits,
      'maxTransferBytes' | 'maxSegments' | 'virtBoundaryBytes' | 'writeCache'
    >,
    cache: WriteCache,
  ) {
    this.#cache = cache;
    const { sizeBytes, readOnly, blockShift } = facts;
    const blockBytes = 2 ** blockShift;
    this.#blockBytes = blockBytes;
    this.limits = {
      ...limits,
      blockBytes,
      maxDiscardBytes: MOST_DISCARD_BLOCKS * blockBytes,
      maxZeroBytes: MOST_ZERO_BLOCKS * blockBytes,
    };
    this.hardware = controller.tags;
    const { timeoutNs } = controller.options;
    this.queue = new RequestQueue(controller.computer, this, {
      ...{ name, sizeBytes, readOnly },
      ...(timeoutNs !== undefined && { timeoutNs }),
    });
  }

  // BlockDriver

  // hot
  *queueRequest(
    thread: Thread,
    request: DriverRequest,
    last: boolean,
  ): Generator<Wait, BlockStatus, void> {
    const { controller } = this;
    const queue = controller.queueOf(request.queue);
    if (!queue) return controller.options.failFast ? 'BLK_STS_TRANSPORT' : 'BLK_STS_RESOURCE';
    const command = queue.commands[request.tag]!;
    this.#fill(command, request);
    command.done = (now) => this.#done(now, command, request);
    yield* queue.send(thread, command, last);
    return 'BLK_STS_OK';
  }

  // hot
  #fill(command: Command, request: DriverRequest): void {
    const { nsid } = this.facts;
    const { op, offset, length, fua } = request;
    const slba = offset / this.#blockBytes;
    const count = length / this.#blockBytes;
    switch (op) {
      case 'read':
        commands.read(command, nsid, slba, count);
        command.at(request.segments, length);
        return;
      case 'write':
        commands.write(command, nsid, slba, count, fua);
        command.at(request.segments, length);
        return;
      case 'flush':
        this.#cache.flushBegins(request);
        commands.flush(command, nsid);
        command.at();
        return;
      case 'write-zeroes':
        commands.writeZeroes(command, nsid, slba, count, fua);
        command.at();
        return;
      case 'discard': {
        commands.deallocate(command, nsid);
        const { ranges, tags } = this.controller;
        const page = ranges.put(tags, request, commands.range(slba, count));
        command.at([page], page.length);
      }
    }
  }

  *commit(thread: Thread, queue: number): Generator<Wait, void, void> {
    const sending = this.controller.queueOf(queue);
    if (sending) yield* sending.commit(thread);
  }

  // hot
  #done(now: Nanos, command: Command, request: DriverRequest): void {
    if (request.state !== 'started') return;
    const status = blockStatusOf(command);
    const again = status !== 'BLK_STS_OK' && !command.dnr && request.retries < MOST_RETRIES;
    if (!again) return this.queue.complete(now, request, this.#durable(request, status));
    this.queue.requeue(now, request);
    this.queue.start(now);
  }

  /** The pool's cache may have forgotten what it acknowledged: a flush says so. */
  // hot
  #durable(request: DriverRequest, status: BlockStatus): BlockStatus {
    const { op, fua } = request;
    const isGood = status === 'BLK_STS_OK';
    if (op === 'flush' && !this.#cache.flushEnds(request, isGood) && isGood) return 'BLK_STS_IOERR';
    if (op !== 'read' && op !== 'flush' && isGood && !fua) this.#cache.acknowledged();
    return status;
  }

  /** The connection was made again. */
  connected(boot: string): void {
    this.#cache.connected(boot);
  }

  /** Aborts it; when that has not helped either, the connection is made anew (nvme_timeout of the PCI driver). */
  timedOut(now: Nanos, request: DriverRequest): boolean {
    this.controller.tooLate(now, request);
    return false;
  }

  /** The connection has gone: nobody knows whether requests that were under way were done. They are sent again. */
  lost(now: Nanos): void {
    const { failFast } = this.controller.options;
    for (const { requests } of this.hardware)
      for (const request of requests) {
        if (request.state !== 'started' || request.device !== this.queue) continue;
        if (failFast)
          this.queue.complete(now, request, this.#durable(request, 'BLK_STS_TRANSPORT'));
        else this.queue.requeue(now, request);
      }
  }
}
