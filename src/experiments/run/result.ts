// What one combination came to: a line of JSON. Names end in their units; percentiles are of latencies. Nothing of it
// depends on the machine that ran it, or on how long that took.

import type { CopyState } from '../../storage/replicated-volume.js';
import type { LatencySummary } from '../measure/latency.js';
import type { Measurement, VmUse } from '../measure/measurement.js';

/** What one kind of operation came to. */
export interface OperationResult {
  readonly operation: string;
  readonly count: number;
  readonly bytes: number;
  readonly operationsPerSecond: number;
  readonly bitsPerSecond: number;
  readonly latency?: LatencySummary;
}

/** What reading back found. */
export interface Verified {
  readonly blocks: number;
  readonly wrong: number;
}

/** What became of the pool's volume. */
export interface PoolResult {
  readonly copies: readonly {
    readonly host: string;
    readonly state: CopyState;
    readonly allocatedBytes: number;
  }[];
  readonly snapshots: number;
  /** Copies that failed, that came back, and what that took. */
  readonly failures: number;
  readonly returns: number;
  readonly copiedBytes: number;
}

/** What came of one of several workloads. */
export interface WorkloadResult extends Outcome {
  readonly name: string;
  readonly vm?: VmUse;
}

export interface PointResult {
  readonly schema: 'wireverbs-result-1';
  readonly experiment: string;
  /** Which of how many combinations, and what the sweeps set for it. */
  readonly point: number;
  readonly points: number;
  readonly set: Readonly<Record<string, unknown>>;
  readonly seed: number;
  /** Why it came to nothing, or ended early; '' when it did not. */
  readonly failure: string;
  readonly operations: readonly OperationResult[];
  readonly verified?: Verified;
  readonly pool?: PoolResult;
  /** Of several at once: each has its own; what is above is then of none. */
  readonly workloads?: readonly WorkloadResult[];
  readonly measured?: Measurement;
}

/** What a workload found, before it is put into a line. */
export interface Outcome {
  readonly failure: string;
  readonly operations: readonly OperationResult[];
  readonly verified?: Verified;
  readonly pool?: PoolResult;
}

/** What has results of its own: each of several workloads, or all of it as one without a name. */
export const partsOf = (result: PointResult): readonly WorkloadResult[] =>
  result.workloads ?? [{ ...result, name: '' }];

const NS = 1e9;
const BITS = 8;

export const operationResult = (
  operation: string,
  count: number,
  bytes: number,
  durationNs: number,
  latency: LatencySummary | undefined,
): OperationResult => ({
  operation,
  count,
  bytes,
  operationsPerSecond: durationNs > 0 ? (count * NS) / durationNs : 0,
  bitsPerSecond: durationNs > 0 ? (bytes * BITS * NS) / durationNs : 0,
  ...(latency && { latency }),
});
