// Whose turn it is on a core, and for how long: a fair scheduler in the manner of Linux's CFS (kernel/sched/fair.c). Each
// thread has a virtual run time, which grows slower the more weight it has; who has the least is next. Who wakes is placed a
// little in front of the others, and takes the core if it is far enough in front of whoever has it.

import type { Core } from './core.js';
import type { CpuProfile } from './profile.js';
import type { Thread } from './thread.js';

/** Of a thread of nice 0 (sched_prio_to_weight). */
export const USUAL_WEIGHT = 1024;

/** How long a thread keeps its core while others wait: its share of the period in which all have their turn. */
// hot
export function sliceOf({ timeSliceNs, latencyNs }: CpuProfile, core: Core): number {
  if (latencyNs === undefined) return timeSliceNs;
  const own = core.current!.weight;
  let weights = own;
  for (const thread of core.ready) weights += thread.weight;
  return Math.max(timeSliceNs, Math.ceil((latencyNs * own) / weights));
}

/** Position among those that are ready of the one with the least virtual run time; of several, the one that came first. */
// hot
export function firstOf(ready: readonly Thread[]): number {
  let best = 0;
  for (let i = 1; i < ready.length; i++) if (ready[i]!.vruntime < ready[best]!.vruntime) best = i;
  return best;
}

/** Takes one out of a list. */
// hot
export function taken<T>(list: T[], at: number): T {
  const item = list[at]!;
  for (let i = at + 1; i < list.length; i++) list[i - 1] = list[i]!;
  list.pop();
  return item;
}

/** What all that want the core have had at least; it never goes back. */
// hot
function floorOf(core: Core): number {
  let least = core.current?.vruntime ?? Number.POSITIVE_INFINITY;
  for (const thread of core.ready) if (thread.vruntime < least) least = thread.vruntime;
  if (least < Number.POSITIVE_INFINITY && least > core.vruntime) core.vruntime = least;
  return core.vruntime;
}

/** A new thread begins where the others are. */
export function enter(core: Core, thread: Thread): void {
  thread.vruntime = floorOf(core);
}

/**
 * A thread that slept is placed as far in front of the others as half a period allows, not as long as it slept
 * (GENTLE_FAIR_SLEEPERS).
 */
// hot
export function placeWoken(profile: CpuProfile, core: Core, thread: Thread): void {
  const credit = profile.latencyNs === undefined ? profile.timeSliceNs : profile.latencyNs / 2;
  const least = floorOf(core) - credit;
  if (thread.vruntime < least) thread.vruntime = least;
}

/** Virtual time is a core's own: a thread takes what it is ahead or behind with it. */
export function carryOver(from: Core, to: Core, thread: Thread): void {
  thread.vruntime += floorOf(to) - floorOf(from);
}

/** Does a thread that wakes take the core from whoever has it? */
// hot
export function preempts(
  { timeSliceNs, wakeUpGranularityNs }: CpuProfile,
  core: Core,
  thread: Thread,
): boolean {
  const { current } = core;
  if (current === null) return false;
  const granularity = (wakeUpGranularityNs ?? timeSliceNs / 2) * (USUAL_WEIGHT / thread.weight);
  return current.vruntime - thread.vruntime > granularity;
}
