// F03, F05, F07 and the round trips of F09: perftest's latency tests between two hosts.

import type { TestName, Transport, WireName } from '../../apps/perftest/index.js';
import type { CpuProfile } from '../../cpu/index.js';
import { pair, star, type Topology } from '../../fabric/index.js';
import { xeonBroadwell, xeonHaswell } from '../../profiles/cpu.js';
import { connectX2, connectX4, type NicProfile } from '../../profiles/nic.js';
import { infiniscale4, switchIb, tomahawk } from '../../profiles/switch.js';
import { Lab } from '../../scenario/lab.js';
import type { Experiments } from './row.js';

const US = 1000;
const ITERS = 12;
/** Fewer than messages: receive requests are posted on the way, as in a long run. */
const RX_DEPTH = 4;
const EDR = 100e9;

interface Latency {
  readonly test: TestName;
  readonly size: number;
  readonly wire: WireName;
  readonly card: NicProfile;
  readonly topology: Topology;
  readonly qpType?: Transport;
  readonly mtu?: number;
  readonly cpu?: CpuProfile;
}

/** Microseconds as perftest prints them: half a round trip where the other side answers with the same. */
function latency(asked: Latency): number {
  const { test, size, qpType = 'RC', mtu = 4096, cpu = xeonHaswell } = asked;
  const lab = new Lab({ ...asked, cpu });
  const options = { test, size, mtu, qpType, iters: ITERS, rxDepth: RX_DEPTH };
  const run = lab.perftest(options, lab.hosts[0]!, lab.hosts[1]!);
  lab.run();
  const result = run.result(lab.now);
  if (!result.latency) throw new Error(`${test} of ${size} bytes: ${result.failure}`);
  return result.latency.typical / US;
}

/** Hosts around a switch of this latency. */
export const around = (latencyNs: number, rate: number, metres = 2): Topology => ({
  ...star(2, { rate, metres }),
  settings: { s0: { latencyNs, cutThrough: true } },
});

const qdr = around(infiniscale4.latencyNs, 32e9);
export const qdrWrite: Experiments = Object.fromEntries(
  [2, 64, 256, 4096, 65_536, 1_048_576].map((size) => [
    `${size} B`,
    () => latency({ test: 'write_lat', size, wire: 'ib', card: connectX2, topology: qdr }),
  ]),
);

const edr = pair({ rate: EDR, metres: 0.5 });
const potter = { wire: 'ib', card: connectX4, topology: edr, cpu: xeonBroadwell } as const;
const edrSendOf = (qpType: Transport, size: number) => (): number =>
  latency({ ...potter, test: 'send_lat', size, qpType });
export const edrSend: Experiments = Object.fromEntries([
  ...[32, 1024, 4096, 32_768].map((size) => [`RC ${size} B`, edrSendOf('RC', size)]),
  ...[32, 1024, 4096].map((size) => [`UD ${size} B`, edrSendOf('UD', size)]),
]);

/** Storm's hosts are around a switch; a hairpin is the shortest cable there is. */
const ethernet = { wire: 'rocev2', card: connectX4, mtu: 1024 } as const;
const hairpin = pair({ rate: EDR, metres: 0 });
const switched = around(tomahawk.latencyNs, EDR);
const onEthernet = (test: TestName, topology: Topology) => (): number =>
  latency({ ...ethernet, test, size: test.startsWith('atomic') ? 8 : 2, topology });
export const hops: Experiments = {
  'READ 128 B, InfiniBand': () =>
    latency({
      test: 'read_lat',
      size: 128,
      wire: 'ib',
      card: connectX4,
      topology: around(switchIb.latencyNs, EDR),
    }),
  'write, hairpin': onEthernet('write_lat', hairpin),
  'send, hairpin': onEthernet('send_lat', hairpin),
  'read, hairpin': onEthernet('read_lat', hairpin),
  'atomic, hairpin': onEthernet('atomic_lat', hairpin),
  'write, switch': onEthernet('write_lat', switched),
  'read, switch': onEthernet('read_lat', switched),
  'atomic, switch': onEthernet('atomic_lat', switched),
};
