// `wireverbs/sim`: what scenarios of one's own are made of.

export {
  type Comparison,
  jsonOf as comparisonJson,
  type Operation,
  type PathName,
  type PathRecord,
  svgOf as comparisonSvg,
} from '../apps/compare/index.js';
export {
  Perftest,
  type PerftestOptions,
  type PerftestParameters,
  type PerftestResult,
  perftestParameters,
  type Tally,
} from '../apps/perftest/index.js';
export { type CpuProfile, type Program, Signal, Thread, type Wait } from '../cpu/index.js';
export {
  CaptureTap,
  type Chances,
  dumbbell,
  type EcnThresholds,
  EthernetSwitch,
  fatTree,
  IbSwitch,
  leafSpine,
  type NodeSettings,
  type PfcThresholds,
  pair,
  parseRule,
  Router,
  type Rule,
  star,
  type Topology,
  type TopologyLink,
} from '../fabric/index.js';
export { Host, type HostOptions } from '../host/index.js';

export { cards, processors } from '../profiles/catalogue.js';
export { formatIp, parseIp } from '../stack/index.js';
export { after, ms, type Nanos, NEVER, ns, Random, seconds, us } from '../time/index.js';
export { buildFabric, type Fabric, type FabricKind, type HostPlace } from '../world/fabric.js';
export { Simulation, type Tap } from '../world/sim.js';
export { type CompareOptions, compare } from './compare.js';
export {
  type ConnectOptions,
  connectQueuePairs,
  hostOf,
  type QueuePairEnd,
  readyDatagrams,
  wayTo,
} from './connect.js';
export { End, type EndOptions } from './end.js';
export { Lab, type LabOptions } from './lab.js';
export { type Expectation, type Scenario, Stage } from './stage.js';
export { readTopology } from './topology-file.js';
export * as verbs from './verbs.js';
