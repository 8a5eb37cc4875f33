// How busy a host's cores were between two instants, and what with: the kernel's categories, and what programs themselves
// did and the scheduler between them.

import type { Computer } from '../../host/index.js';
import { type CpuCategory, cpuCategories } from '../../kernel/index.js';
import type { Nanos } from '../../time/index.js';

export interface CpuUse {
  /** Percent of one core, all cores together. */
  readonly utilisation: number;
  /** Percent of what the kernel did, by category. */
  readonly shares: Readonly<Record<CpuCategory, number>>;
  readonly cores: readonly number[];
}

export interface CpuSample {
  readonly at: Nanos;
  /** Nanoseconds that each core was not idle. */
  readonly used: readonly number[];
  readonly categories: Readonly<Record<CpuCategory, number>>;
}

export function cpuSample({ cores, kernel }: Computer, at: Nanos): CpuSample {
  let switches = 0;
  const used = cores.cores.map((core) => {
    core.account(at);
    switches += core.switchNs;
    return core.busyNs + core.spinNs + core.interruptNs + core.switchNs;
  });
  const totals = cpuCategories.map((name) => {
    const own = kernel?.bill.total(name) ?? 0;
    return [name, name === 'sched' ? own + switches : own];
  });
  return { at, used, categories: Object.fromEntries(totals) as Record<CpuCategory, number> };
}

export function cpuBetween(before: CpuSample, after: CpuSample): CpuUse {
  const time = Math.max(1, after.at - before.at);
  const cores = after.used.map((ns, i) => (100 * (ns - before.used[i]!)) / time);
  const spent = cpuCategories.map((name) => after.categories[name] - before.categories[name]);
  const all = spent.reduce((sum, ns) => sum + ns, 0);
  const shares = cpuCategories.map((name, i) => [name, all > 0 ? (100 * spent[i]!) / all : 0]);
  return {
    utilisation: cores.reduce((sum, percent) => sum + percent, 0),
    shares: Object.fromEntries(shares) as Record<CpuCategory, number>,
    cores,
  };
}
