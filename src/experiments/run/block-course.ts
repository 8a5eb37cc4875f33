// A block job under way: the pool is started, the computer connected to it, then the job's threads run.

import { BlockJob } from '../../apps/blockjob/index.js';
import type { Phase } from '../../apps/perftest/index.js';
import type { Lab } from '../../scenario/lab.js';
import type { Settings } from '../file/settings.js';
import type { Workload } from '../file/workload.js';
import { Latencies } from '../measure/latency.js';
import { attach, servePool } from './disk.js';
import { type Outcome, operationResult } from './result.js';
import type { Course } from './workload.js';

type BlockWorkload = Extract<Workload, { readonly kind: 'block' }>;

export function startBlockJob(
  lab: Lab,
  settings: Settings,
  workload: BlockWorkload,
  phase: Phase,
): Course {
  const { parameters, from, to } = workload;
  const host = lab.host(from);
  const latencies = { read: new Latencies(), write: new Latencies() };
  let job: BlockJob | undefined;
  let failure = '';
  const precondition = servePool(lab, settings, workload);
  const listener = {
    begins: phase.begins,
    operation: (op: 'read' | 'write', ns: number) => latencies[op].record(ns),
    ends: phase.ends,
  };
  lab.spawn(host, 'connects', function* (thread) {
    const found = yield* attach(host, thread, lab.host(to), lab, settings, workload);
    if (typeof found === 'string') {
      failure = found;
      return;
    }
    job = new BlockJob(host, found, parameters, lab.sim.random, listener, precondition);
    job.start();
  });
  return {
    get ended() {
      return failure !== '' || job?.ended === true;
    },
    get part() {
      return job?.part(lab.now) ?? 0;
    },
    outcome: () => outcomeOf(failure, job, latencies),
  };
}

function outcomeOf(
  failure: string,
  job: BlockJob | undefined,
  latencies: Readonly<Record<'read' | 'write', Latencies>>,
): Outcome {
  if (!job) return { failure: failure || 'the pool was never connected', operations: [] };
  const result = job.result();
  const took = result.endNs - result.startNs;
  const operations = (['read', 'write'] as const).flatMap((op) => {
    const { count, bytes } = op === 'read' ? result.reads : result.writes;
    return count > 0 ? [operationResult(op, count, bytes, took, latencies[op].summary())] : [];
  });
  const { blocks, wrong } = result;
  const { reads, verify } = job.parameters;
  return {
    failure: result.failure,
    operations,
    ...(reads && verify && { verified: { blocks, wrong } }),
  };
}
