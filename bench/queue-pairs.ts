// Very many queue pairs in one process: connects them between two devices, writes over each of them with real frames,
// both ways, looks at what arrived, and prints what memory the process had. `node dist/bench/queue-pairs.js [PAIRS] [BYTES]`;
// a test runs it as a child process.

import {
  AddressSpace,
  DmaEngine,
  KeyTable,
  Ledger,
  MachineMemory,
  PcieLink,
} from '../src/memory/index.js';
import { pcieGen3x16 } from '../src/profiles/pcie.js';
import {
  allocPd,
  createCq,
  createQp,
  gidOf,
  hcaProfile,
  MemoryPort,
  modifyQp,
  openDevice,
  pollCq,
  postSend,
  RdmaDevice,
  regMr,
  type Wc,
} from '../src/rdma/index.js';
import { Random } from '../src/time/index.js';
import { Simulation } from '../src/world/sim.js';

/** Connections: a queue pair at each end. */
const count = Number(process.argv[2] ?? 10_000);
const bytes = Number(process.argv[3] ?? 1024);
const SIGNALED = 2;
const ALL = 0xf;
const macOf = (i: number): Uint8Array => Uint8Array.of(2, 0, 0, 0, 0, i);
const sim = new Simulation({ seed: 1 });

/** A device with all queue pairs, and a region of its own for each. */
function end(index: 1 | 2) {
  const ledger = new Ledger();
  const memory = new MachineMemory({ nodes: [2 ** 30] });
  const space = new AddressSpace(memory);
  const dma = new DmaEngine(new PcieLink(pcieGen3x16), ledger, ledger.actor('nic'));
  const device = sim.add(
    new RdmaDevice({
      name: `host${index}`,
      pool: sim.pool,
      memory: new MemoryPort(new KeyTable(memory), dma),
      profile: hcaProfile,
      address: {
        mac: macOf(index),
        gids: [{ bytes: gidOf(`10.0.0.${index}`), type: 'RoCE v2' }],
        lid: index,
        native: false,
      },
      neighbours: () => macOf(3 - index),
      random: new Random(index),
    }),
  );
  const context = openDevice(device, space, ledger.actor('core'));
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
  const { qp } = mine.qps[i]!;
  modifyQp(mine.context, qp, {
    qpState: 'INIT',
    pkeyIndex: 0,
    portNum: 1,
    qpAccessFlags: ALL,
  });
  modifyQp(mine.context, qp, {
    qpState: 'RTR',
    ahAttr: { grh: { dgid: peer.device.address.gids[0]!.bytes } },
    pathMtu: 'IBV_MTU_1024',
    destQpNum: peer.qps[i]!.qp.qpn,
    rqPsn: i,
    maxDestRdAtomic: 16,
    minRnrTimer: 1,
  });
  const times = { timeout: 14, retryCnt: 7, rnrRetry: 7, maxRdAtomic: 16 };
  modifyQp(mine.context, qp, { qpState: 'RTS', sqPsn: i, ...times });
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
