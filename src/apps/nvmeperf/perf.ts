// A program that keeps so many random reads under way on each of some drives, from one core that polls them in turn (SPDK's
// examples/nvme/perf): each read that is over is asked for again, somewhere else.

import type { BlockStatus } from '../../block/index.js';
import { Cycles, Signal, type Thread, type Wait } from '../../cpu/index.js';
import type { Host } from '../../host/index.js';
import { PAGE_4K, UsageError } from '../../memory/index.js';
import {
  type NvmeDrive,
  openPolled,
  type PolledDriverProfile,
  type PolledQueue,
  type PolledRequest,
} from '../../storage/drive/index.js';
import type { Random } from '../../time/index.js';

export interface NvmePerfOptions {
  readonly host: Host;
  readonly drives: readonly NvmeDrive[];
  readonly driver: PolledDriverProfile;
  /** Cycles of the program itself for each read. */
  readonly readCycles: number;
  /** Reads under way on each drive, and the bytes of each. */
  readonly depth: number;
  readonly bytes: number;
  readonly random: Random;
  readonly core?: number;
  readonly ringsAtOnce?: boolean;
}

export class NvmePerf {
  /** Since `begin`: reads that are over, how long they took in all, and how many failed. */
  reads = 0;
  totalNs = 0;
  failed = 0;
  /** Every drive is set up, and has been asked for as much as it is to have under way. */
  started = false;
  readonly queues: PolledQueue[] = [];
  readonly #options: NvmePerfOptions;
  readonly #cycles: Cycles;
  readonly #landed = new Signal();

  /** Spawns its thread. */
  constructor(options: NvmePerfOptions) {
    const { host, drives, core = 0 } = options;
    this.#options = options;
    this.#cycles = new Cycles(host.cores.profile.hertz);
    for (const { landed } of drives) landed.feed(this.#landed);
    host.spawn('nvme perf', (thread) => this.#run(thread), { core });
  }

  /** Counts from now on. */
  begin(): void {
    this.reads = 0;
    this.totalNs = 0;
    for (const { counts } of this.queues)
      for (const key of Object.keys(counts) as (keyof typeof counts)[]) counts[key] = 0;
  }

  *#run(thread: Thread): Generator<Wait, void, void> {
    const { drives, driver, depth, ringsAtOnce = false } = this.#options;
    for (const drive of drives)
      this.queues.push(yield* openPolled(thread, { drive, driver, ringsAtOnce }));
    for (const queue of this.queues)
      for (let i = 0; i < depth; i++) yield* this.#ask(thread, queue, this.#newRead(queue));
    this.started = true;
    const halfRound = (driver.look * drives.length) / 2;
    for (;;) {
      let found = 0;
      for (const queue of this.queues) found += yield* queue.poll(thread);
      if (found > 0) continue;
      yield thread.spin(this.#landed);
      // It would be in the middle of a round over all queues, on average.
      yield thread.spend(this.#cycles.ns(halfRound));
    }
  }

  *#ask(thread: Thread, queue: PolledQueue, read: Read): Generator<Wait, void, void> {
    const { random, bytes, readCycles } = this.#options;
    yield thread.spend(this.#cycles.ns(readCycles));
    read.offset = random.below(Math.floor(queue.identity.sizeBytes / bytes)) * bytes;
    read.askedAt = thread.now;
    yield* queue.submit(thread, read);
  }

  /** A read with a buffer of its own. @throws UsageError EINVAL where the drive has no such blocks */
  #newRead(queue: PolledQueue): Read {
    const { host, bytes } = this.#options;
    const { blockBytes, sizeBytes } = queue.identity;
    if (bytes % blockBytes !== 0 || bytes > sizeBytes)
      throw new UsageError('EINVAL', `reads of ${bytes} bytes from blocks of ${blockBytes}`);
    const pages = Math.ceil(bytes / PAGE_4K);
    const address = host.memory.allocate(PAGE_4K, pages, 0, 'NVMe perf buffer');
    const read: Read = {
      op: 'read',
      offset: 0,
      length: bytes,
      fua: false,
      segments: [{ address, length: bytes }],
      askedAt: host.now,
      done: (thread, status) => this.#done(thread, queue, read, status),
    };
    return read;
  }

  *#done(
    thread: Thread,
    queue: PolledQueue,
    read: Read,
    status: BlockStatus,
  ): Generator<Wait, void, void> {
    this.reads++;
    this.totalNs += thread.now - read.askedAt;
    if (status !== 'BLK_STS_OK') this.failed++;
    yield* this.#ask(thread, queue, read);
  }
}

interface Read extends PolledRequest {
  askedAt: number;
}
