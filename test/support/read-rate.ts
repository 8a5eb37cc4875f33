// READs of 32 bytes over many queue pairs of two cards: how many a second, as the cards' caches overflow.

import {
  AddressSpace,
  DmaEngine,
  KeyTable,
  Ledger,
  MachineMemory,
  PcieLink,
} from '../../src/memory/index.js';
import type { NicProfile } from '../../src/profiles/nic.js';
import {
  allocPd,
  createCq,
  createQp,
  emptyWc,
  gidOf,
  hcaProfile,
  MemoryPort,
  modifyQp,
  openDevice,
  pollCq,
  postSend,
  type QpAttr,
  type QueuePair,
  RdmaDevice,
  regMr,
} from '../../src/rdma/index.js';
import { type Nanos, Random } from '../../src/time/index.js';
import { Simulation } from '../../src/world/sim.js';

const SIGNALED = 2;
const ALL = 0xf;
const BYTES = 32;
const BUFFER = 2 ** 20;
/** READs of a queue pair that are under way. */
const DEPTH = 4;
const POLL_NS = 200;
const LONGEST_NS = 2e6;

const macOf = (i: number): Uint8Array => Uint8Array.of(2, 0, 0, 0, 0, i);

function endOf(sim: Simulation, index: 1 | 2, nic: NicProfile, count: number) {
  const ledger = new Ledger();
  const memory = new MachineMemory({ nodes: [2 ** 26] });
  const space = new AddressSpace(memory);
  const dma = new DmaEngine(new PcieLink(nic.pcie), ledger, ledger.actor('nic'));
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
      timing: nic.timing,
    }),
  );
  const context = openDevice(device, space, ledger.actor('core'));
  const pd = allocPd(context);
  const addr = space.allocate(BUFFER, { contiguous: true });
  const mr = regMr(pd, addr, BUFFER, ALL);
  const cq = createCq(context, 2 * count * DEPTH);
  const qps = Array.from({ length: count }, () =>
    createQp(pd, {
      qpType: 'IBV_QPT_RC',
      sendCq: cq,
      recvCq: cq,
      cap: { maxSendWr: 2 * DEPTH, maxRecvWr: 1 },
    }),
  );
  return { device, context, addr, mr, cq, qps };
}

export interface ReadRate {
  /** READs a second, in millions. */
  readonly millions: number;
  /** Those that did not succeed. */
  readonly failed: number;
  /** Misses of queue pair contexts a READ, at the card that asks. */
  readonly misses: number;
}

/** Asks by all queue pairs for `forNs`, once they are under way. */
export function readRate(nic: NicProfile, count: number, forNs: number, rate = 56e9): ReadRate {
  const sim = new Simulation({ seed: 1 });
  const ends = [endOf(sim, 1, nic, count), endOf(sim, 2, nic, count)] as const;
  sim.connect(ends[0].device, 0, ends[1].device, 0, { rate });
  for (const [i, { context, qps }] of ends.entries()) {
    const peer = ends[1 - i]!;
    for (const [k, qp] of qps.entries()) {
      const common: QpAttr = { qpState: 'INIT', pkeyIndex: 0, portNum: 1, qpAccessFlags: ALL };
      modifyQp(context, qp, common);
      modifyQp(context, qp, {
        qpState: 'RTR',
        ahAttr: { grh: { dgid: peer.device.address.gids[0]!.bytes } },
        pathMtu: 'IBV_MTU_1024',
        destQpNum: peer.qps[k]!.qpn,
        rqPsn: 0,
        maxDestRdAtomic: 16,
        minRnrTimer: 1,
      });
      const times = { timeout: 14, retryCnt: 7, rnrRetry: 7, maxRdAtomic: 16 };
      modifyQp(context, qp, { qpState: 'RTS', sqPsn: 0, ...times });
    }
  }
  const [a, b] = ends;
  const post = (qp: QueuePair) =>
    postSend(a.context, qp, {
      opcode: 'IBV_WR_RDMA_READ',
      sendFlags: SIGNALED,
      wrId: a.qps.indexOf(qp),
      sgList: [{ addr: a.addr, length: BYTES, lkey: a.mr.lkey }],
      rdma: { remoteAddr: b.addr, rkey: b.mr.rkey },
    });
  for (let i = 0; i < DEPTH; i++) for (const qp of a.qps) post(qp);
  sim.settle(a.device);
  let done = 0;
  let failed = 0;
  const byNumber = new Map(a.qps.map((qp) => [qp.qpn, qp]));
  const wc = [emptyWc()];
  const until = (end: number) => {
    while (sim.now < end) {
      sim.run((sim.now + POLL_NS) as Nanos);
      a.device.now = sim.now;
      while (pollCq(a.context, a.cq, 1, wc) > 0) {
        done++;
        if (wc[0]!.status !== 'IBV_WC_SUCCESS') failed++;
        else post(byNumber.get(wc[0]!.qpNum)!);
      }
      sim.settle(a.device);
    }
  };
  // All have posted at once: from the second READ of each on it is what it will be.
  while (done < 2 * count && sim.now < LONGEST_NS) until(sim.now + POLL_NS);
  const begun = sim.now;
  const before = { done, misses: a.device.clock!.caches.qpc.misses };
  until(begun + forNs);
  const reads = done - before.done;
  const misses = (a.device.clock!.caches.qpc.misses - before.misses) / reads;
  return { millions: (reads * 1e3) / forNs, failed, misses };
}
