// A virtio-blk device on the host (virtio 1.2, 5.2): its thread takes requests from the rings and hands them to a block device
// of the host, with the guest's pages as they lie, so that whoever has the data moves it there and nobody copies here.

import { BlkConfig, SECTOR_BYTES } from '../../../protocols/virtio/index.js';
import type { BlockDevice, BlockStatus } from '../../block/index.js';
import type { Thread, Wait } from '../../cpu/index.js';
import { writePhysical } from '../../memory/physical-bytes.js';
import { vhostLinux } from '../../profiles/virtio.js';
import type { Nanos } from '../../time/index.js';
import type { Vm } from '../vm.js';
import {
  MOST_RANGES,
  type Pending,
  readRequest,
  STATUS_IOERR,
  STATUS_OK,
  STATUS_UNSUPP,
} from './blk-request.js';
import { Chain } from './chain.js';
import { DeviceThread } from './device-thread.js';
import { blkTable } from './features.js';
import { PciFunction } from './pci-function.js';
import type { VirtioProfile } from './profile.js';

export interface VirtioDeviceOptions {
  readonly name: string;
  readonly vm: Vm;
  readonly profile?: VirtioProfile;
  /** Offered features of rings: INDIRECT_DESC and EVENT_IDX unless given. */
  readonly ringFeatures?: readonly string[];
  readonly queues?: number;
  readonly queueSize?: number;
  readonly ioeventfd?: boolean;
  readonly busyPollNs?: number;
  /** Core of the host for its thread. */
  readonly core?: number;
}

export interface VirtioBlkOptions extends VirtioDeviceOptions {
  /** The host's disk. */
  readonly disk: BlockDevice;
  readonly readOnly?: boolean;
}

/** QEMU: queues of 256 entries, of which a request may take all but header and status. */
const QUEUE_SIZE = 256;
const SEG_MAX = 254;
export const RING_FEATURES = ['INDIRECT_DESC', 'EVENT_IDX'] as const;
const statusByte = new Uint8Array(1);

export class VirtioBlk {
  readonly name: string;
  readonly vm: Vm;
  readonly profile: VirtioProfile;
  readonly pci: PciFunction;
  readonly device: DeviceThread;
  readonly disk: BlockDevice;
  readonly queues: number;
  readonly #readOnly: boolean;
  readonly #chain = new Chain();
  /** Requests that are over, of which the driver is to be told. */
  readonly #over: Pending[] = [];
  /** The disk's size as the configuration says it. */
  #shownBytes: number;
  /** Requests of before a reset are of no driver's any more. */
  #life = 0;
  /** What a driver that may say so (CONFIG_WCE) has said: writes may stay in the disk's cache. */
  #writeback = true;

  constructor(options: VirtioBlkOptions) {
    const { name, vm, disk, profile = vhostLinux, queues = 1 } = options;
    this.name = name;
    this.vm = vm;
    this.profile = profile;
    this.disk = disk;
    this.queues = queues;
    this.#readOnly = options.readOnly ?? disk.readOnly;
    this.#shownBytes = disk.sizeBytes;
    this.pci = new PciFunction({
      memory: vm.memory,
      table: blkTable,
      features: [...(options.ringFeatures ?? RING_FEATURES), ...this.#features()],
      queues,
      queueSize: options.queueSize ?? QUEUE_SIZE,
      config: this.#config(),
      configWritten: (offset, bytes) => this.#configWritten(offset, bytes),
      started: () => this.device.work.raise(vm.host.now),
      reset: () => {
        this.#life++;
        this.#over.length = 0;
        this.#writeback = true;
        this.pci.keepConfig(this.#config());
      },
    });
    this.device = new DeviceThread({
      name: `vhost ${name}`,
      vm,
      profile,
      ioeventfd: options.ioeventfd ?? true,
      ...(options.core !== undefined && { core: options.core }),
      ...(options.busyPollNs !== undefined && { busyPollNs: options.busyPollNs }),
      serve: (thread) => this.#serve(thread),
      arm: () => this.#arm(),
      disarm: () => this.#each((queue) => queue.disarm()),
    });
    disk.changed.feed(this.device.work);
  }

  #features(): string[] {
    const { disk, queues } = this;
    return [
      'SEG_MAX',
      'BLK_SIZE',
      ...(disk.writeCache ? ['FLUSH', 'CONFIG_WCE'] : []),
      ...(queues > 1 ? ['MQ'] : []),
      ...(disk.maxDiscardBytes > 0 ? ['DISCARD'] : []),
      ...(disk.maxZeroBytes > 0 ? ['WRITE_ZEROES'] : []),
      ...(this.#readOnly ? ['RO'] : []),
    ];
  }

  #config(): Uint8Array {
    const { disk, queues } = this;
    const zeroSectors = Math.floor(Math.min(disk.maxZeroBytes, 2 ** 40) / SECTOR_BYTES);
    const discardSectors = Math.floor(Math.min(disk.maxDiscardBytes, 2 ** 40) / SECTOR_BYTES);
    return BlkConfig.encode({
      capacity: BigInt(disk.sizeBytes / SECTOR_BYTES),
      segMax: SEG_MAX,
      blkSize: disk.blockBytes,
      writeback: this.#writeback ? 1 : 0,
      numQueues: queues,
      maxDiscardSectors: discardSectors,
      maxDiscardSeg: MOST_RANGES,
      discardSectorAlignment: disk.blockBytes / SECTOR_BYTES,
      maxWriteZeroesSectors: zeroSectors,
      maxWriteZeroesSeg: MOST_RANGES,
    });
  }

  /** The one field that a driver may write, if that was negotiated (5.2.5). */
  #configWritten(offset: number, bytes: Uint8Array): boolean {
    const isCache = offset === BlkConfig.at.writeback && bytes.length === 1;
    if (!isCache || !this.pci.features.has('CONFIG_WCE')) return false;
    this.#writeback = bytes[0] !== 0;
    this.pci.keepConfig(this.#config());
    return true;
  }

  /** Writes may be lost until a flush (5.2.6.2): a driver that cannot flush, or has turned the cache off, does not expect that. */
  get #isVolatile(): boolean {
    const { features } = this.pci;
    return features.has('FLUSH') && (!features.has('CONFIG_WCE') || this.#writeback);
  }

  #each(what: (queue: NonNullable<ReturnType<PciFunction['queue']>>) => void): void {
    for (let i = 0; i < this.queues; i++) {
      const queue = this.pci.queue(i);
      if (queue) what(queue);
    }
  }

  #arm(): boolean {
    let more = this.#over.length > 0 || this.disk.sizeBytes !== this.#shownBytes;
    if (!this.pci.isRunning) return more;
    this.#each((queue) => {
      if (queue.refusals.broken === null && queue.arm()) more = true;
    });
    return more;
  }

  /** The disk has another size: its driver hears of it (5.2.6.2). */
  *#resize(thread: Thread): Generator<Wait, void, void> {
    this.#shownBytes = this.disk.sizeBytes;
    const vector = this.pci.changeConfig(this.#config());
    if (vector >= 0) yield* this.device.interrupt(thread, vector, true);
  }

  *#serve(thread: Thread): Generator<Wait, void, void> {
    if (this.disk.sizeBytes !== this.#shownBytes) yield* this.#resize(thread);
    for (let any = true; any; ) {
      any = false;
      while (this.#over.length > 0) yield* this.#giveBack(thread);
      if (!this.pci.isRunning) return;
      this.disk.plug(thread);
      for (let i = 0; i < this.queues; i++) any = (yield* this.#take(thread, i)) || any;
      yield* this.disk.unplug(thread);
    }
  }

  /** All that a ring has: to the disk, or answered at once. */
  *#take(thread: Thread, index: number): Generator<Wait, boolean, void> {
    const queue = this.pci.queue(index);
    const { profile, vm, disk } = this;
    let any = false;
    while (queue?.take(this.#chain) === 'chain') {
      any = true;
      const pending = readRequest(vm.memory, disk, index, this.#chain, this.#readOnly);
      if (pending === null) queue.refusals.refuse('no-request');
      yield thread.spend(profile.deviceTakeNs);
      if (pending === null) break;
      yield* this.#start(thread, pending);
    }
    if (queue?.refusals.broken) this.pci.fail();
    return any;
  }

  *#start(thread: Thread, pending: Pending): Generator<Wait, void, void> {
    const { requests } = pending;
    if (requests.length === 0 || pending.status !== STATUS_OK) {
      this.#over.push(pending);
      return;
    }
    pending.left = requests.length;
    const life = this.#life;
    const isDurable = this.disk.writeCache && !this.#isVolatile;
    for (const request of requests) {
      request.fua = isDurable && (request.op === 'write' || request.op === 'write-zeroes');
      request.done = (now) => this.#ended(now, pending, request.status, life);
      yield* this.disk.submit(thread, request);
    }
  }

  #ended(now: Nanos, pending: Pending, status: BlockStatus, life: number): void {
    if (status !== 'BLK_STS_OK' && pending.status === STATUS_OK)
      pending.status = status === 'BLK_STS_NOTSUPP' ? STATUS_UNSUPP : STATUS_IOERR;
    pending.left--;
    if (pending.left > 0 || life !== this.#life) return;
    this.#over.push(pending);
    this.device.work.raise(now);
  }

  /** Statuses into the guest's memory, buffers back into their ring, and an interrupt for all of one ring. */
  *#giveBack(thread: Thread): Generator<Wait, void, void> {
    const { vm, profile, pci } = this;
    const index = this.#over[0]!.queue;
    const queue = pci.queue(index);
    for (let i = 0; i < this.#over.length; ) {
      const pending = this.#over[i]!;
      if (pending.queue !== index) {
        i++;
        continue;
      }
      this.#over.splice(i, 1);
      statusByte[0] = pending.status;
      writePhysical(vm.memory, pending.statusAt, statusByte, 0, 1);
      const written = pending.status === STATUS_OK ? pending.dataBytes + 1 : 1;
      queue?.give(pending.id, pending.slots, written, pending.writable);
      yield thread.spend(profile.deviceGiveNs);
    }
    if (queue) yield* this.device.interrupt(thread, index, queue.flush());
  }
}
