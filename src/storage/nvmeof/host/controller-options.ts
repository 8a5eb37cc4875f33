// Where a controller is and how it is to be kept: what `nvme connect` takes.

import type { Nanos } from '../../../time/index.js';
import type { Digests } from '../tcp/pdu.js';
import type { NamespaceDisk, NamespaceFacts } from './namespace-disk.js';
import type { WriteCache } from './write-cache.js';

export interface ControllerOptions {
  readonly transport: 'rdma' | 'tcp';
  readonly target: Uint8Array;
  /** 4420 unless given. */
  readonly port?: number;
  readonly subnqn: string;
  readonly hostnqn?: string;
  /** Sixteen bytes, the same for all connections of one host. */
  readonly hostid?: Uint8Array;
  /** I/O queues: one a core unless given, and no more than the target grants. */
  readonly queues?: number;
  /** Entries of each I/O queue: 128. */
  readonly entries?: number;
  /** TCP alone. */
  readonly digests?: Digests;
  /** TCP alone: R2Ts of one command that are taken at once (MAXR2T); 1 unless given, as Linux has it. */
  readonly r2ts?: number;
  /** Longest request; what the target allows, and 1 MiB at most. */
  readonly maxTransferBytes?: number;
  /** A target that is not heard of for so long has gone: 5 s. 0: it is not asked. */
  readonly keepAliveMs?: number;
  /** Between attempts to connect again: 10 s. */
  readonly reconnectNs?: number;
  /** For how long it is tried, before its disks go: 600 s. */
  readonly lossNs?: number;
  /** A request that takes so long is aborted, and the connection made anew if that does not help: 30 s. */
  readonly timeoutNs?: number;
  /**
   * Requests do not wait for a connection that is lost, but fail at once, so that they go another way (multipath). What
   * was under way may have been done.
   */
  readonly failFast?: boolean;
}

/** What happened so far. */
export interface ControllerCounts {
  connects: number;
  losses: number;
  keepAlives: number;
  events: number;
  aborts: number;
}

export interface ControllerHooks {
  /** What the disk of a namespace is called. */
  nameOf(facts: NamespaceFacts): string;
  /** What is promised of its volume, where several ways lead to it. */
  cacheOf?(facts: NamespaceFacts): WriteCache;
  /** One came, or went. */
  added?(now: Nanos, disk: NamespaceDisk): void;
  removed?(now: Nanos, disk: NamespaceDisk): void;
}
