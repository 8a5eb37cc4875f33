// Machines with a NIC and queue pairs in RTS, for measuring; and two on one link, of which one writes into the other's memory.

import {
  AddressSpace,
  DmaEngine,
  KeyTable,
  Ledger,
  MachineMemory,
  PcieLink,
} from '../src/memory/index.js';
import type { NicProfile } from '../src/profiles/nic.js';
import { pcieGen3x16 } from '../src/profiles/pcie.js';
import {
  allocPd,
  type Context,
  createCq,
  createQp,
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
  type Wc,
} from '../src/rdma/index.js';
import { Random } from '../src/time/index.js';
import type { Simulation } from '../src/world/sim.js';

export const SIGNALED = 2;
export const ALL = 0xf;

const macOf = (i: number): Uint8Array => Uint8Array.of(2, 0, 0, 0, 0, i);

/** A device on a machine with so much memory, its port at 10.0.0.`index`. */
export function machineOf(
  sim: Simulation,
  index: 1 | 2,
  memoryBytes: number,
  nic: NicProfile | undefined = undefined,
) {
  const ledger = new Ledger();
  const memory = new MachineMemory({ nodes: [memoryBytes] });
  const space = new AddressSpace(memory);
  const keys = new KeyTable(memory);
  const dma = new DmaEngine(new PcieLink(nic?.pcie ?? pcieGen3x16), ledger, ledger.actor('nic'));
  const device = sim.add(
    new RdmaDevice({
      name: `host${index}`,
      pool: sim.pool,
      memory: new MemoryPort(keys, dma),
      profile: hcaProfile,
      address: {
        mac: macOf(index),
        gids: [{ bytes: gidOf(`10.0.0.${index}`), type: 'RoCE v2' }],
        lid: index,
        native: false,
      },
      neighbours: () => macOf(3 - index),
      random: new Random(index),
      ...(nic && { timing: nic.timing }),
    }),
  );
  const context = openDevice(device, space, ledger.actor('core'));
  return { device, space, context };
}

/** Brings a queue pair to RTS, where the other end's begins with the same PSN. */
export function toRts(
  { context, qp }: { readonly context: Context; readonly qp: QueuePair },
  peer: { readonly device: RdmaDevice; readonly qp: QueuePair },
  mtu: 1024 | 4096,
  psn = 0,
): void {
  const init: QpAttr = { qpState: 'INIT', pkeyIndex: 0, portNum: 1, qpAccessFlags: ALL };
  modifyQp(context, qp, init);
  modifyQp(context, qp, {
    qpState: 'RTR',
    ahAttr: { grh: { dgid: peer.device.address.gids[0]!.bytes } },
    pathMtu: mtu === 4096 ? 'IBV_MTU_4096' : 'IBV_MTU_1024',
    destQpNum: peer.qp.qpn,
    rqPsn: psn,
    maxDestRdAtomic: 16,
    minRnrTimer: 1,
  });
  const times = { timeout: 14, retryCnt: 7, rnrRetry: 7, maxRdAtomic: 16 };
  modifyQp(context, qp, { qpState: 'RTS', sqPsn: psn, ...times });
}

function endOf(sim: Simulation, index: 1 | 2, bytes: number, nic: NicProfile | undefined) {
  const { device, space, context } = machineOf(sim, index, 2 ** 26, nic);
  const pd = allocPd(context);
  const addr = space.allocate(bytes, { contiguous: true });
  const mr = regMr(pd, addr, bytes, ALL);
  const cq = createCq(context, 64);
  const qp = createQp(pd, {
    qpType: 'IBV_QPT_RC',
    sendCq: cq,
    recvCq: cq,
    cap: { maxInlineData: 220 },
  });
  return { device, context, addr, mr, cq, qp };
}

export type PairEnd = ReturnType<typeof endOf>;

export interface WriteEnd {
  readonly device: RdmaDevice;
  readonly peer: RdmaDevice;
  readonly ends: readonly [PairEnd, PairEnd];
  /** Posts one message. */
  post(): void;
  /** Runs until a message is complete. */
  awaitOne(): void;
}

/** Two ends in RTS; messages of `bytes` go from one to the other, at 100 Gb/s. */
export function pairOnLink(
  sim: Simulation,
  mtu: 1024 | 4096,
  bytes: number,
  nic?: NicProfile,
  rate = 100e9,
): WriteEnd {
  const a = endOf(sim, 1, bytes, nic);
  const b = endOf(sim, 2, bytes, nic);
  sim.connect(a.device, 0, b.device, 0, { rate });
  const ends = [a, b] as const;
  toRts(a, b, mtu);
  toRts(b, a, mtu);
  const wr = {
    opcode: 'IBV_WR_RDMA_WRITE',
    sendFlags: SIGNALED,
    sgList: [{ addr: a.addr, length: bytes, lkey: a.mr.lkey }],
    rdma: { remoteAddr: b.addr, rkey: b.mr.rkey },
  } as const;
  const wc: Wc[] = [];
  return {
    device: a.device,
    peer: b.device,
    ends,
    post() {
      a.device.now = sim.now;
      postSend(a.context, a.qp, wr);
      sim.settle(a.device);
    },
    awaitOne() {
      while (a.cq.produced === a.cq.consumed)
        if (!sim.step()) throw new Error('nothing happens any more');
      pollCq(a.context, a.cq, 1, wc);
      if (wc[0]!.status !== 'IBV_WC_SUCCESS') throw new Error(wc[0]!.status);
    },
  };
}
