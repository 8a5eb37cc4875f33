// Parts of one machine, measured alone.

export {
  type ProbeName,
  type ProbeOptions,
  type ProbeParameters,
  probeNames,
  probeParameters,
} from './parameters.js';
export { type ProbeResult, probe } from './probe.js';
