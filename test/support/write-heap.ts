// Run as a program by test/src/rdma/heap.test.ts: RC WRITEs between two NICs until nothing new is made any more, then
// as many again; prints what each packet allocated, and what of it was kept. Needs --expose-gc and a young generation
// that is large enough for no collection to come in between.

import { pairOnLink } from '../../bench/rdma-pair.js';
import { connectX4 } from '../../src/profiles/nic.js';
import { Simulation } from '../../src/world/sim.js';

const MESSAGE = 2 ** 20;
const MTU = 1024;
const WARM = 60;
const MESSAGES = 40;

const { gc } = globalThis as { gc?: () => void };
const sim = new Simulation({ seed: 1 });
const end = pairOnLink(sim, MTU, MESSAGE, process.argv[2] === 'timed' ? connectX4 : undefined);
for (let i = 0; i < 3; i++) end.post();

function run(messages: number): void {
  for (let i = 0; i < messages; i++) {
    end.post();
    end.awaitOne();
  }
}

const used = (): number => process.memoryUsage().heapUsed;
run(WARM);
gc?.();
const before = used();
run(MESSAGES);
const after = used();
gc?.();
const kept = used();
const packets = (MESSAGES * MESSAGE) / MTU;
console.log(
  JSON.stringify({ allocated: (after - before) / packets, kept: (kept - before) / packets }),
);
