// Run as a program by rc-write.ts and test/src/rdma/heap.test.ts: RC WRITEs between two NICs until nothing new is made
// any more, then as many again; prints what each packet allocated, and what of it was kept. A message costs its consumer
// objects too (the request, its completion), so that the same number of short and of long messages is sent, and what the
// long ones have more is their packets'. Needs --expose-gc and a young generation that is large enough for no collection
// to come in between.
//
// node --expose-gc --max-semi-space-size=128 --min-semi-space-size=64 write-heap.js ideal|timed MTU [FIRST INSTANT]

import { inlineMore } from '../src/cli/engine.js';
import { connectX4 } from '../src/profiles/nic.js';
import type { Nanos } from '../src/time/index.js';
import { Simulation } from '../src/world/sim.js';
import { pairOnLink } from './rdma-pair.js';

const SHORT = 2 ** 18;
const LONG = 2 ** 21;
const WARM_PACKETS = 80_000;
const PACKETS = 100_000;

inlineMore(); // compiled as the commands are

const { gc } = globalThis as { gc?: () => void };
const [how, mtuText, start] = process.argv.slice(2);
const mtu = mtuText === '4096' ? 4096 : 1024;
const timing = how === 'timed' ? connectX4 : undefined;

/** Two NICs, and a way to send messages of `bytes`. */
function sender(bytes: number): (messages: number) => void {
  const sim = new Simulation({ seed: 1 });
  sim.run(Number(start ?? 0) as Nanos);
  const end = pairOnLink(sim, mtu, bytes, timing);
  for (let i = 0; i < 3; i++) end.post();
  return (messages) => {
    for (let i = 0; i < messages; i++) {
      end.post();
      end.awaitOne();
    }
  };
}

const used = (): number => process.memoryUsage().heapUsed;

/** Bytes that so many messages allocate, and how many of these are still there afterwards. */
function cost(send: (messages: number) => void, messages: number) {
  gc?.();
  const before = used();
  send(messages);
  const after = used();
  gc?.();
  return { allocated: after - before, kept: used() - before };
}

const messages = Math.ceil(PACKETS / (LONG / mtu));
const [short, long] = [sender(SHORT), sender(LONG)];
for (const send of [short, long]) send(Math.ceil(WARM_PACKETS / (LONG / mtu)));
short(Math.ceil(WARM_PACKETS / (SHORT / mtu)));
const few = cost(short, messages);
const many = cost(long, messages);
const packets = (messages * (LONG - SHORT)) / mtu;
console.log(
  JSON.stringify({
    allocated: (many.allocated - few.allocated) / packets,
    kept: (many.kept - few.kept) / packets,
  }),
);
