export { type Experiment, isExperiment, readExperiment } from './file/experiment-file.js';
export { experimentSchema } from './file/schema.js';
export type { Point } from './file/sweep.js';
export type { LatencySummary } from './measure/latency.js';
export type { HostUse, Measurement, ResourceUse } from './measure/measurement.js';
export { runPoint } from './run/point.js';
export {
  type OperationResult,
  type PointResult,
  partsOf,
  type Verified,
  type WorkloadResult,
} from './run/result.js';
export { runPoints, type Source } from './run/runner.js';
export { parseShard, type Shard, shareOf } from './run/shard.js';
