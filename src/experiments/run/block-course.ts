// A block job under way: the pool is started, the computer connected to it, then the job's threads run.

import { BlockJob } from '../../apps/blockjob/index.js';
import type { Phase } from '../../apps/perftest/index.js';
import type { Lab } from '../../scenario/lab.js';
import type { Nanos } from '../../time/index.js';
import type { Settings } from '../file/settings.js';
import { Latencies } from '../measure/latency.js';
import type { BlockWorkload } from './disk.js';
import { diskUser } from './disk-user.js';
import { Pool } from './pool.js';
import { type Outcome, operationResult } from './result.js';
import type { Course } from './workload.js';

export function startBlockJob(
  lab: Lab,
  settings: Settings,
  workload: BlockWorkload,
  index: number,
  phase: Phase,
): Course {
  const { parameters } = workload;
  const latencies = { read: new Latencies(), write: new Latencies() };
  let job: BlockJob | undefined;
  let failure = '';
  const transport = settings.transport === 'tcp' ? 'tcp' : 'rdma';
  const pool = new Pool(lab, transport, workload.pool, index);
  const listener = {
    begins: (now: Nanos) => {
      pool.begins();
      phase.begins(now);
    },
    operation: (op: 'read' | 'write', ns: number) => latencies[op].record(ns),
    ends: phase.ends,
  };
  const { computer, vm, open } = diskUser(lab, pool, workload);
  computer.spawn('connects', function* (thread) {
    const found = yield* open(thread);
    if (typeof found === 'string') {
      failure = found;
      return;
    }
    const { random } = lab.sim;
    job = new BlockJob(computer, found, parameters, random, listener, pool.precondition);
    job.start();
  });
  lab.settle(lab.host(workload.from));
  return {
    vm,
    get ended() {
      return failure !== '' || job?.ended === true;
    },
    get part() {
      return job?.part(lab.now) ?? 0;
    },
    outcome: () => ({ ...outcomeOf(failure, job, latencies), pool: pool.result() }),
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
