// Cores alone, driven through time.

import { Cores, type CpuProfile } from '../../../src/cpu/index.js';
import { Ledger } from '../../../src/memory/index.js';
import { type Nanos, NEVER } from '../../../src/time/index.js';

/** A processor on which nothing costs anything but the work itself. */
export const free: CpuProfile = {
  name: 'free',
  cores: 1,
  hertz: 1e9,
  systemCallNs: 0,
  contextSwitchNs: 0,
  wakeUpNs: 0,
  interruptNs: 0,
  timeSliceNs: 100_000,
  copyBitsPerSecond: 80e9,
  postNs: 0,
  pollNs: 0,
  emptyPollNs: 0,
};

export const coresOf = (change: Partial<CpuProfile> = {}): Cores =>
  new Cores({ ...free, ...change }, new Ledger());

/** Lets time pass until then; `event` is called at the times that it answers, beginning with `first`. */
export function drive(
  cores: Cores,
  end: number,
  first: number = NEVER,
  event: (now: Nanos) => number = () => NEVER,
): void {
  let at = first;
  for (;;) {
    const next = Math.min(at, cores.wakeAt()) as Nanos;
    if (!(next <= end)) return;
    if (next === at) at = event(next);
    cores.expire(next);
  }
}
