// What processors and kernels differ in, as data. Numbers are in `profiles/cpu.ts`, with their sources.

import type { IoCacheProfile, MemoryProfile } from '../memory/index.js';

/** A processor with its kernel: what things take. */
export interface CpuProfile {
  readonly name: string;
  readonly cores: number;
  /** Clock of a core that has work: what kernels' cycles take. */
  readonly hertz: number;
  /** A system call that does nothing: into the kernel and back; and what of it is for page tables of the kernel's own. */
  readonly systemCallNs: number;
  readonly pageTableIsolationNs?: number;
  /** From one thread to another on a core. */
  readonly contextSwitchNs: number;
  /** From the event to when a thread that gave up its core is ready to run. */
  readonly wakeUpNs: number;
  /** Until a core that was idle begins with an interrupt: it comes out of its sleep (C1). At once unless given. */
  readonly idleExitNs?: number;
  /** What a wake-up takes more when the thread's core is idle, and another one than the waker's: where idle states are deep. */
  readonly idleWakeNs?: number;
  /** What an interrupt takes on its core before its handler begins, and until the core goes on. */
  readonly interruptNs: number;
  /** The timer's interrupt on every core that has threads: how often a second, and what it takes beside the interrupt itself (`TimerTick`). */
  readonly tick?: { readonly hertz: number; readonly ns: number };
  /** How long a thread keeps its core at least while others wait for it. */
  readonly timeSliceNs: number;
  /** A period in which all that want a core have it once, where they are few; slices are as above unless given. */
  readonly latencyNs?: number;
  /** A thread that wakes takes the core if it has had so much less of it; half a slice unless given. */
  readonly wakeUpGranularityNs?: number;
  /** Bytes that a core copies, in bits a second. */
  readonly copyBitsPerSecond: number;
  /** Writing a work request and ringing the doorbell; taking one completion; looking and finding none. */
  readonly postNs: number;
  readonly pollNs: number;
  readonly emptyPollNs: number;
  /** From ringing a doorbell until the core is free for the next request: its write drains, calls return. Nothing unless given. */
  readonly afterPostNs?: number;
  /** Between two writes to registers of devices, which are not cached: at once unless given (`RegisterWrites`). */
  readonly registerWriteNs?: number;
  /** A line that is in no cache of the core's own, out of the last-level cache. */
  readonly lastLevelNs?: number;
  /** Memory channels and links between nodes, where reading is to take its time. */
  readonly memory?: MemoryProfile;
  /** Where devices' writes go; a processor without it reads them all from memory. */
  readonly ddio?: IoCacheProfile;
  /**
   * In real time a program takes the time that it takes: what it spends is counted, and nothing waits for it.
   */
  readonly realTime?: boolean;
}

/** The same machine with kernel page-table isolation switched off (`nopti`), as before Linux 4.15 and on newer processors. */
export const withoutIsolation = (profile: CpuProfile): CpuProfile => ({
  ...profile,
  systemCallNs: profile.systemCallNs - (profile.pageTableIsolationNs ?? 0),
  pageTableIsolationNs: 0,
});
