// Admin commands of the controller (NVMe Base 2.0 5): identification, I/O queues, the features that Linux's driver asks
// for. Everything else is an invalid opcode.

import {
  CreateIoCq,
  CreateIoSq,
  DeleteIoSq,
  GetFeatures,
  GetLogPage,
  Identify,
  SetFeatures,
} from '../../protocols/nvme/admin.js';
import { UnknownFeature } from '../../protocols/nvme/feature.js';
import { IdentifyController } from '../../protocols/nvme/identify-controller.js';
import { IdentifyNamespace, LBAFormat } from '../../protocols/nvme/identify-namespace.js';
import { CDW_AT, PRP, SQE, SQENamespace } from '../../protocols/nvme/sqe-header.js';
import { getAddress } from '../memory/physical-bytes.js';
import { MDTS, type Medium, prpsOf } from './command.js';
import { MOST_ENTRIES, MOST_QUEUES, type NvmeController } from './controller.js';
import { CHANGED_NAMESPACES, MOST_EVENT_REQUESTS, NvmeEvents } from './events.js';
import {
  CQ_INVALID,
  DELETION_INVALID,
  generic,
  INVALID_FIELD,
  INVALID_LOG_PAGE,
  INVALID_NAMESPACE,
  INVALID_OPCODE,
  type NvmeStatus,
  QID_INVALID,
  QUEUE_SIZE_INVALID,
  SUCCESS,
  VECTOR_INVALID,
} from './status.js';

const PRP_AT = SQE.size + SQENamespace.size;
const STRUCTURE_BYTES = 4096;
/** Features that are answered: how many queues, the cache, and what is told as an event. */
const QUEUES_FEATURE = 7;
const CACHE_FEATURE = 6;
const EVENT_FEATURE = 11;
const SET_FEATURES = 0x09;
const DWORD = 4;
const ALL_NAMESPACES = 0xffff_ffff;

export interface AdminAnswer {
  readonly status: NvmeStatus;
  readonly result: number;
  /** No answer: the command stays open (asynchronous event requests). */
  readonly waits?: boolean;
}

const ends = (status: NvmeStatus, result = 0): AdminAnswer => ({ status, result });

export class NvmeAdmin {
  readonly events = new NvmeEvents();

  constructor(
    readonly controller: NvmeController,
    readonly disk: Medium,
    /** What it says that it is: Identify's model number. */
    readonly model: string,
    /** The medium may have another size one day, which it tells. */
    readonly resizes: boolean,
  ) {}

  answer(sqe: Uint8Array): AdminAnswer {
    switch (SQE.get.opcode(sqe, 0)) {
      case 0x00:
        return ends(this.#deleteSubmission(DeleteIoSq.get.qid(sqe, CDW_AT)));
      case 0x01:
        return ends(this.#createSubmission(sqe));
      case 0x02:
        return ends(this.#log(sqe));
      case 0x04:
        return ends(this.#deleteCompletion(DeleteIoSq.get.qid(sqe, CDW_AT)));
      case 0x05:
        return ends(this.#createCompletion(sqe));
      case 0x06:
        return ends(this.#identify(sqe));
      case 0x08:
        return ends(SUCCESS, 1); // Abort: the command was not aborted
      case 0x09:
      case 0x0a:
        return this.#feature(sqe);
      case 0x0c:
        return { status: SUCCESS, result: 0, waits: true };
      default:
        return ends(INVALID_OPCODE);
    }
  }

  #createCompletion(sqe: Uint8Array): NvmeStatus {
    const { get } = CreateIoCq;
    const id = get.qid(sqe, CDW_AT);
    const size = get.qsize(sqe, CDW_AT) + 1;
    const { controller } = this;
    if (id === 0 || id > MOST_QUEUES || controller.completions[id]) return QID_INVALID;
    if (size < 2 || size > MOST_ENTRIES) return QUEUE_SIZE_INVALID;
    if (get.iv(sqe, CDW_AT) > MOST_QUEUES) return VECTOR_INVALID;
    if (get.pc(sqe, CDW_AT) === 0) return INVALID_FIELD;
    const vector = get.ien(sqe, CDW_AT) !== 0 ? get.iv(sqe, CDW_AT) : -1;
    const address = getAddress(sqe, PRP_AT + PRP.at.prp1);
    return controller.openCompletion(id, address, size, vector) ? SUCCESS : INVALID_FIELD;
  }

  #createSubmission(sqe: Uint8Array): NvmeStatus {
    const { get } = CreateIoSq;
    const id = get.qid(sqe, CDW_AT);
    const size = get.qsize(sqe, CDW_AT) + 1;
    const { controller } = this;
    const to = get.cqid(sqe, CDW_AT);
    const completions = to > 0 ? controller.completions[to] : null;
    if (!completions) return CQ_INVALID;
    if (id === 0 || id > MOST_QUEUES || controller.submissions[id]) return QID_INVALID;
    if (size < 2 || size > MOST_ENTRIES) return QUEUE_SIZE_INVALID;
    if (get.pc(sqe, CDW_AT) === 0) return INVALID_FIELD;
    const address = getAddress(sqe, PRP_AT + PRP.at.prp1);
    return controller.openSubmission(id, address, size, completions) ? SUCCESS : INVALID_FIELD;
  }

  #deleteSubmission(id: number): NvmeStatus {
    if (id === 0 || !this.controller.submissions[id]) return QID_INVALID;
    this.controller.submissions[id] = null;
    return SUCCESS;
  }

  #deleteCompletion(id: number): NvmeStatus {
    const { submissions, completions } = this.controller;
    const queue = id === 0 ? null : completions[id];
    if (!queue) return QID_INVALID;
    if (submissions.some((one) => one?.completions === queue)) return DELETION_INVALID;
    completions[id] = null;
    return SUCCESS;
  }

  #feature(sqe: Uint8Array): AdminAnswer {
    const most = MOST_QUEUES - 1;
    switch (GetFeatures.get.fid(sqe, CDW_AT)) {
      case QUEUES_FEATURE:
        return ends(SUCCESS, most * 65536 + most);
      case CACHE_FEATURE:
        return ends(SUCCESS, this.disk.writeCache ? 1 : 0);
      case EVENT_FEATURE: {
        const { events } = this;
        if (SQE.get.opcode(sqe, 0) === SET_FEATURES)
          events.configuration = UnknownFeature.get.value(sqe, CDW_AT + SetFeatures.size);
        return ends(SUCCESS, events.configuration);
      }
      default:
        return ends(INVALID_FIELD);
    }
  }

  /** The one log page that there is: which namespaces have changed. */
  #log(sqe: Uint8Array): NvmeStatus {
    const { lid, rae, numdl, numdu, lpo } = GetLogPage.get;
    if (lid(sqe, CDW_AT) !== CHANGED_NAMESPACES) return INVALID_LOG_PAGE;
    const length = (numdu(sqe, CDW_AT) * 65536 + numdl(sqe, CDW_AT) + 1) * DWORD;
    if (lpo(sqe, CDW_AT) !== 0n || length > STRUCTURE_BYTES) return INVALID_FIELD;
    return this.#give(sqe, this.events.changes(rae(sqe, CDW_AT) === 1), length);
  }

  /** Answers with a page, where the command's PRPs say. */
  #give(sqe: Uint8Array, page: Uint8Array, length = STRUCTURE_BYTES): NvmeStatus {
    const { memory } = this.controller;
    const runs = prpsOf(memory, sqe, length);
    if (typeof runs === 'number') return generic(runs);
    for (let i = 0, at = 0; i < runs.length; at += runs[i++]!.length)
      memory.write(runs[i]!.address, page, at, at + runs[i]!.length);
    return SUCCESS;
  }

  #identify(sqe: Uint8Array): NvmeStatus {
    const into = new Uint8Array(STRUCTURE_BYTES);
    const nsid = SQENamespace.get.nsid(sqe, SQE.size);
    switch (Identify.get.cns(sqe, CDW_AT)) {
      case 0:
        if (nsid !== 1 && nsid !== ALL_NAMESPACES) return INVALID_NAMESPACE;
        if (nsid === 1) this.#namespace(into);
        break;
      case 1:
        this.#identity(into);
        break;
      case 2:
        if (nsid >= ALL_NAMESPACES - 1) return INVALID_NAMESPACE;
        if (nsid === 0) into[0] = 1; // a list of the one that there is
        break;
      default:
        return INVALID_FIELD;
    }
    return this.#give(sqe, into);
  }

  #identity(into: Uint8Array): void {
    const padded = (text: string, length: number) =>
      new TextEncoder().encode(text.padEnd(length).slice(0, length));
    const { disk } = this;
    IdentifyController.encode(
      {
        sn: padded('1', 20),
        mn: padded(this.model, 40),
        fr: padded('1', 8),
        mdts: MDTS,
        verMjr: 1,
        verMnr: 4,
        cntrltype: 1,
        aerl: MOST_EVENT_REQUESTS - 1,
        ...(this.resizes && { oaesNamespace: 1 }),
        sqesMin: 6,
        sqesMax: 6,
        cqesMin: 4,
        cqesMax: 4,
        nn: 1,
        ...(disk.maxDiscardBytes > 0 && { oncsDsm: 1 }),
        ...(disk.maxZeroBytes > 0 && { oncsWriteZeroes: 1 }),
        ...(disk.writeCache && { vwc: 1 }),
      },
      into,
    );
  }

  #namespace(into: Uint8Array): void {
    const { sizeBytes, blockBytes, maxDiscardBytes } = this.disk;
    const blocks = BigInt(sizeBytes / blockBytes);
    IdentifyNamespace.encode(
      { nsze: blocks, ncap: blocks, nuse: blocks, thinp: maxDiscardBytes > 0 ? 1 : 0 },
      into,
    );
    LBAFormat.encode({ lbads: Math.log2(blockBytes) }, into, IdentifyNamespace.size);
  }
}
