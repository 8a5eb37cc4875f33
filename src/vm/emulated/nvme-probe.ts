// How a guest finds an NVMe disk and sets it up (NVMe Base 2.0 3.5.1; Linux's nvme_reset_work): registers, the admin queue, who it
// is, its I/O queues. Yields the guest's disk.

import { CreateIoCq, CreateIoSq, Identify, SetFeatures } from '../../../protocols/nvme/admin.js';
import { IdentifyController } from '../../../protocols/nvme/identify-controller.js';
import { IdentifyNamespace, LBAFormat } from '../../../protocols/nvme/identify-namespace.js';
import { CAP, CC, CSTS } from '../../../protocols/nvme/property.js';
import { CDW_AT, PRP, SQE, SQE_SIZE, SQENamespace } from '../../../protocols/nvme/sqe-header.js';
import { RequestQueue } from '../../block/index.js';
import { Signal, type Thread, type Wait } from '../../cpu/index.js';
import { UsageError } from '../../memory/index.js';
import { after } from '../../time/index.js';
import { readGuest, setAddress } from '../virtio/guest-bytes.js';
import type { NvmeDisk } from './nvme-disk.js';
import { NvmePciDriver } from './nvme-driver.js';
import { PRP_PAGE } from './nvme-prp.js';
import { ACQ_AT, AQA, AQA_AT, ASQ_AT, CAP_AT, CC_AT, CSTS_AT } from './nvme-registers.js';
import { NvmeRing, valueBytes } from './nvme-ring.js';
import { touch } from './process.js';

/** Linux: entries of the admin queue and of I/O queues (NVME_AQ_DEPTH, io_queue_depth). */
const ADMIN_ENTRIES = 32;
const IO_ENTRIES = 1024;
const IDENTIFY = 6;
const SET_FEATURES = 9;
const NUMBER_OF_QUEUES = 7;
const CREATE_CQ = 5;
const CREATE_SQ = 1;
const PRP_AT = SQE.size + SQENamespace.size;
/** Pages of a PRP list, and the first. */
const MOST_PAGES = PRP_PAGE / 8 + 1;
const WAIT_NS = 100_000;

class Probe {
  readonly #card: NvmeDisk;
  readonly #admin: NvmeRing;
  readonly #done = new Signal();
  readonly #buffer: number;
  #cid = 0;

  constructor(card: NvmeDisk) {
    this.#card = card;
    this.#admin = new NvmeRing(card, 0, ADMIN_ENTRIES);
    this.#buffer = card.vm.memory.allocate(PRP_PAGE, 1, 0, 'NVMe admin data');
    card.connect(0, { run: () => card.profile.handlerNs, done: (now) => this.#done.raise(now) });
  }

  *#read(thread: Thread, offset: number, into: Uint8Array): Generator<Wait, void, void> {
    const { vm, profile, controller } = this.#card;
    yield* touch(vm, thread, profile.registerNs, () => {
      controller.read(offset, into);
      return undefined;
    });
  }

  *#write(thread: Thread, offset: number, bytes: Uint8Array): Generator<Wait, void, void> {
    const { vm, profile } = this.#card;
    yield* touch(vm, thread, profile.registerNs, (own) => this.#card.write(own, offset, bytes));
  }

  /** @throws UsageError EIO when the controller does not become ready */
  *enable(thread: Thread): Generator<Wait, void, void> {
    const cap = new Uint8Array(CAP.size);
    yield* this.#read(thread, CAP_AT, cap);
    yield* this.#write(thread, CC_AT, valueBytes(0));
    const entries = ADMIN_ENTRIES - 1;
    yield* this.#write(thread, AQA_AT, AQA.encode({ asqs: entries, acqs: entries }));
    const address = new Uint8Array(8);
    setAddress(address, 0, this.#admin.submissionAt);
    yield* this.#write(thread, ASQ_AT, address);
    setAddress(address, 0, this.#admin.completionAt);
    yield* this.#write(thread, ACQ_AT, address);
    const cc = CC.encode({ en: 1, iosqes: 6, iocqes: 4 }).slice(0, 4);
    yield* this.#write(thread, CC_AT, cc);
    const csts = new Uint8Array(CSTS.size);
    for (let i = 0; i < CAP.get.to(cap, 0); i++) {
      yield* this.#read(thread, CSTS_AT, csts.subarray(0, 4));
      if (CSTS.get.rdy(csts, 0) !== 0) return;
      yield thread.sleep(after(thread.now, WAIT_NS));
    }
    throw new UsageError('EIO', `${this.#card.name} does not become ready`);
  }

  /** An admin command to its end, and its result. @throws UsageError EIO when it fails */
  *command(
    thread: Thread,
    opcode: number,
    nsid: number,
    address: number,
    dwords: (sqe: Uint8Array) => void,
  ): Generator<Wait, number, void> {
    const sqe = new Uint8Array(SQE_SIZE);
    SQE.set.opcode(sqe, 0, opcode);
    SQE.set.cid(sqe, 0, this.#cid++);
    SQENamespace.set.nsid(sqe, SQE.size, nsid);
    setAddress(sqe, PRP_AT + PRP.at.prp1, address);
    dwords(sqe);
    this.#admin.put(sqe);
    yield* this.#admin.ring(thread);
    while (!this.#admin.take()) yield thread.block(this.#done);
    const { sct, sc, result } = this.#admin;
    if (sct !== 0 || sc !== 0)
      throw new UsageError('EIO', `${this.#card.name}: command ${opcode} fails with ${sct}/${sc}`);
    return result;
  }

  *identify(thread: Thread, cns: number, nsid: number): Generator<Wait, Uint8Array, void> {
    yield* this.command(thread, IDENTIFY, nsid, this.#buffer, (sqe) =>
      Identify.set.cns(sqe, CDW_AT, cns),
    );
    const bytes = new Uint8Array(PRP_PAGE);
    readGuest(this.#card.vm.memory, this.#buffer, PRP_PAGE, bytes, 0);
    return bytes;
  }

  /** As many pairs of queues as there are virtual CPUs, if the controller has them. */
  *openQueues(thread: Thread): Generator<Wait, NvmeRing[], void> {
    const wanted = this.#card.vm.vcpus.length;
    const granted = yield* this.command(thread, SET_FEATURES, 0, 0, (sqe) =>
      SetFeatures.set.fid(sqe, CDW_AT, NUMBER_OF_QUEUES),
    );
    const count = Math.min(wanted, (granted % 65536) + 1);
    const rings: NvmeRing[] = [];
    for (let id = 1; id <= count; id++) {
      const ring = new NvmeRing(this.#card, id, IO_ENTRIES);
      const qsize = IO_ENTRIES - 1;
      yield* this.command(thread, CREATE_CQ, 0, ring.completionAt, (sqe) =>
        CreateIoCq.encode({ qid: id, qsize, pc: 1, ien: 1, iv: id }, sqe, CDW_AT),
      );
      yield* this.command(thread, CREATE_SQ, 0, ring.submissionAt, (sqe) =>
        CreateIoSq.encode({ qid: id, qsize, pc: 1, cqid: id }, sqe, CDW_AT),
      );
      rings.push(ring);
    }
    return rings;
  }
}

/** The driver's probe: sets the controller up, and yields the guest's disk. */
export function* probeNvme(
  card: NvmeDisk,
  thread: Thread,
  name: string,
): Generator<Wait, RequestQueue, void> {
  const probe = new Probe(card);
  yield* probe.enable(thread);
  const controller = IdentifyController.decode(yield* probe.identify(thread, 1, 0));
  const bytes = yield* probe.identify(thread, 0, 1);
  const namespace = IdentifyNamespace.decode(bytes);
  const format = IdentifyNamespace.size + namespace.flbasLow * LBAFormat.size;
  const blockBytes = 2 ** LBAFormat.decode(bytes, format).lbads;
  const rings = yield* probe.openQueues(thread);
  const most = MOST_PAGES * PRP_PAGE - PRP_PAGE;
  const mdts = controller.mdts === 0 ? most : PRP_PAGE * 2 ** controller.mdts;
  const driver = new NvmePciDriver(card, rings, {
    blockBytes,
    maxTransferBytes: Math.min(mdts, most),
    maxSegments: MOST_PAGES,
    virtBoundaryBytes: PRP_PAGE,
    maxDiscardBytes: controller.oncsDsm ? 2 ** 32 * blockBytes - blockBytes : 0,
    maxZeroBytes: controller.oncsWriteZeroes ? 65536 * blockBytes : 0,
    writeCache: controller.vwc !== 0,
  });
  const disk = new RequestQueue(card.vm.guest, driver, {
    name,
    sizeBytes: Number(namespace.nsze) * blockBytes,
  });
  driver.queue = disk;
  return disk;
}
