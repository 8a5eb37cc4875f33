// What belongs to a command but stands elsewhere: its data (behind the SQE in a capsule, in data PDUs, in
// memory that RDMA moves) and the form of its result. Pure functions of the SQE and its queue.

import type { Protocol } from '../core/protocol.js';
import { GetFeatures, SetFeatures } from './admin.js';
import { cqeAbort, cqeAsyncEvent, cqeConnect, cqeResult } from './cqe.js';
import { connectData, PropertyGet } from './fabrics.js';
import { features } from './feature.js';
import {
  acquireData,
  copyRange,
  dsmRange,
  registerData,
  releaseData,
  reservationStatus,
} from './io.js';
import { propertyForms, propertyValue } from './property.js';
import { CDW_AT, FABRICS_OPCODE, SQE, SQEFabrics } from './sqe-header.js';

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
  14: () => reservationStatus,
  17: () => acquireData,
  21: () => releaseData,
  25: () => copyRange,
};

/** Data of admin commands by opcode. */
const adminData: Readonly<Record<number, Rule>> = {};

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

/** Number of Queues answers a Set with what was granted; other features say nothing. */
const NUMBER_OF_QUEUES = 7;

function featureResult(fid: number, set: boolean): Protocol {
  const told = !set || fid === NUMBER_OF_QUEUES;
  return (told ? featureAt.get(fid) : undefined) ?? cqeResult;
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
  return queue === undefined ? undefined : byQueue[queue][opcode]?.(b, at + CDW_AT);
}

/**
 * What the data of the command at `at` is; undefined where it is the user's or not known. The 64 bytes of
 * the SQE must be there. `queue` is not needed for Fabrics commands.
 */
export const dataOf = (b: Uint8Array, at: number, queue?: NvmeQueue): Protocol | undefined =>
  ruled(b, at, queue, fabricsData, { admin: adminData, io: ioData });

/** The form of the result of the command at `at`, if it succeeds; undefined where it has none of its own. */
export const resultOf = (b: Uint8Array, at: number, queue?: NvmeQueue): Protocol | undefined =>
  ruled(b, at, queue, fabricsResult, { admin: adminResult, io: {} });
