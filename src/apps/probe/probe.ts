// Runs a probe on a machine of its own.

import { FramePool } from '../../frame/index.js';
import { Host } from '../../host/index.js';
import { Random } from '../../time/index.js';
import { dmaLatencies, dmaTogether } from './dma.js';
import { lineLatencies, readTogether } from './memory.js';
import { type ProbeOptions, type ProbeParameters, probeParameters } from './parameters.js';

export interface ProbeResult {
  readonly parameters: ProbeParameters;
  /** Of each operation, in order; of latency probes. */
  readonly latencies?: readonly number[];
  /** Of bandwidth probes: what was moved, one direction where there are two, and how long that took. */
  readonly moved?: { readonly operations: number; readonly bytes: number; readonly ns: number };
}

const NODE_BYTES = 2 ** 29;

/** @throws RangeError that names what cannot be */
export function probe(options: ProbeOptions): ProbeResult {
  const parameters = probeParameters(options);
  const { probe: what, cpu, pcie, nodes, seed, size, iters } = parameters;
  const random = new Random(seed);
  const host = new Host({
    name: 'h0',
    pool: new FramePool(),
    random,
    mac: '02:00:00:00:00:01',
    addresses: ['10.0.0.1/24'],
    nodes: Array.from({ length: nodes }, () => NODE_BYTES),
    cpu,
    pcie,
    ...(nodes > 1 && { slotNode: 0 }),
  });
  const places = random.fork('places');
  if (what === 'mem_lat') return { parameters, latencies: lineLatencies(host, parameters) };
  if (what.endsWith('_lat'))
    return { parameters, latencies: dmaLatencies(host, parameters, places) };
  if (what === 'mem_bw') {
    const { bytes, ns } = readTogether(host, parameters);
    return { parameters, moved: { operations: bytes / LINE, bytes, ns } };
  }
  const ns = dmaTogether(host, parameters, places);
  return { parameters, moved: { operations: iters, bytes: iters * size, ns } };
}
const LINE = 64;
