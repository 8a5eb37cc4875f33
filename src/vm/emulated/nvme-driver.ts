// The guest's driver of an NVMe disk on PCI Express, below the guest's block layer (Linux's nvme/host/pci.c): a queue of each
// kind a virtual CPU, PRP lists, an interrupt for what is over, after which the completion queue's doorbell is written.

import { DatasetManagement, DSMRange, Write } from '../../../protocols/nvme/io.js';
import { CDW_AT, PRP, SQE, SQE_SIZE, SQENamespace } from '../../../protocols/nvme/sqe-header.js';
import {
  type BlockDriver,
  type BlockOp,
  type BlockStatus,
  type DriverRequest,
  type HardwareQueue,
  newTags,
  type QueueLimits,
  type RequestQueue,
} from '../../block/index.js';
import type { InterruptWork, Thread, Wait } from '../../cpu/index.js';
import { setAddress, writeGuest } from '../virtio/guest-bytes.js';
import type { NvmeDisk } from './nvme-disk.js';
import { PRP_PAGE, writePrps } from './nvme-prp.js';
import type { NvmeRing } from './nvme-ring.js';

const opcodes: Readonly<Record<BlockOp, number>> = {
  flush: 0,
  write: 1,
  read: 2,
  'write-zeroes': 8,
  discard: 9,
};
const PRP_AT = SQE.size + SQENamespace.size;
const NAMESPACE = 1;

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
    if (last) yield* ring.ring(thread);
    return 'BLK_STS_OK';
  }

  *commit(thread: Thread, queue: number): Generator<Wait, void, void> {
    yield* this.#rings[queue]!.ring(thread);
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
    sqe.fill(0);
    SQE.set.opcode(sqe, 0, opcodes[op]);
    SQE.set.cid(sqe, 0, request.tag);
    SQENamespace.set.nsid(sqe, SQE.size, NAMESPACE);
    if (op === 'flush') return sqe;
    const { memory } = this.#card.vm;
    const list = this.#lists[request.queue]! + request.tag * PRP_PAGE;
    if (op === 'discard') {
      this.#range(list, offset / blockBytes, length / blockBytes);
      setAddress(sqe, PRP_AT + PRP.at.prp1, list);
      DatasetManagement.set.ad(sqe, CDW_AT, 1);
      return sqe;
    }
    Write.set.slba(sqe, CDW_AT, BigInt(offset / blockBytes));
    Write.set.nlb(sqe, CDW_AT, length / blockBytes - 1);
    if (request.fua) Write.set.fua(sqe, CDW_AT, 1);
    if (op === 'write-zeroes') return sqe;
    const { prp1, prp2 } = writePrps(memory, segments, list);
    setAddress(sqe, PRP_AT + PRP.at.prp1, prp1);
    setAddress(sqe, PRP_AT + PRP.at.prp2, prp2);
    return sqe;
  }

  #range(at: number, slba: number, length: number): void {
    const range = DSMRange.encode({ slba: BigInt(slba), length });
    writeGuest(this.#card.vm.memory, at, range, 0, range.length);
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
        ring.free(now, ring.id % this.#card.vm.vcpus.length);
      },
    };
  }

  #look(index: number, { cid, sct, sc }: NvmeRing, ended: Ended[]): void {
    const request = this.#requests[index]![cid];
    if (!request) return;
    this.#requests[index]![cid] = null;
    ended.push({ request, status: statusOf(sct, sc) });
  }
}

/** As Linux has it (nvme_error_status). */
function statusOf(sct: number, sc: number): BlockStatus {
  if (sct === 0 && sc === 0) return 'BLK_STS_OK';
  if (sct === 2) return 'BLK_STS_MEDIUM';
  if (sct !== 0) return 'BLK_STS_IOERR';
  if (sc === 1 || sc === 2 || sc === 11) return 'BLK_STS_NOTSUPP';
  if (sc === 128 || sc === 32) return 'BLK_STS_TARGET';
  return sc === 129 ? 'BLK_STS_NOSPC' : 'BLK_STS_IOERR';
}
