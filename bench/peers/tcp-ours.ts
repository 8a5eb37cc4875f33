// Our side of the comparison of TCP: `node dist/bench/peers/tcp-ours.js BYTES` runs the transfer of tcp-run.ts in a process
// of its own and prints what ns3/tcp.cpp prints.

import { inlineMore } from '../../src/cli/engine.js';
import { runBulk } from '../tcp-run.js';

/** Runs; the fastest counts, once the compiler has seen the code. */
const RUNS = 3;

inlineMore();
const bytes = Number(process.argv[2]);
let least = Infinity;
let hops = 0;
for (let run = 0; run < RUNS; run++) {
  const done = runBulk(bytes);
  if (done.cpuSeconds / done.hops >= least) continue;
  least = done.cpuSeconds / done.hops;
  hops = done.hops;
}
console.log(`hops ${hops}\nseconds ${least * hops}`);
