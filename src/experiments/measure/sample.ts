// What hosts and links have done so far: cores by stage, the ledger's counts, frames, and how long each resource was busy.
// Two samples, subtracted, are what a measurement took.

import { type Tally, tallyOf } from '../../apps/perftest/index.js';
import type { CoreObserver } from '../../cpu/index.js';
import { type Host, usageOf } from '../../host/index.js';
import { type CpuCategory, cpuCategories } from '../../kernel/index.js';
import { ledgerKinds } from '../../memory/index.js';
import type { Nanos } from '../../time/index.js';
import type { Vm } from '../../vm/index.js';
import type { PortTraffic } from './traffic.js';

/** Nanoseconds of one core. */
export interface CoreTimes {
  readonly workNs: number;
  readonly pollNs: number;
  readonly interruptNs: number;
  readonly switchNs: number;
}

export interface HostSample {
  readonly tally: Tally;
  readonly cores: readonly CoreTimes[];
  /** Nanoseconds by stage: programs by their names, interrupts, switches; polling apart. */
  readonly stages: ReadonlyMap<string, number>;
  readonly kernel: Readonly<Record<CpuCategory, number>> | undefined;
  readonly framesSent: number;
  readonly bytesSent: number;
  /** Guests left their cores so often, and were given interrupts. */
  readonly exits: number;
  readonly injections: number;
}

/** What a VM has done so far. */
export interface VmSample {
  readonly at: Nanos;
  readonly exits: Readonly<Record<string, number>>;
  /** Nanoseconds for which its virtual CPUs could have run and others had their cores. */
  readonly stealNs: number;
}

export interface Sample {
  readonly at: Nanos;
  readonly hosts: ReadonlyMap<string, HostSample>;
  /** Nanoseconds for which each resource was busy. */
  readonly busy: ReadonlyMap<string, number>;
}

/** Sums what cores do by stage. */
export class StageClock implements CoreObserver {
  /** By what a core does, and by thread: names of stages, which are asked for at each event of each core. */
  readonly #stages = new Map<string, Map<string, Stage>>();

  get totals(): ReadonlyMap<string, number> {
    const totals = new Map<string, number>();
    for (const threads of this.#stages.values())
      for (const { name, ns } of threads.values()) totals.set(name, (totals.get(name) ?? 0) + ns);
    return totals;
  }

  spent(_core: number, doing: string, from: Nanos, until: Nanos, thread: string): void {
    let threads = this.#stages.get(doing);
    if (threads === undefined) {
      threads = new Map();
      this.#stages.set(doing, threads);
    }
    let stage = threads.get(thread);
    if (stage === undefined) {
      stage = { name: stageOf(doing, thread), ns: 0 };
      threads.set(thread, stage);
    }
    stage.ns += until - from;
  }
}

interface Stage {
  readonly name: string;
  ns: number;
}

function stageOf(doing: string, thread: string): string {
  switch (doing) {
    case 'interrupt':
      return 'interrupts and softirqs';
    case 'switch':
      return 'context switches';
    case 'spin':
      return `${named(thread)}, polling`;
    default:
      return named(thread);
  }
}

/** Threads of one kind are numbered; what they do is one stage. */
const named = (thread: string): string => thread.replaceAll(/\s*\d+(?=\s|$)/g, '');

/** Takes samples of a world's hosts and links. */
export class Sampler {
  readonly #clocks = new Map<string, StageClock>();

  constructor(
    readonly hosts: readonly Host[],
    readonly traffic: readonly PortTraffic[],
  ) {
    for (const host of hosts) {
      const clock = new StageClock();
      this.#clocks.set(host.name, clock);
      for (const core of host.cores.cores) core.observer = clock;
    }
  }

  take(at: Nanos): Sample {
    const busy = new Map<string, number>();
    const hosts = this.hosts.map((host) => [host.name, this.#host(host, at, busy)] as const);
    for (const { name, occupiedNs } of this.traffic) busy.set(`link ${name}`, occupiedNs);
    return { at, hosts: new Map(hosts), busy };
  }

  #host(host: Host, at: Nanos, busy: Map<string, number>): HostSample {
    const tally = tallyOf(host, at); // accounts every core
    const cores = host.cores.cores.map(({ busyNs, spinNs, interruptNs, switchNs, index }) => {
      busy.set(`${host.name} core ${index}`, busyNs + interruptNs + switchNs);
      return { workNs: busyNs, pollNs: spinNs, interruptNs, switchNs };
    });
    const usage = usageOf(host);
    busy.set(`${host.name} NIC engine`, usage.NIC);
    busy.set(`${host.name} PCIe to memory`, host.pcie.upNs);
    busy.set(`${host.name} PCIe to device`, host.pcie.downNs);
    busy.set(`${host.name} PCIe round trips of atomics`, usage['PCIe round trip']);
    const { kernel } = host;
    const own = this.traffic.filter(({ name }) => name.startsWith(`${host.name} to `));
    return {
      tally,
      cores,
      stages: new Map(this.#clocks.get(host.name)!.totals),
      kernel: kernel
        ? (Object.fromEntries(
            cpuCategories.map((name) => [name, kernel.bill.total(name)]),
          ) as Record<CpuCategory, number>)
        : undefined,
      framesSent: own.reduce((sum, { framesSent }) => sum + framesSent, 0),
      bytesSent: own.reduce((sum, { bytesSent }) => sum + bytesSent, 0),
      exits: EXITS.reduce((sum, kind) => sum + host.ledger.total(kind).count, 0),
      injections: host.ledger.total('injection').count,
    };
  }
}

const EXITS = ledgerKinds.filter((kind) => kind.startsWith('exit-'));

export function vmSample({ vcpus }: Vm, at: Nanos): VmSample {
  const exits: Record<string, number> = {};
  for (const vcpu of vcpus)
    for (const [reason, count] of Object.entries(vcpu.exits))
      exits[reason] = (exits[reason] ?? 0) + count;
  return { at, exits, stealNs: vcpus.reduce((sum, vcpu) => sum + vcpu.steal(at), 0) };
}
