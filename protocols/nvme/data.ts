// What belongs to a command but stands elsewhere: its data (behind the SQE in a capsule, in data PDUs, in
// memory that RDMA moves) and the form of its result. Pure functions of the SQE and its queue.

import type { Protocol } from '../core/protocol.js';
import { GetFeatures, GetLogPage, Identify, NamespaceManagement, SetFeatures } from './admin.js';
import { cqeAbort, cqeAsyncEvent, cqeConnect, cqeQueues, cqeResult } from './cqe.js';
import { discoveryEntry, discoveryLog, RECORD_SIZE } from './discovery.js';
import { Connect, connectData, PropertyGet } from './fabrics.js';
import { features } from './feature.js';
import { identifyController, identifyNvmController } from './identify-controller.js';
import {
  controllerList,
  identifyNamespace,
  identifyNvmNamespace,
  independentNamespace,
  namespaceDescriptor,
  namespaceEntry,
} from './identify-namespace.js';
import { copyRange, dsmRange, Read } from './io.js';
import { anaLog, effects, errorEntry, firmwareSlots, smart } from './log.js';
import { propertyForms, propertyValue } from './property.js';
import {
  acquireData,
  ReservationReport,
  registerData,
  releaseData,
  reservationStatus,
  reservationStatusExtended,
} from './reservation.js';
import { SGL_KEYED, SGLDataBlock, SGLKeyed } from './sgl.js';
import { CDW_AT, FABRICS_OPCODE, SQE, SQEFabrics, SQENamespace } from './sqe-header.js';

/** Which kind of queue it is, where that is known. */
export type NvmeQueue = 'admin' | 'io';

type Rule = (b: Uint8Array, cdwAt: number) => Protocol | undefined;

const propertyAt = new Map(propertyForms);
const featureAt = new Map(features);

/** Data of Fabrics commands by type; that of authentication is not declared. */
const fabricsData: Readonly<Record<number, Rule>> = { 1: () => connectData };

/** Data of I/O commands by opcode. What Read and Write carry is the user's. */
const ioData: Readonly<Record<number, Rule>> = {
  9: () => dsmRange,
  13: () => registerData,
  14: (b, at) =>
    ReservationReport.get.eds(b, at) === 1 ? reservationStatusExtended : reservationStatus,
  17: () => acquireData,
  21: () => releaseData,
  25: () => copyRange,
};

/** Structures of Identify by CNS. */
const identified: Readonly<Record<number, Protocol>> = {
  0: identifyNamespace,
  1: identifyController,
  2: namespaceEntry,
  3: namespaceDescriptor,
  7: namespaceEntry,
  8: independentNamespace,
  16: namespaceEntry,
  17: identifyNamespace,
  18: controllerList,
  19: controllerList,
  26: namespaceEntry,
};

/** Log pages by identifier. */
const logged: Readonly<Record<number, Protocol>> = {
  1: errorEntry,
  2: smart,
  3: firmwareSlots,
  4: namespaceEntry,
  5: effects,
  12: anaLog,
  112: discoveryLog,
};

/** Structures of Identify that belong to a command set, by CNS: those of the NVM command set. */
const identifiedNvm: Readonly<Record<number, Protocol>> = {
  5: identifyNvmNamespace,
  6: identifyNvmController,
};
const NVM = 0;

function identifyData(b: Uint8Array, at: number): Protocol | undefined {
  const cns = Identify.get.cns(b, at);
  const ofSet = identifiedNvm[cns];
  if (!ofSet) return identified[cns];
  return Identify.get.csi(b, at) === NVM ? ofSet : undefined;
}

/** Log pages that are lists, by identifier: what their entries are, and how long. */
const loggedEntries: Readonly<Record<number, readonly [Protocol, number]>> = {
  1: [errorEntry, errorEntry.header.size],
  4: [namespaceEntry, namespaceEntry.header.size],
  112: [discoveryEntry, RECORD_SIZE],
};

/** A log page may be read in parts; a part that begins with an entry of a list is the rest of that list. */
function logData(b: Uint8Array, at: number): Protocol | undefined {
  const lid = GetLogPage.get.lid(b, at);
  const offset = GetLogPage.get.lpo(b, at);
  if (offset === 0n) return logged[lid];
  if (GetLogPage.get.ot(b, at) === 1) return undefined;
  const [entry, size] = loggedEntries[lid] ?? [undefined, 1];
  return offset % BigInt(size) === 0n ? entry : undefined;
}

/** Data of admin commands by opcode. */
const adminData: Readonly<Record<number, Rule>> = {
  2: logData,
  6: identifyData,
  13: (b, at) => (NamespaceManagement.get.sel(b, at) === 0 ? identifyNamespace : undefined),
  21: () => controllerList,
};

const fabricsResult: Readonly<Record<number, Rule>> = {
  1: () => cqeConnect,
  4: (b, at) => propertyAt.get(PropertyGet.get.offset(b, at)) ?? propertyValue,
};

const adminResult: Readonly<Record<number, Rule>> = {
  8: () => cqeAbort,
  9: (b, at) => featureResult(SetFeatures.get.fid(b, at), true),
  10: (b, at) => featureResult(GetFeatures.get.fid(b, at), false),
  12: () => cqeAsyncEvent,
};

/** Number of Queues says what was granted, after a Set as after a Get; other features answer only a Get. */
const NUMBER_OF_QUEUES = 7;

function featureResult(fid: number, set: boolean): Protocol {
  if (fid === NUMBER_OF_QUEUES) return cqeQueues;
  return (set ? undefined : featureAt.get(fid)) ?? cqeResult;
}

function ruled(
  b: Uint8Array,
  at: number,
  queue: NvmeQueue | undefined,
  fabrics: Readonly<Record<number, Rule>>,
  byQueue: Readonly<Record<NvmeQueue, Readonly<Record<number, Rule>>>>,
): Protocol | undefined {
  const opcode = SQE.get.opcode(b, at);
  if (opcode === FABRICS_OPCODE) {
    return fabrics[SQEFabrics.get.fctype(b, at + SQE.size)]?.(b, at + CDW_AT);
  }
  const known = queue ?? queueOf(b, at);
  return known && byQueue[known][opcode]?.(b, at + CDW_AT);
}

/**
 * What the data of the command at `at` is; undefined where it is the user's or not known. The 64 bytes of
 * the SQE must be there. `queue` is not needed for commands that tell it (queueOf).
 */
export const dataOf = (b: Uint8Array, at: number, queue?: NvmeQueue): Protocol | undefined =>
  ruled(b, at, queue, fabricsData, { admin: adminData, io: ioData });

/** The form of the result of the command at `at`, if it succeeds; undefined where it has none of its own. */
export const resultOf = (b: Uint8Array, at: number, queue?: NvmeQueue): Protocol | undefined =>
  ruled(b, at, queue, fabricsResult, { admin: adminResult, io: {} });

const FCTYPE_CONNECT = 1;
const FCTYPE_AUTHENTICATION = [5, 6];

/** Opcodes that no I/O queue has: Identify, Get Features, Keep Alive. */
const ONLY_ADMIN = [0x06, 0x0a, 0x18];
/** Flush, Write, Write Uncorrectable, Compare: as admin opcodes they make and end queues, not so on fabrics. */
const ONLY_IO = [0x00, 0x01, 0x04, 0x05];

const READ_OR_GET_LOG_PAGE = 0x02;
const SMALLEST_BLOCK = 512;

/** The most frequent opcode of both queues: the length of the data follows from other fields in each. */
function readOrGetLogPage(b: Uint8Array, at: number): NvmeQueue | undefined {
  const sglAt = at + SQE.size + SQENamespace.size;
  const keyed = SGLKeyed.get.type(b, sglAt) === SGL_KEYED;
  const length = (keyed ? SGLKeyed : SGLDataBlock).get.length(b, sglAt);
  const { numdl, numdu } = GetLogPage.get;
  const dwords = numdu(b, at + CDW_AT) * 2 ** 16 + numdl(b, at + CDW_AT) + 1;
  if (length === dwords * 4) return 'admin';
  const block = length / (Read.get.nlb(b, at + CDW_AT) + 1);
  return block >= SMALLEST_BLOCK && Number.isInteger(Math.log2(block)) ? 'io' : undefined;
}

/**
 * Which queue the command at `at` tells to run on (Connect by its queue number, others because no other
 * fabrics queue has them); undefined where it may be either.
 */
export function queueOf(b: Uint8Array, at: number): NvmeQueue | undefined {
  const opcode = SQE.get.opcode(b, at);
  if (ONLY_ADMIN.includes(opcode)) return 'admin';
  if (ONLY_IO.includes(opcode)) return 'io';
  if (opcode === READ_OR_GET_LOG_PAGE) return readOrGetLogPage(b, at);
  if (opcode !== FABRICS_OPCODE) return undefined;
  const fctype = SQEFabrics.get.fctype(b, at + SQE.size);
  if (fctype === FCTYPE_CONNECT) return Connect.get.qid(b, at + CDW_AT) === 0 ? 'admin' : 'io';
  return FCTYPE_AUTHENTICATION.includes(fctype) ? undefined : 'admin';
}
