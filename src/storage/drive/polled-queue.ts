// A pair of queues of a driver in user space that polls (SPDK's NVMe driver): one thread's own, without system calls, interrupts or
// locks. Commands are put into the queue, and the next poll rings the doorbell once for all of them.

import { SQE_SIZE } from '../../../protocols/nvme/index.js';
import type { BlockOp, BlockStatus, Segment } from '../../block/index.js';
import { Cycles, type Thread, type Wait } from '../../cpu/index.js';
import { PAGE_4K, UsageError } from '../../memory/index.js';
import { valueBytes } from '../../memory/physical-bytes.js';
import {
  blockStatusOf,
  ControllerSetup,
  type Identity,
  NO_NEWS,
  type NvmeRing,
  PRP_PAGE,
  writeCommand,
  writePrps,
} from '../../nvme/index.js';
import type { NvmeDrive } from './drive.js';
import type { PolledDriverProfile } from './profile.js';
import { SlotPort } from './slot-port.js';

/** Its I/O queues unless told (SPDK: DEFAULT_IO_QUEUE_SIZE). */
const ENTRIES = 256;
/** A poll takes a quarter of the queue at most, and no more than so many (SPDK: NVME_MAX_COMPLETIONS). */
const MOST_TAKEN = 128;

/** What is asked for; a flush has no data. */
export interface PolledRequest {
  op: Exclude<BlockOp, 'discard'>;
  offset: number;
  length: number;
  fua: boolean;
  segments: readonly Segment[];
  /** It is over: part of the poll that found it, which goes on with what it may do next, such as submitting another. */
  done(thread: Thread, status: BlockStatus): Generator<Wait, void, void> | undefined;
}

export interface PolledQueueOptions {
  readonly drive: NvmeDrive;
  readonly driver: PolledDriverProfile;
  readonly entries?: number;
  /** Every command's doorbell at once, and the head's by every poll (SPDK: delay_pcie_doorbell off). */
  readonly ringsAtOnce?: boolean;
}

/** The driver takes a drive over, whose registers it has mapped, and opens a pair of queues. */
export function* openPolled(
  thread: Thread,
  options: PolledQueueOptions,
): Generator<Wait, PolledQueue, void> {
  const { drive, entries = ENTRIES } = options;
  const port = new SlotPort(drive);
  const setup = new ControllerSetup(port);
  yield* setup.enable(thread);
  const identity = yield* setup.identify(thread);
  const [ring] = yield* setup.openQueues(thread, 1, entries, false);
  return new PolledQueue(port, ring!, identity, options);
}

export class PolledQueue {
  readonly counts = { submitted: 0, completed: 0, polls: 0, fruitful: 0, doorbells: 0 };
  readonly #driver: PolledDriverProfile;
  readonly #ringsAtOnce: boolean;
  readonly #cycles: Cycles;
  readonly #most: number;
  /** By identifier: what is under way, and a page for its list of pages. */
  readonly #underWay: (PolledRequest | null)[];
  readonly #lists: number;
  readonly #free: number[];
  readonly #sqe = new Uint8Array(SQE_SIZE);

  constructor(
    readonly port: SlotPort,
    readonly ring: NvmeRing,
    readonly identity: Identity,
    { drive, driver, ringsAtOnce = false }: PolledQueueOptions,
  ) {
    this.#driver = driver;
    this.#ringsAtOnce = ringsAtOnce;
    this.#cycles = new Cycles(drive.host.cores.profile.hertz);
    this.#most = Math.min(Math.max(1, Math.floor(ring.size / 4)), MOST_TAKEN);
    // The completion queue is never full, not even with all that a poll takes before it says so.
    const trackers = ring.size - this.#most;
    this.#underWay = new Array<PolledRequest | null>(trackers).fill(null);
    this.#free = Array.from(this.#underWay, (_, i) => trackers - 1 - i);
    this.#lists = port.memory.allocate(PAGE_4K, trackers, 0, 'NVMe PRP lists');
  }

  /** How many more can be under way. */
  get room(): number {
    return this.#free.length;
  }

  /** @throws UsageError EBUSY when as many as there may be are under way */
  // hot
  *submit(thread: Thread, request: PolledRequest): Generator<Wait, void, void> {
    const cid = this.#free.pop();
    if (cid === undefined) throw new UsageError('EBUSY', `${this.port.name}: no tracker is free`);
    yield thread.spend(this.#cycles.ns(this.#driver.submit));
    this.#underWay[cid] = request;
    const { segments } = request;
    const list = this.#lists + cid * PRP_PAGE;
    const { prp1, prp2 } = writePrps(this.port.memory, segments, list);
    writeCommand(this.#sqe, cid, request, this.identity.blockBytes, prp1, prp2);
    this.ring.put(this.#sqe);
    this.counts.submitted++;
    if (this.#ringsAtOnce) yield* this.#ringTail(thread);
  }

  /** Takes what is over, and then rings the doorbells that must be; how many were over. */
  // hot
  *poll(thread: Thread): Generator<Wait, number, void> {
    const { ring, counts } = this;
    counts.polls++;
    let found = 0;
    for (; found < this.#most; found++) {
      const waitNs = this.port.drive.waitNs(ring.nextAt);
      if (waitNs > 0) yield thread.spend(waitNs);
      if (!ring.take()) break;
      const { cid, sct, sc } = ring;
      yield thread.spend(this.#cycles.ns(this.#driver.complete));
      const request = this.#underWay[cid];
      if (!request) continue; // the drive answers what nobody asked
      this.#underWay[cid] = null;
      this.#free.push(cid);
      counts.completed++;
      const next = request.done(thread, blockStatusOf(sct, sc));
      if (next) yield* next;
    }
    if (found > 0) counts.fruitful++;
    if (this.#mustTellHead) yield* this.#ring(thread, ring.headAt, ring.headNews());
    yield thread.spend(this.#cycles.ns(this.#driver.look));
    yield* this.#ringTail(thread);
    return found;
  }

  /** The controller is told of room in the completion queue before what is under way may want it. */
  get #mustTellHead(): boolean {
    const { untold, size } = this.ring;
    if (this.#ringsAtOnce) return untold > 0;
    return untold > 0 && untold + this.#underWay.length - this.#free.length >= size;
  }

  *#ringTail(thread: Thread): Generator<Wait, void, void> {
    const tail = this.ring.tailNews();
    if (tail === NO_NEWS) return;
    yield* this.port.fence(thread);
    yield* this.#ring(thread, this.ring.tailAt, tail);
  }

  *#ring(thread: Thread, at: number, value: number): Generator<Wait, void, void> {
    this.counts.doorbells++;
    yield* this.port.write(thread, at, valueBytes(value));
  }
}
