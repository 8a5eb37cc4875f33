// Very many queue pairs in one process: connects them between two devices, writes over each of them with real frames,
// both ways, looks at what arrived, and prints what memory the process had. `node dist/bench/queue-pairs.js [PAIRS] [BYTES]`;
// a test runs it as a child process.

import {
  allocPd,
  createCq,
  createQp,
  pollCq,
  postSend,
  regMr,
  type Wc,
} from '../src/rdma/index.js';
import { Simulation } from '../src/world/sim.js';
import { ALL, machineOf, SIGNALED, toRts } from './rdma-pair.js';

/** Connections: a queue pair at each end. */
const count = Number(process.argv[2] ?? 10_000);
const bytes = Number(process.argv[3] ?? 1024);
const sim = new Simulation({ seed: 1 });

/** A device with all queue pairs, and a region of its own for each. */
function end(index: 1 | 2) {
  const { device, space, context } = machineOf(sim, index, 2 ** 30);
  const pd = allocPd(context);
  const cq = createCq(context, count);
  const addr = space.allocate(count * bytes, { contiguous: true });
  const qps = Array.from({ length: count }, (_, i) => ({
    qp: createQp(pd, { qpType: 'IBV_QPT_RC', sendCq: cq, recvCq: cq }),
    mr: regMr(pd, addr + BigInt(i * bytes), bytes, ALL),
    addr: addr + BigInt(i * bytes),
  }));
  return { device, context, space, cq, qps };
}

type End = ReturnType<typeof end>;

function connect(mine: End, peer: End, i: number): void {
  const [here, there] = [mine.qps[i]!, peer.qps[i]!];
  toRts({ context: mine.context, qp: here.qp }, { device: peer.device, qp: there.qp }, 1024, i);
}

/** A message over every queue pair, from its region into the peer's. */
function write(mine: End, peer: End): void {
  for (const [i, { qp, mr, addr }] of mine.qps.entries()) {
    const to = peer.qps[i]!;
    mine.device.now = sim.now;
    postSend(mine.context, qp, {
      opcode: 'IBV_WR_RDMA_WRITE',
      sendFlags: SIGNALED,
      sgList: [{ addr, length: bytes, lkey: mr.lkey }],
      rdma: { remoteAddr: to.addr, rkey: to.mr.rkey },
    });
  }
  sim.settle(mine.device);
}

/** Takes all completions; each queue pair must have had one. */
function completions(mine: End): void {
  const done = new Set<number>();
  const wc: Wc[] = [];
  for (;;) {
    const got = pollCq(mine.context, mine.cq, 16, wc);
    if (got === 0) break;
    for (const { status, qpNum } of wc.slice(0, got)) {
      if (status !== 'IBV_WC_SUCCESS') throw new Error(status);
      done.add(qpNum);
    }
  }
  if (done.size !== count) throw new Error(`${done.size} of ${count} queue pairs completed`);
}

const ANSWER = 2;
/** What a queue pair's region holds at first: bytes that tell whose they are. */
const patternOf = (host: number, i: number): number => (host * 101 + i * 7) % 256;

const started = performance.now();
const a = end(1);
const b = end(2);
sim.connect(a.device, 0, b.device, 0, { rate: 100e9 });
for (const [host, { space, qps }] of [a, b].entries()) {
  for (const [i, { addr }] of qps.entries()) space.bytes(addr, bytes).fill(patternOf(host, i));
}
for (let i = 0; i < count; i++) {
  connect(a, b, i);
  connect(b, a, i);
}
const connected = process.memoryUsage().rss;
write(a, b);
sim.run();
completions(a);
for (const [i, { addr }] of b.qps.entries()) {
  const wrong = b.space.bytes(addr, bytes).some((byte) => byte !== patternOf(0, i));
  if (wrong) throw new Error(`queue pair ${i} did not bring what was written`);
  b.space.bytes(addr, bytes).fill(patternOf(ANSWER, i));
}
write(b, a);
sim.run();
completions(b);
for (const [i, { addr }] of a.qps.entries()) {
  const wrong = a.space.bytes(addr, bytes).some((byte) => byte !== patternOf(ANSWER, i));
  if (wrong) throw new Error(`queue pair ${i} did not bring what was written back`);
}
const MIB = 1 << 20;
console.log(
  JSON.stringify({
    queuePairs: 2 * count,
    messages: 2 * count,
    frames: sim.hops,
    seconds: (performance.now() - started) / 1000,
    connectedMiB: Math.round(connected / MIB),
    // The most that the process ever had, in KiB as the system counts it.
    mostMiB: Math.round(process.resourceUsage().maxRSS / 1024),
  }),
);
