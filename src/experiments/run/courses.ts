// All workloads of a combination at the same time, each with its results.

import type { Phase } from '../../apps/perftest/index.js';
import type { Lab } from '../../scenario/lab.js';
import type { Nanos } from '../../time/index.js';
import type { Settings } from '../file/settings.js';
import type { Workload } from '../file/workload.js';
import { type VmUse, vmUseOf } from '../measure/measurement.js';
import { type VmSample, vmSample } from '../measure/sample.js';
import type { Outcome, WorkloadResult } from './result.js';
import { type Course, start } from './workload.js';

/** A workload under way, and what its VM had done when what is measured began and ended. */
class Running {
  course: Course | undefined;
  before: VmSample | undefined;
  after: VmSample | undefined;

  constructor(readonly workload: Workload) {}

  begins(now: Nanos): void {
    this.before ??= this.#sample(now);
  }

  ends(now: Nanos): void {
    this.after ??= this.#sample(now);
  }

  #sample(now: Nanos): VmSample | undefined {
    const vm = this.course?.vm;
    return vm && vmSample(vm, now);
  }

  vmUse(now: Nanos, operations: number): VmUse | undefined {
    const { before } = this;
    const after = this.after ?? this.#sample(now);
    return before && after && vmUseOf(before, after, operations);
  }

  /** Of one in the background it is no failure that others have ended. */
  outcome(now: Nanos): Outcome {
    const outcome = this.course!.outcome(now);
    if (!this.workload.background || this.course!.ended) return outcome;
    return { ...outcome, failure: countOf(outcome) > 0 ? '' : TOO_LATE };
  }
}

const TOO_LATE =
  'the others ended before anything of it counted: give them more to do, or it less to warm up';

export const countOf = ({ operations }: Outcome): number =>
  operations.reduce((sum, { count }) => sum + count, 0);

export class Courses {
  readonly #all: readonly Running[];

  /** Starts them; `phase` is told when each begins to be measured, and when all that are waited for have ended. */
  constructor(lab: Lab, settings: Settings, phase: Phase) {
    this.#all = settings.workloads.map((workload) => new Running(workload));
    const waitedFor = this.#waitedFor;
    let running = waitedFor.length;
    this.#all.forEach((one, i) => {
      one.course = start(lab, settings, one.workload, i, {
        begins: (now) => {
          one.begins(now);
          phase.begins(now);
        },
        ends: (now) => {
          one.ends(now);
          if (waitedFor.includes(one) && --running === 0) phase.ends(now);
        },
      });
    });
  }

  get #waitedFor(): readonly Running[] {
    return this.#all.filter(({ workload }) => !workload.background);
  }

  get ended(): boolean {
    return this.#waitedFor.every(({ course }) => course!.ended);
  }

  /** How much of those that are waited for is done: 0 to 1. */
  get part(): number {
    return Math.min(...this.#waitedFor.map(({ course }) => course!.part));
  }

  /** What came of one that is alone. */
  alone(now: Nanos): { readonly outcome: Outcome; readonly vm: VmUse | undefined } | undefined {
    const [one, ...others] = this.#all;
    if (!one || others.length > 0 || one.workload.name !== '') return undefined;
    const outcome = one.outcome(now);
    return { outcome, vm: one.vmUse(now, countOf(outcome)) };
  }

  /** What came of each of several. */
  results(now: Nanos): readonly WorkloadResult[] {
    return this.#all.map((one) => {
      const outcome = one.outcome(now);
      const vm = one.vmUse(now, countOf(outcome));
      return { name: one.workload.name, ...outcome, ...(vm && { vm }) };
    });
  }
}
