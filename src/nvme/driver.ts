// A kernel's driver of an NVMe disk on PCI Express, below its block layer (Linux's nvme/host/pci.c): a pair of queues a core, PRP
// lists, an interrupt for what is over, after which the completion queue's doorbell is written. A guest's and a host's are the same.

import { DSMRange } from '../../protocols/nvme/io.js';
import { SQE_SIZE } from '../../protocols/nvme/sqe-header.js';
import {
  type BlockDriver,
  type BlockStatus,
  type DriverRequest,
  type HardwareQueue,
  movesData,
  newTags,
  type QueueLimits,
  RequestQueue,
} from '../block/index.js';
import type { InterruptWork, Thread, Wait } from '../cpu/index.js';
import type { Computer } from '../host/index.js';
import { valueBytes, writePhysical } from '../memory/physical-bytes.js';
import type { Nanos } from '../time/index.js';
import { writeCommand } from './command.js';
import { PRP_PAGE, writePrps } from './prp.js';
import { NO_NEWS, type NvmeRing } from './ring.js';
import { type ControllerPort, ControllerSetup } from './setup.js';
import { blockStatusOf } from './status.js';

/** What the driver takes of its core: a command into a queue, a completion out of one, an interrupt's handler beside that. */
export interface NvmeDriverProfile {
  readonly addNs: number;
  readonly takeNs: number;
  readonly handlerNs: number;
}

/** A controller that interrupts. */
export interface InterruptPort extends ControllerPort {
  readonly profile: NvmeDriverProfile;
  /** What an interrupt of this number has a core do. */
  connect(vector: number, work: InterruptWork): void;
  /** A register is written at the end of that work. */
  writeAfter(now: Nanos, vector: number, offset: number, bytes: Uint8Array): void;
  /** How long a core waits that reads memory there, because the controller has written to it since. */
  waitNs(address: number): number;
}

/** Linux: entries of I/O queues (io_queue_depth). */
const IO_ENTRIES = 1024;
/** Pages of a PRP list, and the first. */
const MOST_PAGES = PRP_PAGE / 8 + 1;

interface Ended {
  readonly request: DriverRequest;
  readonly status: BlockStatus;
}

export class NvmePciDriver implements BlockDriver {
  readonly hardware: readonly HardwareQueue[];
  queue: RequestQueue | undefined;
  readonly #port: InterruptPort;
  readonly #rings: readonly NvmeRing[];
  /** By hardware queue: a page for each command's list of PRPs, or its ranges. */
  readonly #lists: readonly number[];
  readonly #requests: readonly (DriverRequest | null)[][];
  readonly #sqe = new Uint8Array(SQE_SIZE);

  /** @param rings of I/O queues, each with the interrupt of its number */
  constructor(
    port: InterruptPort,
    rings: readonly NvmeRing[],
    readonly limits: QueueLimits,
  ) {
    this.#port = port;
    this.#rings = rings;
    const depth = rings[0]!.size - 1;
    this.hardware = newTags(rings.length, depth);
    const { memory } = port;
    this.#lists = rings.map(() => memory.allocate(PRP_PAGE, depth, 0, 'NVMe PRP lists'));
    this.#requests = rings.map(() => new Array<DriverRequest | null>(depth).fill(null));
    for (const [index, ring] of rings.entries()) port.connect(ring.id, this.#handler(index));
  }

  // BlockDriver

  // hot
  *queueRequest(
    thread: Thread,
    request: DriverRequest,
    last: boolean,
  ): Generator<Wait, BlockStatus, void> {
    yield thread.spend(this.#port.profile.addNs);
    const ring = this.#rings[request.queue]!;
    this.#requests[request.queue]![request.tag] = request;
    ring.put(this.#command(request));
    if (last) yield* this.#tell(thread, ring);
    return 'BLK_STS_OK';
  }

  *commit(thread: Thread, queue: number): Generator<Wait, void, void> {
    yield* this.#tell(thread, this.#rings[queue]!);
  }

  /** Tells the controller of what was put. */
  *#tell(thread: Thread, ring: NvmeRing): Generator<Wait, void, void> {
    const tail = ring.tailNews();
    if (tail !== NO_NEWS) yield* this.#port.write(thread, ring.tailAt, valueBytes(tail));
  }

  /** Tells it of what was taken, at the end of an interrupt's handler. */
  #free(now: Nanos, ring: NvmeRing): void {
    const head = ring.headNews();
    if (head !== NO_NEWS) this.#port.writeAfter(now, ring.id, ring.headAt, valueBytes(head));
  }

  /** A controller that does not answer is waited for: its memory may still be written to. */
  timedOut(): boolean {
    return false;
  }

  // hot
  #command(request: DriverRequest): Uint8Array {
    const sqe = this.#sqe;
    const { blockBytes } = this.limits;
    const { op, offset, length, segments } = request;
    const { memory } = this.#port;
    const list = this.#lists[request.queue]! + request.tag * PRP_PAGE;
    let place = { prp1: 0, prp2: 0 };
    if (op === 'discard') {
      this.#range(list, offset / blockBytes, length / blockBytes);
      place = { prp1: list, prp2: 0 };
    } else if (movesData(op)) place = writePrps(memory, segments, list);
    writeCommand(sqe, request.tag, request, blockBytes, place.prp1, place.prp2);
    return sqe;
  }

  #range(at: number, slba: number, length: number): void {
    const range = DSMRange.encode({ slba: BigInt(slba), length });
    writePhysical(this.#port.memory, at, range, 0, range.length);
  }

  /** The interrupt of a queue: what is over is looked at first, which takes its time, and then ended. */
  #handler(index: number): InterruptWork {
    const ring = this.#rings[index]!;
    const ended: Ended[] = [];
    return {
      run: () => {
        const { handlerNs, takeNs } = this.#port.profile;
        let waitNs = 0;
        do waitNs += this.#port.waitNs(ring.nextAt);
        while (this.#take(index, ring, ended));
        return (
          Math.ceil(waitNs) + handlerNs + ended.length * (takeNs + (this.queue?.completeNs ?? 0))
        );
      },
      done: (now) => {
        for (const { request, status } of ended.splice(0))
          this.queue!.complete(now, request, status);
        this.#free(now, ring);
      },
    };
  }

  /** The next completion, if there is one. */
  #take(index: number, ring: NvmeRing, ended: Ended[]): boolean {
    if (!ring.take()) return false;
    const { cid, sct, sc } = ring;
    const request = this.#requests[index]![cid];
    if (!request) return true; // the controller answers what nobody asked
    this.#requests[index]![cid] = null;
    ended.push({ request, status: blockStatusOf(sct, sc) });
    return true;
  }
}

/** The driver's probe: sets the controller up with as many pairs of queues, and yields the disk. */
export function* probeController(
  port: InterruptPort,
  computer: Computer,
  thread: Thread,
  name: string,
  queues: number,
): Generator<Wait, RequestQueue, void> {
  const setup = new ControllerSetup(port);
  yield* setup.enable(thread);
  const identity = yield* setup.identify(thread);
  const { sizeBytes, blockBytes, maxTransferBytes } = identity;
  const rings = yield* setup.openQueues(thread, queues, IO_ENTRIES, true);
  const most = MOST_PAGES * PRP_PAGE - PRP_PAGE;
  const driver = new NvmePciDriver(port, rings, {
    blockBytes,
    maxTransferBytes: Math.min(maxTransferBytes || most, most),
    maxSegments: MOST_PAGES,
    virtBoundaryBytes: PRP_PAGE,
    maxDiscardBytes: identity.discards ? 2 ** 32 * blockBytes - blockBytes : 0,
    maxZeroBytes: identity.zeroes ? 65536 * blockBytes : 0,
    writeCache: identity.writeCache,
  });
  const disk = new RequestQueue(computer, driver, { name, sizeBytes });
  driver.queue = disk;
  if (yield* setup.requestEvents(thread))
    computer.spawn(`${name} events`, function* (own) {
      for (;;) {
        yield* setup.changed(own);
        disk.resize(own.now, (yield* setup.identify(own)).sizeBytes);
      }
    });
  return disk;
}
