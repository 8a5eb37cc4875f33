// H09: streams over sockets of two kernels, as `wireverbs perftest tcp_bw` runs them.

import {
  kernelFor,
  TcpTest,
  type TcpTestOptions,
  type TcpTestResult,
  tcpTestParameters,
} from '../../../apps/tcptest/index.js';
import type { CpuProfile } from '../../../cpu/index.js';
import { pair } from '../../../fabric/index.js';
import { xeonGold6128 } from '../../../profiles/cpu.js';
import { connectX5 } from '../../../profiles/nic.js';
import { spoil } from '../../../scenario/fault-text.js';
import { Lab } from '../../../scenario/lab.js';
import { parseIp } from '../../../stack/index.js';
import { ms } from '../../../time/index.js';
import type { Experiments } from '../row.js';

const ALL = {
  test: 'tcp_bw',
  size: 131_072,
  tso: true,
  gro: true,
  jumbo: true,
  arfs: true,
} as const;
const LONGEST = ms(1000);
const SLOT_BYTES = 9216;
const MEMORY = 2 ** 31;
const NODE = 2 ** 30;
const PERCENT = 100;
const BITS = 8;

interface World {
  readonly cpu?: CpuProfile;
  /** Of frames that the client sends. */
  readonly loss?: number;
  /** Flows are on all four sockets, of which the first has the card. */
  readonly sockets?: true;
}

function stream(more: Partial<TcpTestOptions>, { cpu = xeonGold6128, loss, sockets }: World = {}) {
  const options: TcpTestOptions = { ...ALL, ...more };
  const p = tcpTestParameters(options);
  const topology = pair();
  const kernel = kernelFor(p, cpu.cores);
  const nodes = { nodes: [NODE, NODE, NODE, NODE], slotNode: 0 };
  const host = { kernel, mtu: p.mtu, ...(sockets && nodes) };
  const hosts = Object.fromEntries(topology.hosts.map((name) => [name, host]));
  const lab = new Lab({
    topology,
    cpu,
    card: connectX5,
    hosts,
    memoryBytes: MEMORY,
    slotBytes: SLOT_BYTES,
  });
  const [client, server] = lab.hosts;
  if (loss !== undefined) spoil(lab, { loss, from: client!.name });
  const test = new TcpTest(client!, server!, parseIp(lab.address(server!)), options);
  test.start();
  for (const each of lab.hosts) lab.settle(each);
  lab.sim.run(LONGEST, () => !test.ended);
  const result = test.result(lab.now);
  if (result.failure) throw new Error(result.failure);
  return result;
}

/** Gigabits a second for each core that this side has at work. */
function aCore(result: TcpTestResult, side: 'client' | 'server'): number {
  const { completed, parameters, startNs, endNs, cpu } = result;
  const gigabits = (completed * parameters.size * BITS) / (endNs - startNs);
  return gigabits / (cpu[side].utilisation / PERCENT);
}

const { ddio: _, ...without } = xeonGold6128;

export const manyFlows: Experiments = {
  'one to one, 24 flows, a core': () =>
    aCore(stream({ connections: 24, iters: 100 }, { sockets: true }), 'server'),
  'one sender, 8 flows, a core': () =>
    aCore(stream({ connections: 8, clientCores: 1, serverCores: 8, iters: 100 }), 'client'),
  'DCA off, a core': () => aCore(stream({ iters: 800 }, { cpu: without }), 'server'),
  'loss 1.5e-2, a core': () => aCore(stream({ iters: 800 }, { loss: 0.015 }), 'server'),
};
