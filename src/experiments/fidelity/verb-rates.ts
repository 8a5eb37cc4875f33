// F13: small verbs as fast as they go, from many threads, and the busiest resource of the machine that is looked at.

import { Perftest, type PerftestOptions, perftestParameters } from '../../apps/perftest/index.js';
import { star } from '../../fabric/index.js';
import { type Host, resourceNames, usageOf } from '../../host/index.js';
import { xeonHaswell } from '../../profiles/cpu.js';
import { connectIB, type NicProfile } from '../../profiles/nic.js';
import { switchIb } from '../../profiles/switch.js';
import { Lab } from '../../scenario/lab.js';
import { us } from '../../time/index.js';
import type { Experiments, Found } from './row.js';

/** Machines that the one that is looked at talks to, unless one alone is too much for it. */
const OTHERS = 4;
const THREADS = 28;
const ITERS = 100_000;
const WARM = us(30);
const WATCHED = us(30);
const PER_MICROSECOND = 1000;
/** Two sockets of 14 cores: Intel's data sheet of the E5-2683 v3. */
const cpu = { ...xeonHaswell, name: '2 x Xeon E5-2683 v3', cores: 28, hertz: 2e9 };

interface Load extends Omit<PerftestOptions, 'wire' | 'size'> {
  readonly size: number;
  /** Whether the machine that is looked at asks, or is asked. */
  readonly asks: boolean;
  /** Received messages count instead of completed ones. */
  readonly received?: boolean;
  readonly threads?: number;
  readonly others?: number;
  readonly card?: NicProfile;
  readonly switchNs?: number;
}

/** Millions a second, and what the machine is busiest with. */
export function rate({ size, asks, received = false, ...options }: Load): Found {
  const { threads = THREADS, others = OTHERS, card = connectIB } = options;
  const { switchNs = switchIb.latencyNs } = options;
  const topology = {
    ...star(1 + others, { rate: card.timing.portBitsPerSecond }),
    settings: { s0: { latencyNs: switchNs } },
  };
  const lab = new Lab({ wire: 'ib', topology, card, cpu, memoryBytes: 2 ** 31 });
  const watched = lab.hosts[0]!;
  const base = perftestParameters({
    iters: ITERS,
    noPeak: true,
    ...options,
    wire: 'ib',
    size: size || 1,
  });
  const tests = Array.from({ length: threads }, (_, i) => {
    const other = lab.hosts[1 + (i % others)]!;
    const [from, to] = asks ? [watched, other] : [other, watched];
    const test = new Perftest(from, to, { ...base, size }, (call) =>
      lab.at(lab.now, (now) => call(now)),
    );
    lab.at(lab.now, () => test.start());
    return test;
  });
  const done = () =>
    tests.reduce((sum, test) => sum + (received ? test.received : test.completed), 0);
  const wire = wireOf(lab, watched);
  lab.runFor(SET_UP + WARM);
  const before = { count: done(), usage: usageOf(watched), wire: wire() };
  lab.runFor(WATCHED);
  const usage = usageOf(watched);
  let bottleneck = 'InfiniBand bandwidth';
  let most = wire() - before.wire;
  for (const name of resourceNames) {
    const busy = usage[name] - before.usage[name];
    if (busy <= most) continue;
    bottleneck = name;
    most = busy;
  }
  return { value: ((done() - before.count) / WATCHED) * PER_MICROSECOND, bottleneck };
}

/** Connections are made and receive requests posted in this time. */
const SET_UP = us(60);

/** Nanoseconds that the host's wire was busy so far, in the busier direction. */
function wireOf(lab: Lab, host: Host): () => number {
  const busy = { in: 0, out: 0, lost: 0, dropped: 0 };
  const link = lab.fabric.links[lab.hosts.indexOf(host)]!;
  lab.tap(host.name, {
    frame: (_now, direction, pool, slot) => {
      busy[direction] += link.occupies(pool.length(slot));
    },
  });
  return () => Math.max(busy.in, busy.out);
}

const INLINE = 28;
const ud = { test: 'send_bw', qpType: 'UD', inlineSize: INLINE, txDepth: 32, cqMod: 4 } as const;
const batched = { ...ud, postList: 16 } as const;
/** Nothing but headers needs no room for data in the entry. */
const bare = { ...batched, inlineSize: 0, size: 0 } as const;
/** One sender offers more than a receiver takes, and does not flood it. */
const receives = { received: true, rxDepth: 512, asks: false, others: 1 } as const;
const small = 16;
const reads = { test: 'read_bw', qps: 1, cqMod: 1, asks: false } as const;
const atomics = { test: 'atomic_bw', size: 8, cqMod: 1, asks: false } as const;

export const verbRates: Experiments = {
  'UD SEND, not batched': () => rate({ ...ud, size: small, asks: true }),
  'UD SEND, batched': () => rate({ ...batched, size: small, asks: true }),
  'UD SEND, batched, header only': () => rate({ ...bare, asks: true }),
  RECV: () => rate({ ...batched, size: small, ...receives }),
  'RECV, header only': () => rate({ ...bare, ...receives }),
  'READ up to 64 B': () => rate({ ...reads, size: 32 }),
  'READ 128 B': () => rate({ ...reads, size: 128 }),
  'atomic, one address': () => rate({ ...atomics, threads: 1 }),
  'atomic, 4096 addresses': () => rate({ ...atomics, qps: 8, threads: 16, txDepth: 4 }),
};
