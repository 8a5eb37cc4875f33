// A queue pair's state: what the consumer set, what the requester has sent and heard, what the responder expects and
// has promised. A record; requester.ts, completer.ts and responder.ts act on it.

import { type Nanos, NEVER } from '../time/index.js';
import type { Path } from './address.js';
import type { CompletionQueue } from './completion-queue.js';
import type { Flow } from './congestion.js';
import type { QpState, QpType } from './constant.js';
import { Hold, type ProtectionDomain } from './memory-parts.js';
import { stateAllows } from './qp-states.js';
import { AddressWqe, OperandWqe, SendWqe, Sge, WQE_UNIT } from './queue-format.js';
import type { ReceiveQueue } from './receive-queue.js';
import type { Ring } from './ring.js';
import type { Kept, Repeat } from './selective-repeat.js';
import { RepeatedPacket } from './wire.js';
import { RecvJob, SendJob } from './work-request.js';

/** Limits of a queue pair, struct ibv_qp_cap. */
export interface QpCap {
  readonly maxSendWr: number;
  readonly maxRecvWr: number;
  readonly maxSendSge: number;
  readonly maxRecvSge: number;
  readonly maxInlineData: number;
}

export function sendStride(type: QpType, { maxSendSge, maxInlineData }: QpCap): number {
  const isConnected = type === 'IBV_QPT_RC' || type === 'IBV_QPT_UC';
  const address = isConnected ? 0 : AddressWqe.size;
  const hasOperands = isConnected || type === 'IBV_QPT_XRC_SEND';
  const operands = hasOperands ? OperandWqe.size + Math.min(maxSendSge, 1) * Sge.size : 0;
  const data = Math.max(operands, maxSendSge * Sge.size, maxInlineData);
  return Math.ceil((SendWqe.size + address + data) / WQE_UNIT) * WQE_UNIT;
}

/** What the responder still has to say: a ring of these, in the order of the requests. */
export type ResponseKind = 'ack' | 'read' | 'atomic' | 'empty-read';

export class Response {
  kind: ResponseKind = 'ack';
  psn = 0;
  msn = 0;
  syndrome = 0;
  vaHigh = 0;
  vaLow = 0;
  rkey = 0;
  length = 0;
  sent = 0;
  /** Of a READ that was asked for again: it does not count against the limit. */
  again = false;
  high = 0;
  low = 0;
  /** Before this it does not leave, where the device takes time. */
  readyAt = 0;
}

/** What an atomic operation answered, in case it is asked again (IBA 9.7.5.1.3). */
export class Saved {
  psn = -1;
  kind: 'atomic' | 'empty-read' = 'atomic';
  high = 0;
  low = 0;
}

/** Answers beyond READs and atomics that can wait: acknowledgements between them, and requests heard again. */
const SPARE_RESPONSES = 16;

/** struct ibv_qp. */
export class QueuePair {
  /** Has it acknowledgements: RC and XRC. */
  readonly reliable: boolean;
  readonly datagram: boolean;
  /** Its send entries may say where they go. */
  readonly addressed: boolean;
  /** What it does in its state. */
  allows = stateAllows.RESET;
  accessFlags = 0;
  pkeyIndex = 0;
  portNum = 1;
  qkey = 0;
  path: Path | null = null;
  /** What congestion control knows of it; null when it takes no part. */
  flow: Flow | null = null;
  /** Selective repeat, of the requester and of the responder; null without. */
  repeat: Repeat | null = null;
  kept: Kept | null = null;
  mtu = 1024;
  destQpn = 0;
  timeoutCode = 0;
  retryCount = 0;
  rnrRetry = 0;
  maxRdAtomic = 0;
  minRnrTimer = 0;
  maxDestRdAtomic = 0;
  rqPsn = 0;
  sqPsn = 0;
  notifyDrained = false;

  // The send queue: running numbers, each a slot of the ring.
  /** Posted by the CPU; rung for; fetched; in work; not completed; the CPU may write again. */
  posted = 0;
  rung = 0;
  fetched = 0;
  cursor = 0;
  tail = 0;
  freed = 0;
  readonly jobs: (SendJob | undefined)[] = [];
  /** Headers of packets in the middle of its messages. */
  readonly middles = new RepeatedPacket();
  /** Entries as they were fetched: as many as one read brings. */
  scratch: Uint8Array;
  // Of a device that takes time (send-entries.ts): rung for by the CPU, whether or not the bell has arrived; behind the
  // last entry that was asked for, when each comes, which one was found in the cache.
  bells = 0;
  entriesEnd = 0;
  entryAt = new Float64Array(0);
  entrySure = -1;
  /** It waits for an entry, with its context at hand. */
  rested = false;
  /** Before this no packet leaves that is made from now on. */
  leavesAt = 0;
  /** Counts resets: doorbells from before mean nothing. */
  epoch = 0;

  // Requester (IBA 9.7.3): the next new PSN, the next to be sent, the oldest not acknowledged.
  newPsn = 0;
  /** Behind the newest PSN that ever went out. */
  sentPsn = 0;
  sendPsn = 0;
  unackedPsn = 0;
  /** READs and atomics begun and not answered. */
  reads = 0;
  retriesLeft = 0;
  rnrRetriesLeft = 0;
  rnrUntil: Nanos = 0 as Nanos;
  /** When the oldest request must have been acknowledged. */
  timeoutAt: Nanos = NEVER;
  /** Gone back for a gap, and nothing was acknowledged since. */
  rewound = false;
  /** Of a READ that is asked for again in part: the packets of the part; 0: of the whole. */
  partPackets = 0;
  /** Packets since the last one that asked for an acknowledgement. */
  sinceAckReq = 0;
  ssn = 0;
  /** Last message that the responder has credits for; -1 when it gives none (IBA 9.7.7.2). */
  creditLimit = -1;

  // Responder (IBA 9.7.4).
  expectedPsn = 0;
  msn = 0;
  /** The message that is coming in: code of its first packet, -1 when none is. */
  receiving = -1;
  /** Bytes of it that came, and how many its RETH announced. */
  received = 0;
  announced = 0;
  vaHigh = 0;
  vaLow = 0;
  rkey = 0;
  /** Where the key lets its bytes go. */
  readonly hold = new Hold();
  readonly recvJob: RecvJob;
  /** A receive request is taken and not completed. */
  hasRecv = false;
  /** A NAK was sent for the expected PSN; silence until it comes. */
  nakSent = false;
  established = false;
  responses: Response[] = [];
  responseHead = 0;
  responseCount = 0;
  /** READs and atomics among them, those asked for again aside. */
  readsWaiting = 0;
  saved: Saved[] = [];
  savedNext = 0;

  // Scheduling.
  active = false;
  /** Requests have their turn after a response packet. */
  requestsFirst = false;
  /** When this queue pair is known to the device's deadlines. */
  deadlineAt: Nanos = NEVER;
  heapAt = -1;
  destroyed = false;

  constructor(
    readonly qpn: number,
    readonly type: QpType,
    readonly pd: ProtectionDomain,
    readonly sendCq: CompletionQueue,
    readonly recvCq: CompletionQueue,
    readonly sq: Ring | null,
    readonly rq: ReceiveQueue | null,
    readonly cap: QpCap,
    readonly sqSigAll: boolean,
  ) {
    this.datagram = type === 'IBV_QPT_UD' || type === 'IBV_QPT_GSI';
    this.addressed = type !== 'IBV_QPT_RC' && type !== 'IBV_QPT_UC';
    this.reliable = type !== 'IBV_QPT_UC' && !this.datagram;
    this.recvJob = new RecvJob(Math.max(1, rq?.maxSge ?? cap.maxRecvSge));
    this.scratch = new Uint8Array(sq?.stride ?? 0);
  }

  get state(): QpState {
    return this.allows.state;
  }

  set state(state: QpState) {
    this.allows = stateAllows[state];
  }

  // hot
  job(index: number): SendJob {
    const slot = index % this.cap.maxSendWr;
    let job = this.jobs[slot];
    if (job === undefined) {
      job = new SendJob(Math.max(1, this.cap.maxSendSge));
      this.jobs[slot] = job;
    }
    return job;
  }

  /** Ready to receive: the responder begins at `rqPsn`. */
  startResponder(): void {
    this.kept?.clear();
    this.expectedPsn = this.rqPsn;
    this.msn = 0;
    this.receiving = -1;
    this.nakSent = false;
    this.hasRecv = false;
    const room = this.maxDestRdAtomic + SPARE_RESPONSES;
    this.responses = this.reliable ? Array.from({ length: room }, () => new Response()) : [];
    this.responseHead = 0;
    this.responseCount = 0;
    this.readsWaiting = 0;
    this.saved = Array.from({ length: this.maxDestRdAtomic }, () => new Saved());
    this.savedNext = 0;
  }

  /** Ready to send: the requester begins at `sqPsn`. */
  startRequester(): void {
    this.newPsn = this.sqPsn;
    this.sentPsn = this.sqPsn;
    this.sendPsn = this.sqPsn;
    this.unackedPsn = this.sqPsn;
    this.repeat?.clear(this.sqPsn);
    this.reads = 0;
    this.retriesLeft = this.retryCount;
    this.rnrRetriesLeft = this.rnrRetry;
    this.rnrUntil = 0 as Nanos;
    this.timeoutAt = NEVER;
    this.rewound = false;
    this.sinceAckReq = 0;
    this.ssn = 0;
    this.creditLimit = -1;
  }

  /** Everything as after creation (IBA 10.3.1.1). */
  reset(): void {
    this.epoch++;
    this.bells = 0;
    this.entriesEnd = 0;
    this.entrySure = -1;
    this.rested = false;
    this.posted = 0;
    this.rung = 0;
    this.fetched = 0;
    this.cursor = 0;
    this.tail = 0;
    this.freed = 0;
    this.rqPsn = 0;
    this.sqPsn = 0;
    this.path = null;
    this.flow = null;
    this.established = false;
    this.startResponder();
    this.startRequester();
    if (this.rq !== null && !this.rq.shared) this.rq.reset();
  }

  /** A place at the end of the responses; null when all are taken. */
  // hot
  addResponse(): Response | null {
    if (this.responseCount === this.responses.length) return null;
    const index = (this.responseHead + this.responseCount) % this.responses.length;
    this.responseCount++;
    const response = this.responses[index]!;
    response.readyAt = 0;
    return response;
  }

  /** The response that was added last and not sent. */
  // hot
  lastResponse(): Response | null {
    if (this.responseCount === 0) return null;
    return this.responses[(this.responseHead + this.responseCount - 1) % this.responses.length]!;
  }

  // hot
  dropResponse(): void {
    const response = this.responses[this.responseHead]!;
    if (response.kind !== 'ack' && !response.again) this.readsWaiting--;
    this.responseHead = (this.responseHead + 1) % this.responses.length;
    this.responseCount--;
  }
}
