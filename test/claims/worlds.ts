// Runs experiments for claims: a text, and what each of its combinations came to.

import { type PointResult, readExperiment, runPoint } from '../../src/experiments/index.js';
import { assert } from '../support/spec.js';

/** Every combination of an experiment, by what its sweeps set, values joined by blanks. */
export function outcomes(text: string): ReadonlyMap<string, PointResult> {
  const experiment = readExperiment('claim.yaml', text, () => '');
  return new Map(
    experiment.points.map((point) => {
      const result = runPoint(experiment, point, () => '');
      const name = Object.values(point.set).join(' ');
      assert.is(result.failure, '', name);
      assert.is(result.verified?.wrong ?? 0, 0, name);
      return [name, result];
    }),
  );
}

export const reads = (result: PointResult) =>
  result.operations.find(({ operation }) => operation === 'read')!;

/** Nanoseconds of all cores of both hosts at work for one operation. */
export const cpuNs = ({ measured }: PointResult): number =>
  Object.values(measured!.hosts).reduce((sum, { cpu }) => sum + cpu.workNsPerOperation, 0);

/** The cores of the host that uses the disk. */
export const hostCpuNs = ({ measured }: PointResult): number =>
  Object.values(measured!.hosts)[0]!.cpu.workNsPerOperation;
