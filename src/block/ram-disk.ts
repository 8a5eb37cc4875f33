// A RAM disk: a driver whose disk is machine memory. A request is copied by the core that submits it (Linux's brd), or,
// with a service time, by a thread of its own, so many at once: a disk whose queue fills, for tests and as a yardstick.

import { Signal, type Thread, type Wait } from '../cpu/index.js';
import type { Computer } from '../host/index.js';
import { copyPhysical, PAGE_4K } from '../memory/index.js';
import { after, type Nanos } from '../time/index.js';
import type { BlockDriver, DriverRequest, QueueLimits } from './driver.js';
import { type HardwareQueue, newTags } from './hardware-queue.js';
import type { BlockStatus } from './request.js';
import { type QueueOptions, RequestQueue } from './request-queue.js';
import { zeroRun } from './segments.js';

export interface RamOptions {
  readonly limits?: Partial<QueueLimits>;
  readonly hardwareQueues?: number;
  readonly depth?: number;
  /** What a request takes; it is done in the call when this is 0. */
  readonly serviceNs?: number;
  /** Requests that are served at once. */
  readonly servers?: number;
}

const LIMITS: QueueLimits = {
  blockBytes: 512,
  maxTransferBytes: 1 << 20,
  maxSegments: 256,
  virtBoundaryBytes: 1,
  maxDiscardBytes: 1 << 30,
  maxZeroBytes: 1 << 30,
  writeCache: false,
};

export class RamDriver implements BlockDriver {
  readonly limits: QueueLimits;
  readonly hardware: readonly HardwareQueue[];
  /** Where its bytes are. */
  readonly address: number;
  queue: RequestQueue | undefined;
  /** What requests end with from now on; 'stuck' for not at all. */
  answers: BlockStatus | 'stuck' = 'BLK_STS_OK';
  readonly #serviceNs: number;
  readonly #pending: DriverRequest[] = [];
  readonly #news = new Signal();
  readonly #stuck: DriverRequest[] = [];

  constructor(
    readonly host: Computer,
    sizeBytes: number,
    options: RamOptions = {},
  ) {
    this.limits = { ...LIMITS, ...options.limits };
    this.hardware = newTags(options.hardwareQueues ?? 1, options.depth ?? 128);
    this.address = host.memory.allocate(PAGE_4K, Math.ceil(sizeBytes / PAGE_4K), 0, 'RAM disk');
    this.#serviceNs = options.serviceNs ?? 0;
    if (this.#serviceNs === 0) return;
    for (let i = 0; i < (options.servers ?? 1); i++)
      host.spawn(`ram disk ${i}`, (thread) => this.#serve(thread));
  }

  *queueRequest(thread: Thread, request: DriverRequest): Generator<Wait, BlockStatus, void> {
    if (this.#serviceNs > 0) {
      this.#pending.push(request);
      this.#news.raise(thread.now);
      return 'BLK_STS_OK';
    }
    yield thread.spend(this.#move(thread, request));
    this.#end(thread.now, request);
    return 'BLK_STS_OK';
  }

  *#serve(thread: Thread): Generator<Wait, void, void> {
    for (;;) {
      const request = this.#pending.shift();
      if (!request) {
        yield thread.block(this.#news);
        continue;
      }
      yield thread.sleep(after(thread.now, this.#serviceNs));
      yield thread.spend(this.#move(thread, request));
      this.#end(thread.now, request);
    }
  }

  #move(thread: Thread, { op, offset, length, segments }: DriverRequest): number {
    const { host } = this;
    if (this.answers !== 'BLK_STS_OK' || op === 'flush') return 0;
    if (op !== 'read' && op !== 'write') {
      zeroRun(host.memory, this.address + offset, length);
      return 0;
    }
    const { copyBitsPerSecond } = host.cores.profile;
    const by = { ledger: host.ledger, core: thread.actor, bitsPerSecond: copyBitsPerSecond };
    let at = this.address + offset;
    let took = 0;
    for (const { address, length: size } of segments) {
      const [from, to] = op === 'read' ? [at, address] : [address, at];
      took += copyPhysical(thread.now, by, host.memory, from, to, size);
      at += size;
    }
    return took;
  }

  #end(now: Nanos, request: DriverRequest): void {
    if (this.answers === 'stuck') this.#stuck.push(request);
    else this.queue!.complete(now, request, this.answers);
  }

  *commit(): Generator<Wait, void, void> {}

  timedOut(now: Nanos, request: DriverRequest): boolean {
    const at = this.#stuck.indexOf(request);
    if (at < 0) return false;
    this.#stuck.splice(at, 1);
    this.queue!.complete(now, request, 'BLK_STS_TIMEOUT');
    return true;
  }
}

/** A RAM disk with its queue. */
export function ramDisk(
  host: Computer,
  options: QueueOptions & RamOptions,
): { readonly disk: RequestQueue; readonly driver: RamDriver } {
  const driver = new RamDriver(host, options.sizeBytes, options);
  const disk = new RequestQueue(host, driver, options);
  driver.queue = disk;
  return { disk, driver };
}
