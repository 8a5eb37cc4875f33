// Our side of the comparison of fabrics: `node dist/bench/peers/fabric-ours.js pair|fat-tree K FRAMES PAYLOAD` runs the
// workload of fabric-run.ts in a process of its own and prints what ns3/fabric.cpp prints.

import { inlineMore } from '../../src/cli/engine.js';
import { fatTree, pair } from '../../src/fabric/index.js';
import { runFabric } from '../fabric-run.js';

/** Runs; the fastest counts, once the compiler has seen the code. */
const RUNS = 3;

inlineMore();
const [shape, k, frames, payload] = process.argv.slice(2);
const isPair = shape === 'pair';
let least = Infinity;
let hops = 0;
for (let run = 0; run < RUNS; run++) {
  const topology = isPair ? pair() : fatTree(Number(k));
  const kind = isPair ? 'switched' : 'routed';
  const done = runFabric(topology, kind, Number(frames), Number(payload));
  if (done.cpuSeconds / done.hops >= least) continue;
  least = done.cpuSeconds / done.hops;
  hops = done.hops;
}
console.log(`hops ${hops}\nseconds ${least * hops}`);
