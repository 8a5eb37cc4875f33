// Runs one combination in a world of its own, and says what came out.

import { UsageError } from '../../memory/index.js';
import { spoil } from '../../scenario/fault-text.js';
import { Lab } from '../../scenario/lab.js';
import { type Nanos, seconds } from '../../time/index.js';
import type { Beside, Experiment } from '../file/experiment-file.js';
import { type Settings, settle } from '../file/settings.js';
import type { Point } from '../file/sweep.js';
import { measurementOf } from '../measure/measurement.js';
import { type Sample, Sampler } from '../measure/sample.js';
import { watchLinks } from '../measure/traffic.js';
import { Courses, countOf } from './courses.js';
import type { PointResult } from './result.js';

/** No workload is meant to take so long; one that does is stuck. */
const LONGEST = seconds(3600);
/** What is still under way when the workload has ended arrives within this. */
const DRAIN_NS = 100_000;

/** Is told how far the work is: 0 to 1. */
export type Watch = (part: number) => void;

export function runPoint(
  { title, points }: Pick<Experiment, 'title' | 'points'>,
  point: Point,
  beside: Beside,
  watch: Watch = () => {},
): PointResult {
  const about = {
    schema: 'wireverbs-result-1' as const,
    experiment: title,
    point: point.index,
    points: points.length,
    set: point.set,
    seed: point.text.seed ?? 1,
  };
  try {
    return { ...about, ...run(settle(point.text, beside), watch) };
  } catch (error) {
    // What a world refuses is an answer to what was asked: memory that is not there, say.
    if (!(error instanceof RangeError || error instanceof UsageError)) throw error;
    return { ...about, failure: error.message, operations: [] };
  }
}

type Found = Pick<
  PointResult,
  'failure' | 'operations' | 'verified' | 'pool' | 'workloads' | 'measured'
>;

function run(settings: Settings, watch: Watch): Found {
  const lab = new Lab(settings.lab);
  for (const fault of settings.faults) spoil(lab, fault);
  const sampler = new Sampler(lab.hosts, watchLinks(lab));
  let before: Sample | undefined;
  let after: Sample | undefined;
  const courses = new Courses(lab, settings, {
    begins: (now: Nanos) => {
      before ??= sampler.take(now);
    },
    ends: (now: Nanos) => {
      after ??= sampler.take(now);
    },
  });
  const end = lab.begin + (settings.endNs ?? LONGEST);
  let looked = 0;
  lab.sim.run(undefined, () => {
    if (lab.now >= end || courses.ended) return false;
    if (++looked % LOOK_EVERY !== 0) return true;
    watch(courses.part);
    // A fabric whose manager sweeps, or a timer that goes on, would keep a world alive that has no programs left.
    return lab.hosts.some(({ cores }) => cores.threads.length > 0);
  });
  lab.runFor(DRAIN_NS);
  const measured = (operations: number) =>
    before && measurementOf(before, after ?? sampler.take(lab.now), operations);
  const alone = courses.alone(lab.now);
  if (alone) {
    const { outcome, vm } = alone;
    const found = measured(countOf(outcome));
    return { ...outcome, ...(found && { measured: { ...found, ...(vm && { vm }) } }) };
  }
  const workloads = courses.results(lab.now);
  const found = measured(workloads.reduce((sum, one) => sum + countOf(one), 0));
  const failed = workloads.find(({ failure }) => failure !== '');
  const failure = failed ? `${failed.name}: ${failed.failure}` : '';
  return { failure, operations: [], workloads, ...(found && { measured: found }) };
}

const LOOK_EVERY = 65_536;
