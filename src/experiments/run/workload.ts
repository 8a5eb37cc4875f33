// Workloads under way, all in one form: started in a lab, looked at, asked for what came out.

import { Perftest, type Phase } from '../../apps/perftest/index.js';
import { TcpTest } from '../../apps/tcptest/index.js';
import type { Lab } from '../../scenario/lab.js';
import { parseIp } from '../../stack/index.js';
import type { Nanos } from '../../time/index.js';
import type { Vm } from '../../vm/index.js';
import type { Settings } from '../file/settings.js';
import type { Workload } from '../file/workload.js';
import { Latencies } from '../measure/latency.js';
import { startBlockJob } from './block-course.js';
import { makeVm, openGuestNetwork } from './guest.js';
import { type Outcome, operationResult } from './result.js';

/** A workload that was started. */
export interface Course {
  /** The VM that it runs in. */
  readonly vm?: Vm | undefined;
  readonly ended: boolean;
  /** How much of it is done: 0 to 1. */
  readonly part: number;
  outcome(now: Nanos): Outcome;
}

/** Starts a workload, which of all that are started; `phase` is told when what is measured begins and ends. */
export function start(
  lab: Lab,
  settings: Settings,
  workload: Workload,
  index: number,
  phase: Phase,
): Course {
  switch (workload.kind) {
    case 'perftest':
      return perftest(lab, workload, phase);
    case 'tcp':
      return tcpTest(lab, workload, index, phase);
    case 'block':
      return startBlockJob(lab, settings, workload, index, phase);
  }
}

/** Servers of one host listen on ports of their own. */
const FIRST_PORT = 5201;

type Of<K extends Workload['kind']> = Extract<Workload, { readonly kind: K }>;

/** Whose program the client is: the host's, or that of its VM. */
function clientOf(lab: Lab, { from, vm: settings }: Workload) {
  const host = lab.host(from);
  const vm = settings && makeVm(lab, host, settings);
  return { host, vm, computer: vm?.guest ?? host };
}

function perftest(lab: Lab, workload: Of<'perftest'>, phase: Phase): Course {
  const { parameters, to } = workload;
  const { vm, computer } = clientOf(lab, workload);
  const { iters, qps, size, verb, bidirectional } = parameters;
  const soon = (call: (now: Nanos) => void) => lab.at(lab.now, call);
  const test = new Perftest(computer, lab.host(to), parameters, soon);
  test.phase = phase;
  lab.at(lab.now, () => test.start());
  return {
    vm,
    get ended() {
      return test.ended;
    },
    get part() {
      return test.completed / (iters * qps);
    },
    outcome: (now) => {
      const { failure, completed, startNs, endNs } = test.result(now);
      const latency = summaryOf(test.latencies());
      const count = bidirectional ? 2 * completed : completed;
      const took = endNs - startNs;
      return { failure, operations: [operationResult(verb, count, count * size, took, latency)] };
    },
  };
}

function tcpTest(lab: Lab, workload: Of<'tcp'>, index: number, phase: Phase): Course {
  const { options, to, vm: settings } = workload;
  const { host, vm, computer } = clientOf(lab, workload);
  const target = lab.host(to);
  const address = parseIp(lab.address(target, options.ipv6));
  const test = new TcpTest(computer, target, address, options, FIRST_PORT + index);
  test.phase = phase;
  const begin = () => lab.at(lab.now, () => test.start());
  if (!vm || !settings) begin();
  else
    vm.guest.spawn('brings up its network', function* (thread) {
      yield* openGuestNetwork(lab, host, vm, thread, settings);
      begin();
    });
  lab.settle(host);
  return {
    vm,
    get ended() {
      return test.ended;
    },
    get part() {
      return test.completed / (test.parameters.iters * test.parameters.connections);
    },
    outcome: (now) => {
      const { failure, completed, startNs, endNs, parameters } = test.result(now);
      const operation = parameters.metric === 'bw' ? 'send' : 'round trip';
      const latency = summaryOf(test.latencies());
      const bytes = completed * parameters.size;
      return {
        failure,
        operations: [operationResult(operation, completed, bytes, endNs - startNs, latency)],
      };
    },
  };
}

function summaryOf(latencies: readonly number[]) {
  const all = new Latencies();
  for (const ns of latencies) all.record(ns);
  return all.summary();
}
