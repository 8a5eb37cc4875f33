// F11: one TCP flow for as long as it is watched. Without optimisations the card's interrupts go to another core than the
// program's, as irqbalance leaves them; with them, flow steering brings both together.

import type { Host } from '../../host/index.js';
import { type CpuCategory, cpuCategories, type KernelOptions } from '../../kernel/index.js';
import { xeonGold6128 } from '../../profiles/cpu.js';
import { connectX5 } from '../../profiles/nic.js';
import { ms, ns } from '../../time/index.js';
import { type Experiments, once } from './row.js';
import { TcpPair } from './tcp-pair.js';

/** What iperf writes and reads at once. */
const CALL_BYTES = 131_072;
const WARM = ms(24); // until windows and moderation have settled
const WATCHED = ms(12);
const PERCENT = 100;
/** Their columns add up to 93 to 95 %: functions that they gave no category have the rest, in ours they have one. */
const CATEGORISED = 0.94;

interface Side {
  /** Percent of one core. */
  readonly busy: number;
  readonly shares: Readonly<Record<CpuCategory, number>>;
}

interface Bulk {
  readonly gbps: number;
  readonly sender: Side;
  readonly receiver: Side;
}

const options: Readonly<Record<'no-opts' | 'all-opts', KernelOptions>> = {
  'no-opts': { tso: false, gso: false, gro: false, queues: 1, affinity: [1] },
  'all-opts': { tso: true, gro: true, arfs: true },
};

function* sends(...[thread, socket, host]: Parameters<Parameters<TcpPair['start']>[0]>) {
  const address = host.space.allocate(CALL_BYTES);
  while ((yield* socket.send(thread, address, CALL_BYTES)) > 0);
}

/** Nanoseconds that the host's cores worked so far. */
const busyOf = ({ cores }: Host, now: number): number => {
  let sum = 0;
  for (const core of cores.cores) {
    core.account(ns(now));
    sum += core.busyNs + core.interruptNs + core.switchNs;
  }
  return sum;
};

function bulk(kind: 'no-opts' | 'all-opts'): Bulk {
  const mtu = kind === 'all-opts' ? 9000 : 1500;
  const pair = new TcpPair({ kernel: options[kind], cpu: xeonGold6128, card: connectX5, mtu });
  let received = 0;
  pair.start(sends, function* (thread, socket, host) {
    const address = host.space.allocate(CALL_BYTES);
    for (;;) {
      const got = yield* socket.recv(thread, address, CALL_BYTES);
      if (got <= 0) return;
      received += got;
    }
  });
  const { sim, hosts } = pair;
  sim.run(WARM);
  const before = received;
  const busy = hosts.map((host) => busyOf(host, WARM));
  for (const { kernel } of hosts) kernel!.bill.clear();
  const end = ns(WARM + WATCHED);
  sim.run(end);
  const [sender, receiver] = hosts.map((host, i) => sideOf(host, busyOf(host, end) - busy[i]!));
  return { gbps: ((received - before) * 8) / WATCHED, sender: sender!, receiver: receiver! };
}

function sideOf({ kernel }: Host, busyNs: number): Side {
  const each = cpuCategories.map((name) => [name, kernel!.bill.total(name)] as const);
  const all = each.reduce((sum, [, one]) => sum + one, 0);
  const shares = Object.fromEntries(
    each.map(([name, one]) => [name, (one / all) * CATEGORISED * PERCENT]),
  );
  return { busy: (busyNs / WATCHED) * PERCENT, shares: shares as Side['shares'] };
}

function experimentsOf(kind: 'no-opts' | 'all-opts'): Experiments {
  const run = once(() => bulk(kind));
  const busiest = () => Math.max(run().sender.busy, run().receiver.busy);
  const sides = ['sender', 'receiver'] as const;
  return {
    [kind]: () => run().gbps,
    [`${kind} a core`]: () => run().gbps / (busiest() / PERCENT),
    ...Object.fromEntries(
      sides.flatMap((side) => [
        [`${kind} ${side}`, () => run()[side].busy],
        ...cpuCategories.map((name) => [`${kind} ${side} ${name}`, () => run()[side].shares[name]]),
      ]),
    ),
  };
}

export const tcpBulk: Experiments = { ...experimentsOf('no-opts'), ...experimentsOf('all-opts') };
