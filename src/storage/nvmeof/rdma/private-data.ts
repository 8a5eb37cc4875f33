// What host and target say of a queue when its connection is made (NVMe RDMA Transport 1.0 3.2).

import { nvme } from '../../../../protocols/index.js';
import { MOST_QUEUES } from '../controller.js';

const { RDMAReq, RDMARep, RDMARej } = nvme;

/** Why a connection is refused. */
export const REFUSED = {
  length: 1,
  recfmt: 2,
  qid: 3,
  hsqsize: 4,
  hrqsize: 5,
  resources: 6,
  ird: 7,
} as const;

/** A host's request: the queue, and how many commands and completions it wants room for. */
export interface Request {
  readonly qid: number;
  /** Entries of the host's queue: commands that may be under way. */
  readonly depth: number;
}

/** Admin queues have at most so many entries, as Linux's target has it. */
const MOST_ADMIN = 32;

/** Reads a request; a number is the reason for which it is refused. */
export function readRequest(b: Uint8Array, mqes: number): Request | number {
  if (b.length < RDMAReq.size) return REFUSED.length;
  const { recfmt, qid, hsqsize, hrqsize } = RDMAReq.get;
  if (recfmt(b, 0) !== 0) return REFUSED.recfmt;
  const queue = qid(b, 0);
  if (queue > MOST_QUEUES) return REFUSED.qid;
  // One counts from 0, the other from 1.
  const depth = hsqsize(b, 0) + 1;
  const most = queue === 0 ? MOST_ADMIN : mqes + 1;
  if (depth < 2 || depth > most) return REFUSED.hsqsize;
  if (hrqsize(b, 0) === 0) return REFUSED.hrqsize;
  return { qid: queue, depth };
}

export const acceptance = (depth: number): Uint8Array => RDMARep.encode({ crqsize: depth });
export const refusal = (sts: number): Uint8Array => RDMARej.encode({ sts });
