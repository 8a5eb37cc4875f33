// What the parts of the device (requester, completer, responder) need of it as a whole.

import type { FramePool } from '../frame/index.js';
import type { Nanos } from '../time/index.js';
import type { Path } from './address.js';
import type { AsyncEventType } from './constant.js';
import type { MemoryPort } from './memory-port.js';
import type { DeviceProfile } from './profile.js';
import type { QueuePair } from './queue-pair.js';
import type { ReceiveQueue } from './receive-queue.js';
import type { Counters } from './verdict.js';
import type { RecvJob, SendJob } from './work-request.js';

/** What a receive completion says beside its request. */
export interface Arrival {
  opcode: number;
  byteLen: number;
  immediate: number;
  withImm: boolean;
  withInv: boolean;
  solicited: boolean;
  grh: boolean;
  srcQp: number;
  slid: number;
  sl: number;
}

export const emptyArrival = (): Arrival => ({
  opcode: 0,
  byteLen: 0,
  immediate: 0,
  withImm: false,
  withInv: false,
  solicited: false,
  grh: false,
  srcQp: 0,
  slid: 0,
  sl: 0,
});

/** Tells what happened, in the words of the tables; for traces and tests. */
export interface Tracer {
  verdict(now: Nanos, qpn: number, psn: number, what: string): void;
}

export interface Engine {
  readonly name: string;
  readonly pool: FramePool;
  readonly memory: MemoryPort;
  readonly profile: DeviceProfile;
  readonly counters: Counters;
  readonly tracer: Tracer | null;
  readonly arrival: Arrival;
  /** Packets are made before the port takes them: it is told then that they left. */
  readonly makesAhead: boolean;
  /** A slot for a packet; -1 when the pool is empty, and then the device tries again by itself. */
  takeSlot(): number;
  pkey(index: number): number;
  pathOfAh(handle: number): Path | undefined;
  srqOf(handle: number): ReceiveQueue | undefined;
  /** What the device takes from hearing of a gap to sending again. */
  readonly goBackNs: number;
  /** Whether the next send entry has come; if not, the queue pair is activated when it has. */
  entryReady(qp: QueuePair, now: Nanos): boolean;
  /** The queue pair may have something to send. */
  activate(qp: QueuePair): void;
  /** Its `timeoutAt` or `rnrUntil` changed. */
  schedule(qp: QueuePair, at: Nanos): void;
  completeSend(now: Nanos, qp: QueuePair, job: SendJob, status: number): void;
  /** Completes `qp.recvJob` with what `arrival` says. */
  completeRecv(now: Nanos, qp: QueuePair, job: RecvJob, status: number): void;
  /** A work request failed and its completion is written: to ERR, or SQE for services without acknowledgement. */
  sendFailed(now: Nanos, qp: QueuePair): void;
  toError(now: Nanos, qp: QueuePair): void;
  event(type: AsyncEventType, qp: QueuePair): void;
  /** A receive request of a shared queue was taken. */
  srqTaken(srq: ReceiveQueue): void;
}
