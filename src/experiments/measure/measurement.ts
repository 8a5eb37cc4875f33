// What a measurement took: the difference of two samples, an operation and a core at a time, and which resource was busiest.

import { type Tally, tallyBetween } from '../../apps/perftest/index.js';
import type { HostSample, Sample, VmSample } from './sample.js';

const PERCENT = 100;
/** How the threads of other VMs are called. */
export const NEIGHBOUR = 'neighbour';
/** Resources that results name beside the busiest. */
const MOST_RESOURCES = 6;

export interface CoreUse {
  readonly core: number;
  readonly workPercent: number;
  readonly pollPercent: number;
  readonly interruptPercent: number;
  readonly switchPercent: number;
}

export interface StageUse {
  readonly stage: string;
  readonly nsPerOperation: number;
}

/** One host's part. */
export interface HostUse {
  readonly cpu: {
    /** Of one core, all cores together: at work, and polling. */
    readonly workPercent: number;
    readonly pollPercent: number;
    readonly workNsPerOperation: number;
    readonly pollNsPerOperation: number;
    /** Cores that did anything. */
    readonly cores: readonly CoreUse[];
    readonly stages: readonly StageUse[];
    /** What the kernel's network stack did, by the categories of Cai et al. (SIGCOMM 2021). */
    readonly kernel?: readonly StageUse[];
  };
  readonly counts: Tally & {
    readonly framesSent: number;
    readonly frameBytesSent: number;
    readonly exits: number;
    readonly injections: number;
  };
}

/** The VM's part, an operation at a time. */
export interface VmUse {
  readonly exitsPerOperation: Readonly<Record<string, number>>;
  /** Part of the time for which a virtual CPU could have run and had no core, all of them together. */
  readonly stealPercent: number;
}

export interface ResourceUse {
  readonly resource: string;
  readonly busyPercent: number;
}

export interface Measurement {
  readonly durationNs: number;
  readonly hosts: Readonly<Record<string, HostUse>>;
  /** Of a workload that is alone. */
  readonly vm?: VmUse;
  /** The busiest, most used first. */
  readonly resources: readonly ResourceUse[];
  readonly bottleneck: ResourceUse;
}

/** What happened between two samples, for so many operations. */
export function measurementOf(before: Sample, after: Sample, operations: number): Measurement {
  const durationNs = Math.max(1, after.at - before.at);
  const each = Math.max(1, operations);
  const hosts = [...after.hosts].map(([name, sample]) => [
    name,
    useOf(before.hosts.get(name)!, sample, durationNs, each),
  ]);
  const resources = [...after.busy]
    .map(([resource, ns]) => ({
      resource,
      busyPercent: Math.min(
        PERCENT,
        (PERCENT * (ns - (before.busy.get(resource) ?? 0))) / durationNs,
      ),
    }))
    .filter(({ busyPercent }) => busyPercent > 0)
    .sort((a, b) => b.busyPercent - a.busyPercent)
    .slice(0, MOST_RESOURCES);
  return {
    durationNs,
    hosts: Object.fromEntries(hosts),
    resources,
    bottleneck: resources[0] ?? { resource: 'nothing', busyPercent: 0 },
  };
}

/** What a VM did between two samples, for so many operations. */
export function vmUseOf(before: VmSample, after: VmSample, operations: number): VmUse {
  const each = Math.max(1, operations);
  const exits = Object.entries(after.exits)
    .map(([reason, count]) => [reason, (count - (before.exits[reason] ?? 0)) / each] as const)
    .filter(([, count]) => count > 0);
  const durationNs = Math.max(1, after.at - before.at);
  return {
    exitsPerOperation: Object.fromEntries(exits),
    stealPercent: (PERCENT * (after.stealNs - before.stealNs)) / durationNs,
  };
}

function useOf(
  before: HostSample,
  after: HostSample,
  durationNs: number,
  operations: number,
): HostUse {
  const all = tallyBetween(before.tally, after.tally);
  const stages = [...after.stages].map(
    ([stage, ns]) => [stage, ns - (before.stages.get(stage) ?? 0)] as const,
  );
  // What neighbours compute is no part of what an operation costs.
  const neighbours = stages.filter(([stage]) => stage.startsWith(NEIGHBOUR));
  const counts = { ...all, cpuNs: all.cpuNs - neighbours.reduce((sum, [, ns]) => sum + ns, 0) };
  const share = (ns: number) => (PERCENT * ns) / durationNs;
  const cores = after.cores
    .map((now, core) => {
      const then = before.cores[core]!;
      return {
        core,
        workPercent: share(now.workNs - then.workNs),
        pollPercent: share(now.pollNs - then.pollNs),
        interruptPercent: share(now.interruptNs - then.interruptNs),
        switchPercent: share(now.switchNs - then.switchNs),
      };
    })
    .filter(({ core: _, ...percents }) => Object.values(percents).some((percent) => percent > 0));
  return {
    cpu: {
      workPercent: share(counts.cpuNs),
      pollPercent: share(counts.pollNs),
      workNsPerOperation: counts.cpuNs / operations,
      pollNsPerOperation: counts.pollNs / operations,
      cores,
      stages: stageUse(stages, operations),
      ...(after.kernel &&
        before.kernel && {
          kernel: stageUse(
            Object.entries(after.kernel).map(
              ([name, ns]) =>
                [name, ns - before.kernel![name as keyof typeof before.kernel]] as const,
            ),
            operations,
          ),
        }),
    },
    counts: {
      ...counts,
      framesSent: after.framesSent - before.framesSent,
      frameBytesSent: after.bytesSent - before.bytesSent,
      exits: after.exits - before.exits,
      injections: after.injections - before.injections,
    },
  };
}

const stageUse = (
  stages: readonly (readonly [string, number])[],
  operations: number,
): readonly StageUse[] =>
  stages
    .filter(([, ns]) => ns > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([stage, ns]) => ({ stage, nsPerOperation: ns / operations }));
