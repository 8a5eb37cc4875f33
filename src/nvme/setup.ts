// How a driver sets a controller up (NVMe Base 2.0 3.5.1; Linux's nvme_reset_work): registers, the admin queue, who it is, its I/O
// queues. How registers are reached, and what is done while a command runs, is the port's.

import {
  CreateIoCq,
  CreateIoSq,
  GetLogPage,
  Identify,
  SetFeatures,
} from '../../protocols/nvme/admin.js';
import { AsyncEventConfiguration, UnknownFeature } from '../../protocols/nvme/feature.js';
import { IdentifyController } from '../../protocols/nvme/identify-controller.js';
import { IdentifyNamespace, LBAFormat } from '../../protocols/nvme/identify-namespace.js';
import { CAP, CC, CSTS } from '../../protocols/nvme/property.js';
import { CDW_AT, PRP, SQE, SQE_SIZE, SQENamespace } from '../../protocols/nvme/sqe-header.js';
import type { Thread, Wait } from '../cpu/index.js';
import { type PhysicalMemory, UsageError } from '../memory/index.js';
import { readPhysical, setAddress, valueBytes } from '../memory/physical-bytes.js';
import { after } from '../time/index.js';
import { CHANGED_NAMESPACES } from './events.js';
import { PRP_PAGE } from './prp.js';
import { ACQ_AT, AQA, AQA_AT, ASQ_AT, CAP_AT, CC_AT, CSTS_AT } from './registers.js';
import { NO_NEWS, NvmeRing } from './ring.js';

/** A controller's registers as a driver reaches them. */
export interface ControllerPort {
  readonly name: string;
  /** Where the driver puts queues and data. */
  readonly memory: PhysicalMemory;
  read(thread: Thread, offset: number, into: Uint8Array): Generator<Wait, void, void>;
  write(thread: Thread, offset: number, bytes: Uint8Array): Generator<Wait, void, void>;
  /** Until the admin queue may have a completion. */
  wait(thread: Thread): Wait;
}

/** Linux: entries of the admin queue (NVME_AQ_DEPTH). */
const ADMIN_ENTRIES = 32;
const IDENTIFY = 6;
const SET_FEATURES = 9;
const NUMBER_OF_QUEUES = 7;
const EVENT_CONFIGURATION = 11;
const GET_LOG_PAGE = 2;
const EVENT_REQUEST = 0x0c;
/** Linux: the identifier of event requests is none that other commands have (NVME_AQ_BLK_MQ_DEPTH). */
const EVENT_CID = ADMIN_ENTRIES - 1;
const DWORD = 4;
const CREATE_CQ = 5;
const CREATE_SQ = 1;
const PRP_AT = SQE.size + SQENamespace.size;
const READY_WAIT_NS = 100_000;

/** What a driver learns of the controller and its namespace. */
export interface Identity {
  readonly sizeBytes: number;
  readonly blockBytes: number;
  /** Largest transfer; 0: no limit. */
  readonly maxTransferBytes: number;
  readonly discards: boolean;
  readonly zeroes: boolean;
  readonly writeCache: boolean;
}

export class ControllerSetup {
  readonly #port: ControllerPort;
  readonly #admin: NvmeRing;
  readonly #buffer: number;
  #cid = 0;
  /** A request for an event is over. */
  #hasEvent = false;

  constructor(port: ControllerPort) {
    this.#port = port;
    this.#admin = new NvmeRing(port.memory, 0, ADMIN_ENTRIES);
    this.#buffer = port.memory.allocate(PRP_PAGE, 1, 0, 'NVMe admin data');
  }

  /** @throws UsageError EIO when the controller does not become ready */
  *enable(thread: Thread): Generator<Wait, void, void> {
    const port = this.#port;
    const cap = new Uint8Array(CAP.size);
    yield* port.read(thread, CAP_AT, cap);
    yield* port.write(thread, CC_AT, valueBytes(0));
    const entries = ADMIN_ENTRIES - 1;
    yield* port.write(thread, AQA_AT, AQA.encode({ asqs: entries, acqs: entries }));
    const address = new Uint8Array(8);
    setAddress(address, 0, this.#admin.submissionAt);
    yield* port.write(thread, ASQ_AT, address);
    setAddress(address, 0, this.#admin.completionAt);
    yield* port.write(thread, ACQ_AT, address);
    const cc = CC.encode({ en: 1, iosqes: 6, iocqes: 4 }).slice(0, 4);
    yield* port.write(thread, CC_AT, cc);
    const csts = new Uint8Array(CSTS.size);
    for (let i = 0; i < CAP.get.to(cap, 0); i++) {
      yield* port.read(thread, CSTS_AT, csts.subarray(0, 4));
      if (CSTS.get.rdy(csts, 0) !== 0) return;
      yield thread.sleep(after(thread.now, READY_WAIT_NS));
    }
    throw new UsageError('EIO', `${port.name} does not become ready`);
  }

  /** An admin command to its end, and its result. @throws UsageError EIO when it fails */
  *command(
    thread: Thread,
    opcode: number,
    nsid: number,
    address: number,
    dwords: (sqe: Uint8Array) => void,
  ): Generator<Wait, number, void> {
    const port = this.#port;
    const ring = this.#admin;
    const cid = this.#cid;
    this.#cid = (cid + 1) % EVENT_CID;
    yield* this.#send(thread, opcode, nsid, cid, address, dwords);
    while (!this.#take()) yield port.wait(thread);
    const { sct, sc, result } = ring;
    // One command at a time: the controller is to know of room only now and then.
    if (ring.untold >= ADMIN_ENTRIES / 2)
      yield* port.write(thread, ring.headAt, valueBytes(ring.headNews()));
    if (sct !== 0 || sc !== 0)
      throw new UsageError('EIO', `${port.name}: command ${opcode} fails with ${sct}/${sc}`);
    return result;
  }

  *#send(
    thread: Thread,
    opcode: number,
    nsid: number,
    cid: number,
    address: number,
    dwords: (sqe: Uint8Array) => void,
  ): Generator<Wait, void, void> {
    const ring = this.#admin;
    const sqe = new Uint8Array(SQE_SIZE);
    SQE.set.opcode(sqe, 0, opcode);
    SQE.set.cid(sqe, 0, cid);
    SQENamespace.set.nsid(sqe, SQE.size, nsid);
    setAddress(sqe, PRP_AT + PRP.at.prp1, address);
    dwords(sqe);
    ring.put(sqe);
    const tail = ring.tailNews();
    if (tail !== NO_NEWS) yield* this.#port.write(thread, ring.tailAt, valueBytes(tail));
  }

  /** The next completion of a command; that of an event request is noted and passed over. */
  #take(): boolean {
    while (this.#admin.take()) {
      if (this.#admin.cid !== EVENT_CID) return true;
      this.#hasEvent = true;
    }
    return false;
  }

  /** Asks to hear of changes (nvme_enable_aen); nothing where the controller tells of none. */
  *requestEvents(thread: Thread): Generator<Wait, boolean, void> {
    const controller = IdentifyController.decode(yield* this.#structure(thread, 1, 0));
    if (controller.oaesNamespace === 0) return false;
    const wanted = AsyncEventConfiguration.encode({ namespaceAttribute: 1 });
    yield* this.command(thread, SET_FEATURES, 0, 0, (sqe) => {
      SetFeatures.set.fid(sqe, CDW_AT, EVENT_CONFIGURATION);
      sqe.set(wanted.subarray(0, UnknownFeature.size), CDW_AT + SetFeatures.size);
    });
    yield* this.#requestEvent(thread);
    return true;
  }

  *#requestEvent(thread: Thread): Generator<Wait, void, void> {
    this.#hasEvent = false;
    yield* this.#send(thread, EVENT_REQUEST, 0, EVENT_CID, 0, () => {});
  }

  /** Waits until the namespace has changed, and asks for the next time (nvme_async_event_work). */
  *changed(thread: Thread): Generator<Wait, void, void> {
    for (this.#take(); !this.#hasEvent; this.#take()) yield this.#port.wait(thread);
    yield* this.#requestEvent(thread);
    const most = PRP_PAGE / DWORD - 1;
    yield* this.command(thread, GET_LOG_PAGE, 0xffff_ffff, this.#buffer, (sqe) => {
      GetLogPage.set.lid(sqe, CDW_AT, CHANGED_NAMESPACES);
      GetLogPage.set.numdl(sqe, CDW_AT, most);
    });
  }

  *identify(thread: Thread): Generator<Wait, Identity, void> {
    const controller = IdentifyController.decode(yield* this.#structure(thread, 1, 0));
    const bytes = yield* this.#structure(thread, 0, 1);
    const { flbasLow, nsze } = IdentifyNamespace.decode(bytes);
    const format = IdentifyNamespace.size + flbasLow * LBAFormat.size;
    const blockBytes = 2 ** LBAFormat.decode(bytes, format).lbads;
    return {
      sizeBytes: Number(nsze) * blockBytes,
      blockBytes,
      maxTransferBytes: controller.mdts === 0 ? 0 : PRP_PAGE * 2 ** controller.mdts,
      discards: controller.oncsDsm !== 0,
      zeroes: controller.oncsWriteZeroes !== 0,
      writeCache: controller.vwc !== 0,
    };
  }

  *#structure(thread: Thread, cns: number, nsid: number): Generator<Wait, Uint8Array, void> {
    yield* this.command(thread, IDENTIFY, nsid, this.#buffer, (sqe) =>
      Identify.set.cns(sqe, CDW_AT, cns),
    );
    const bytes = new Uint8Array(PRP_PAGE);
    readPhysical(this.#port.memory, this.#buffer, PRP_PAGE, bytes, 0);
    return bytes;
  }

  /** As many pairs of queues as are wanted, if the controller has them; with interrupts of their own numbers, or to be polled. */
  *openQueues(
    thread: Thread,
    wanted: number,
    entries: number,
    interrupts: boolean,
  ): Generator<Wait, NvmeRing[], void> {
    const granted = yield* this.command(thread, SET_FEATURES, 0, 0, (sqe) =>
      SetFeatures.set.fid(sqe, CDW_AT, NUMBER_OF_QUEUES),
    );
    const count = Math.min(wanted, (granted % 65536) + 1);
    const qsize = entries - 1;
    const how = (id: number) => (interrupts ? { ien: 1, iv: id } : {});
    const rings: NvmeRing[] = [];
    for (let id = 1; id <= count; id++) {
      const ring = new NvmeRing(this.#port.memory, id, entries);
      yield* this.command(thread, CREATE_CQ, 0, ring.completionAt, (sqe) =>
        CreateIoCq.encode({ qid: id, qsize, pc: 1, ...how(id) }, sqe, CDW_AT),
      );
      yield* this.command(thread, CREATE_SQ, 0, ring.submissionAt, (sqe) =>
        CreateIoSq.encode({ qid: id, qsize, pc: 1, cqid: id }, sqe, CDW_AT),
      );
      rings.push(ring);
    }
    return rings;
  }
}
