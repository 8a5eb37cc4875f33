// H03, H04, H05, H08: perftest between two hosts, as `wireverbs perftest` runs it.

import type { PerftestOptions, PerftestResult, TestName } from '../../../apps/perftest/index.js';
import { pair, type Topology } from '../../../fabric/index.js';
import { xeonBroadwell } from '../../../profiles/cpu.js';
import { connectX3, connectX4, connectX5 } from '../../../profiles/nic.js';
import { infiniscale4 } from '../../../profiles/switch.js';
import { Lab, type LabOptions } from '../../../scenario/lab.js';
import { around } from '../rdma-latency.js';
import type { Experiments } from '../row.js';
import { rate as rateOf } from '../verb-rates.js';

const US = 1000;
const PER_MICROSECOND = 1e6;
const BITS = 8;
const LATENCY = { iters: 12, rxDepth: 4 } as const;

type Asked = Omit<PerftestOptions, 'wire'>;

function run(lab: LabOptions, options: Asked): PerftestResult {
  const world = new Lab(lab);
  const [from, to] = world.hosts;
  const test = world.perftest({ noPeak: true, ...options }, from!, to!);
  world.run();
  const result = test.result(world.now);
  if (result.failure)
    throw new Error(`${options.test} of ${options.size} bytes: ${result.failure}`);
  return result;
}

const us = (lab: LabOptions, options: Asked) => (): number =>
  run(lab, { ...LATENCY, ...options }).latency!.typical / US;
const millions = (lab: LabOptions, options: Asked) => (): number =>
  run(lab, options).bandwidth!.messageRate / PER_MICROSECOND;
const gigabits = (lab: LabOptions, options: Asked) => (): number =>
  (run(lab, options).bandwidth!.average * BITS) / 1e9;

const MTU = 2048;
/** Rates of small messages settle within some thousand of them. */
const MANY = 3000;
const FEW = 300;

const at = (rate: number): Topology => around(infiniscale4.latencyNs, rate);
const infiniband = (rate: number): LabOptions => ({
  wire: 'ib',
  card: connectX3,
  topology: at(rate),
});
const qdr = infiniband(32e9);

const bySize = (
  verb: 'write' | 'read' | 'send',
  sizes: readonly number[],
  of: (test: TestName, size: number) => () => number,
  kind: 'lat' | 'bw',
): Experiments =>
  Object.fromEntries(sizes.map((size) => [`${verb} ${size} B`, of(`${verb}_${kind}`, size)]));

const latency = (test: TestName, size: number) => us(qdr, { test, size, mtu: MTU });
const rate = (test: TestName, size: number) => millions(qdr, { test, size, mtu: MTU, iters: MANY });
const flow = (test: TestName, size: number) =>
  gigabits(qdr, { test, size, mtu: MTU, iters: size > MTU * BITS ? FEW : MANY });

export const qdrLatencies: Experiments = {
  ...bySize('write', [2, 64, 256, 1024, 4096, 65_536], latency, 'lat'),
  ...bySize('read', [2, 256, 4096, 65_536], latency, 'lat'),
  ...bySize('send', [2, 256, 4096], latency, 'lat'),
  'atomic 8 B': latency('atomic_lat', 8),
};

export const qdrRates: Experiments = {
  ...bySize('write', [2, 512], rate, 'bw'),
  ...bySize('read', [2, 512], rate, 'bw'),
  ...bySize('send', [2], rate, 'bw'),
  'atomic 8 B': rate('atomic_bw', 8),
  ...bySize('write', [4096, 65_536], flow, 'bw'),
  ...bySize('read', [4096, 65_536], flow, 'bw'),
  ...bySize('send', [65_536], flow, 'bw'),
};

/** Four lanes of 10.3125 Gb/s with 64b/66b coding. */
const fdr10 = infiniband(40e9);
const ethernet = (speed: number, card: LabOptions['card']): LabOptions => ({
  wire: 'rocev2',
  ...(card && { card }),
  topology: pair({ rate: speed }),
});
const write = (mtu: number): Asked => ({ test: 'write_bw', size: 65_536, mtu, iters: FEW });

export const otherLinks: Experiments = {
  'FDR10, MTU 2048': gigabits(fdr10, write(2048)),
  'RoCE 40G, MTU 2048': gigabits({ ...ethernet(40e9, connectX3), wire: 'rocev1' }, write(2048)),
  'RoCE v2 100G, MTU 4096': gigabits(ethernet(100e9, connectX5), write(4096)),
  'RoCE v2 100G, MTU 1024': gigabits(ethernet(100e9, connectX4), write(1024)),
  'FDR10, latency of 2 B': us(fdr10, { test: 'write_lat', size: 2, mtu: MTU }),
};

/** Mellanox' SwitchX at 56 and 40 Gb/s: "170 ns" and "220 ns" port to port (product briefs of the SX6036 and SX1036). */
const SWITCHX = { infiniband: 170, ethernet: 220 } as const;
const fdr: LabOptions = {
  wire: 'ib',
  card: connectX3,
  topology: around(SWITCHX.infiniband, connectX3.timing.portBitsPerSecond),
};
const forty: LabOptions = {
  wire: 'rocev2',
  card: connectX5,
  cpu: xeonBroadwell,
  topology: around(SWITCHX.ethernet, 40e9),
};
/** HERD's READs: many clients of one server, or one client of many servers; each queue pair has sixteen under way. */
const reads = (asks: boolean) => () =>
  rateOf({
    test: 'read_bw',
    size: 32,
    asks,
    cqMod: 1,
    threads: 16,
    card: connectX3,
    switchNs: SWITCHX.infiniband,
  });

export const smallReads: Experiments = {
  'ConnectX-3, 32 B': us(fdr, { test: 'read_lat', size: 32 }),
  'ConnectX-5, 32 B': us(forty, { test: 'read_lat', size: 32 }),
  'ConnectX-3, READs in': reads(false),
  'ConnectX-3, READs out': reads(true),
};
