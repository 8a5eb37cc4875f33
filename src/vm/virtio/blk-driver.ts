// The guest's driver of a virtio-blk device, below the guest's block layer (Linux's virtio_blk.c): a request is its header, its
// pages and a byte for the status in one buffer of the ring; an interrupt's handler takes back what is over.

import { BlkConfig, BlkRange, BlkRequest, SECTOR_BYTES } from '../../../protocols/virtio/index.js';
import {
  type BlockDriver,
  type BlockOp,
  type BlockStatus,
  type DriverRequest,
  type HardwareQueue,
  newTags,
  type QueueLimits,
  RequestQueue,
} from '../../block/index.js';
import type { InterruptWork, Thread, Wait } from '../../cpu/index.js';
import { writePhysical } from '../../memory/physical-bytes.js';
import type { Nanos } from '../../time/index.js';
import type { VirtioBlk } from './blk-device.js';
import { STATUS_OK, STATUS_UNSUPP } from './blk-request.js';
import { Chain } from './chain.js';
import { blkTable } from './features.js';
import { PciDriver } from './pci-driver.js';
import type { DriverQueue } from './queue.js';

const PAGE = 4096;
/** Largest request (BLK_DEF_MAX_SECTORS of Linux). */
const MOST_BYTES = 2560 * SECTOR_BYTES;
/** Requests of one hardware queue at once, with tables; without them a request takes several descriptors. */
const DEPTH = 256;
/** Of each request in the guest's memory: header, one range, status. */
const HEAD_BYTES = 64;
const RANGE_AT = BlkRequest.size;
const STATUS_AT = RANGE_AT + BlkRange.size;

const types: Readonly<Record<BlockOp, number>> = {
  read: 0,
  write: 1,
  flush: 4,
  discard: 11,
  'write-zeroes': 13,
};

const WANTED = [
  ...['VERSION_1', 'INDIRECT_DESC', 'EVENT_IDX', 'RING_PACKED', 'IN_ORDER'],
  ...['SEG_MAX', 'BLK_SIZE', 'FLUSH', 'CONFIG_WCE', 'MQ', 'DISCARD', 'WRITE_ZEROES', 'RO'],
];

interface Ended {
  readonly request: DriverRequest;
  readonly status: BlockStatus;
}

export class VirtioBlkDriver implements BlockDriver {
  readonly hardware: readonly HardwareQueue[];
  queue: RequestQueue | undefined;
  readonly #card: VirtioBlk;
  readonly #bus: PciDriver;
  readonly #rings: readonly DriverQueue[];
  /** By hardware queue: requests by tag, and where their heads lie. */
  readonly #requests: readonly (DriverRequest | null)[][];
  readonly #heads: readonly number[];
  /** Writes that must be durable are followed by a flush, which the device has no flag for. */
  readonly #flushing = new Set<DriverRequest>();
  /** By hardware queue: a request found no room in the ring. */
  readonly #short: boolean[];
  readonly #chain = new Chain();
  readonly #head = new Uint8Array(HEAD_BYTES);

  constructor(
    card: VirtioBlk,
    bus: PciDriver,
    rings: readonly DriverQueue[],
    /** That of the cache may change. */
    public limits: QueueLimits,
  ) {
    this.#card = card;
    this.#bus = bus;
    this.#rings = rings;
    this.hardware = newTags(rings.length, DEPTH);
    this.#short = rings.map(() => false);
    const { memory } = card.vm;
    const pages = Math.ceil((DEPTH * HEAD_BYTES) / PAGE);
    this.#heads = rings.map(() => memory.allocate(PAGE, pages, 0, 'virtio-blk headers'));
    this.#requests = rings.map(() => new Array<DriverRequest | null>(DEPTH).fill(null));
    for (const index of rings.keys()) card.device.connect(index, this.#handler(index));
  }

  /** `cache_type` in sysfs, write back or write through; false where the device cannot be told. */
  *setWriteCache(thread: Thread, isWriteBack: boolean): Generator<Wait, boolean, void> {
    if (!this.#bus.features.has('CONFIG_WCE')) return false;
    const bytes = Uint8Array.of(isWriteBack ? 1 : 0);
    yield* this.#bus.writeConfig(thread, BlkConfig.at.writeback, bytes);
    this.limits = { ...this.limits, writeCache: isWriteBack };
    return true;
  }

  // BlockDriver

  // hot
  *queueRequest(
    thread: Thread,
    request: DriverRequest,
    last: boolean,
  ): Generator<Wait, BlockStatus, void> {
    yield thread.spend(this.#card.profile.addNs);
    if (!this.#add(request, request.op)) {
      this.#short[request.queue] = true;
      return 'BLK_STS_RESOURCE';
    }
    if (last) yield* this.#bus.kick(thread, this.#rings[request.queue]!);
    return 'BLK_STS_OK';
  }

  *commit(thread: Thread, queue: number): Generator<Wait, void, void> {
    yield* this.#bus.kick(thread, this.#rings[queue]!);
  }

  /** A device that does not answer is waited for, as Linux does: its memory may still be written to. */
  timedOut(): boolean {
    return false;
  }

  // hot
  #add(request: DriverRequest, op: BlockOp): boolean {
    const { memory } = this.#card.vm;
    const at = this.#heads[request.queue]! + request.tag * HEAD_BYTES;
    const head = this.#head;
    const isRange = op === 'discard' || op === 'write-zeroes';
    const sector = request.offset / SECTOR_BYTES;
    head.fill(0);
    BlkRequest.set.type(head, 0, types[op]);
    if (op === 'read' || op === 'write') BlkRequest.set.sector(head, 0, BigInt(sector));
    if (isRange) {
      BlkRange.set.sector(head, RANGE_AT, BigInt(sector));
      BlkRange.set.numSectors(head, RANGE_AT, request.length / SECTOR_BYTES);
    }
    writePhysical(memory, at, head, 0, HEAD_BYTES);
    const chain = this.#chain.clear().read(at, isRange ? STATUS_AT : BlkRequest.size);
    if (op === 'write') for (const s of request.segments) chain.read(s.address, s.length);
    if (op === 'read') for (const s of request.segments) chain.write(s.address, s.length);
    chain.write(at + STATUS_AT, 1);
    if (!this.#rings[request.queue]!.add(chain, request.tag)) return false;
    this.#requests[request.queue]![request.tag] = request;
    return true;
  }

  /** The interrupt of a queue: what is over is looked at first, which takes its time, and then ended. */
  #handler(index: number): InterruptWork {
    const ring = this.#rings[index]!;
    const ended: Ended[] = [];
    return {
      run: () => {
        const { handlerNs, takeNs } = this.#card.profile;
        do {
          ring.disarm();
          while (ring.take() === 'chain') this.#look(index, ring.token, ended);
        } while (ring.refusals.broken === null && ring.arm());
        return handlerNs + ended.length * (takeNs + (this.queue?.completeNs ?? 0));
      },
      done: (now) => {
        for (const { request, status } of ended.splice(0)) this.#end(now, request, status);
        if (this.#short[index]) this.queue?.start(now);
        this.#short[index] = false;
        this.#bus.kickFromInterrupt(now, index % this.#card.vm.vcpus.length, ring);
      },
    };
  }

  #look(index: number, tag: number, ended: Ended[]): void {
    const request = this.#requests[index]![tag];
    if (!request) return;
    this.#requests[index]![tag] = null;
    const { memory } = this.#card.vm;
    const b = memory.locate(this.#heads[index]! + tag * HEAD_BYTES + STATUS_AT);
    const status = b[memory.at]!;
    const name =
      status === STATUS_OK
        ? 'BLK_STS_OK'
        : status === STATUS_UNSUPP
          ? 'BLK_STS_NOTSUPP'
          : 'BLK_STS_IOERR';
    ended.push({ request, status: name });
  }

  #end(now: Nanos, request: DriverRequest, status: BlockStatus): void {
    const isWritten = request.fua && request.op === 'write' && status === 'BLK_STS_OK';
    if (isWritten && this.limits.writeCache && !this.#flushing.delete(request)) {
      this.#flushing.add(request);
      if (this.#add(request, 'flush')) return;
      this.#flushing.delete(request);
      status = 'BLK_STS_IOERR';
    }
    this.#flushing.delete(request);
    this.queue!.complete(now, request, status);
  }
}

/**
 * An interrupt of the configuration: work for a thread of the guest's kernel, which reads the capacity anew
 * (virtblk_config_changed, virtblk_update_capacity).
 */
function capacityHandler(card: VirtioBlk, bus: PciDriver, disk: RequestQueue): InterruptWork {
  let isRead = true;
  return {
    run: () => card.profile.handlerNs,
    done: () => {
      if (!isRead) return; // whoever reads has not begun
      isRead = false;
      card.vm.guest.spawn(`${disk.name} capacity`, function* (thread) {
        isRead = true;
        const config = BlkConfig.decode(yield* bus.readChanged(thread, BlkConfig.size));
        disk.resize(thread.now, Number(config.capacity) * SECTOR_BYTES);
      });
    },
  };
}

/** The driver's probe: sets the device up, and yields the guest's disk. */
export function* probeVirtioBlk(
  card: VirtioBlk,
  thread: Thread,
  name: string,
): Generator<Wait, RequestQueue, void> {
  const bus = new PciDriver(card);
  yield* bus.settle(thread, blkTable, new Set(WANTED));
  const config = BlkConfig.decode(yield* bus.readConfig(thread, BlkConfig.size));
  const { features } = bus;
  const segments = features.has('SEG_MAX') ? config.segMax : 1;
  const count = features.has('MQ') ? Math.min(config.numQueues, card.vm.vcpus.length) : 1;
  const rings: DriverQueue[] = [];
  for (let i = 0; i < count; i++) {
    const ring = yield* bus.openQueue(thread, i, segments + 2);
    if (ring) rings.push(ring);
  }
  const bytesOf = (sectors: number) => sectors * SECTOR_BYTES;
  const driver = new VirtioBlkDriver(card, bus, rings, {
    blockBytes: features.has('BLK_SIZE') ? config.blkSize : SECTOR_BYTES,
    maxTransferBytes: MOST_BYTES,
    maxSegments: segments,
    virtBoundaryBytes: 1,
    maxDiscardBytes: features.has('DISCARD') ? bytesOf(config.maxDiscardSectors) : 0,
    maxZeroBytes: features.has('WRITE_ZEROES') ? bytesOf(config.maxWriteZeroesSectors) : 0,
    // virtblk_get_cache_mode
    writeCache: features.has('CONFIG_WCE') ? config.writeback !== 0 : features.has('FLUSH'),
  });
  const disk = new RequestQueue(card.vm.guest, driver, {
    name,
    sizeBytes: Number(config.capacity) * SECTOR_BYTES,
    readOnly: features.has('RO'),
  });
  driver.queue = disk;
  yield* bus.hearChanges(thread, rings.length, capacityHandler(card, bus, disk));
  yield* bus.ready(thread);
  return disk;
}
