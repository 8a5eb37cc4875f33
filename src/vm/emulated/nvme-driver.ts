// The guest's driver of an NVMe disk on PCI Express, below the guest's block layer (Linux's nvme/host/pci.c): a queue of each
// kind a virtual CPU, PRP lists, an interrupt for what is over, after which the completion queue's doorbell is written.

import { DSMRange } from '../../../protocols/nvme/io.js';
import { SQE_SIZE } from '../../../protocols/nvme/sqe-header.js';
import {
  type BlockDriver,
  type BlockStatus,
  type DriverRequest,
  type HardwareQueue,
  movesData,
  newTags,
  type QueueLimits,
  type RequestQueue,
} from '../../block/index.js';
import type { InterruptWork, Thread, Wait } from '../../cpu/index.js';
import { valueBytes, writePhysical } from '../../memory/physical-bytes.js';
import {
  blockStatusOf,
  NO_NEWS,
  type NvmeRing,
  PRP_PAGE,
  writeCommand,
  writePrps,
} from '../../nvme/index.js';
import type { Nanos } from '../../time/index.js';
import type { NvmeDisk } from './nvme-disk.js';
import { touch, touchFromInterrupt } from './process.js';

interface Ended {
  readonly request: DriverRequest;
  readonly status: BlockStatus;
}

export class NvmePciDriver implements BlockDriver {
  readonly hardware: readonly HardwareQueue[];
  queue: RequestQueue | undefined;
  readonly #card: NvmeDisk;
  readonly #rings: readonly NvmeRing[];
  /** By hardware queue: a page for each command's list of PRPs, or its ranges. */
  readonly #lists: readonly number[];
  readonly #requests: readonly (DriverRequest | null)[][];
  readonly #sqe = new Uint8Array(SQE_SIZE);

  /** @param rings of I/O queues, each with the interrupt of its number */
  constructor(
    card: NvmeDisk,
    rings: readonly NvmeRing[],
    readonly limits: QueueLimits,
  ) {
    this.#card = card;
    this.#rings = rings;
    const depth = rings[0]!.size - 1;
    this.hardware = newTags(rings.length, depth);
    const { memory } = card.vm;
    this.#lists = rings.map(() => memory.allocate(PRP_PAGE, depth, 0, 'NVMe PRP lists'));
    this.#requests = rings.map(() => new Array<DriverRequest | null>(depth).fill(null));
    for (const [index, ring] of rings.entries()) card.connect(ring.id, this.#handler(index));
  }

  // BlockDriver

  // hot
  *queueRequest(
    thread: Thread,
    request: DriverRequest,
    last: boolean,
  ): Generator<Wait, BlockStatus, void> {
    yield thread.spend(this.#card.profile.addNs);
    const ring = this.#rings[request.queue]!;
    this.#requests[request.queue]![request.tag] = request;
    ring.put(this.#command(request));
    if (last) yield* this.#tell(thread, ring);
    return 'BLK_STS_OK';
  }

  *commit(thread: Thread, queue: number): Generator<Wait, void, void> {
    yield* this.#tell(thread, this.#rings[queue]!);
  }

  /** Tells the controller of what was put: an exit. */
  *#tell(thread: Thread, ring: NvmeRing): Generator<Wait, void, void> {
    const tail = ring.tailNews();
    if (tail === NO_NEWS) return;
    const card = this.#card;
    const bytes = valueBytes(tail);
    yield* touch(card.vm, thread, card.profile.registerNs, (own) =>
      card.write(own, ring.tailAt, bytes),
    );
  }

  /** Tells it of what was taken, at the end of an interrupt's handler: another one. */
  #free(now: Nanos, ring: NvmeRing): void {
    const head = ring.headNews();
    if (head === NO_NEWS) return;
    const card = this.#card;
    const bytes = valueBytes(head);
    touchFromInterrupt(
      card.vm,
      now,
      ring.id % card.vm.vcpus.length,
      card.profile.registerNs,
      (own) => card.write(own, ring.headAt, bytes),
    );
  }

  /** An emulated controller that does not answer is waited for: its memory may still be written to. */
  timedOut(): boolean {
    return false;
  }

  // hot
  #command(request: DriverRequest): Uint8Array {
    const sqe = this.#sqe;
    const { blockBytes } = this.limits;
    const { op, offset, length, segments } = request;
    const { memory } = this.#card.vm;
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
    writePhysical(this.#card.vm.memory, at, range, 0, range.length);
  }

  /** The interrupt of a queue: what is over is looked at first, which takes its time, and then ended. */
  #handler(index: number): InterruptWork {
    const ring = this.#rings[index]!;
    const ended: Ended[] = [];
    return {
      run: () => {
        const { handlerNs, takeNs } = this.#card.profile;
        while (ring.take()) this.#look(index, ring, ended);
        return handlerNs + ended.length * (takeNs + (this.queue?.completeNs ?? 0));
      },
      done: (now) => {
        for (const { request, status } of ended.splice(0))
          this.queue!.complete(now, request, status);
        this.#free(now, ring);
      },
    };
  }

  #look(index: number, { cid, sct, sc }: NvmeRing, ended: Ended[]): void {
    const request = this.#requests[index]![cid];
    if (!request) return;
    this.#requests[index]![cid] = null;
    ended.push({ request, status: blockStatusOf(sct, sc) });
  }
}
