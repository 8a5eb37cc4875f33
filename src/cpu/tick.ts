// The kernel's timer, which interrupts every core that has threads (CONFIG_HZ), whatever it does: a machine beside the cores, for
// whoever wants to see what few of many waits find. It goes on while there are threads.

import { after, type Machine, type Nanos, NEVER, START } from '../time/index.js';
import type { Cores } from './cores.js';

const SECOND_NS = 1e9;

export class TimerTick implements Machine {
  readonly #cores: Cores;
  readonly #periodNs: number;
  #at: Nanos = NEVER;

  /** Of cores whose profile has none it never comes. */
  constructor(cores: Cores) {
    this.#cores = cores;
    const { tick } = cores.profile;
    this.#periodNs = tick ? Math.round(SECOND_NS / tick.hertz) : 0;
    if (tick) this.#at = after(START, this.#periodNs);
  }

  wakeAt(): Nanos {
    return this.#at;
  }

  /** A core that is idle comes out of its sleep for it. */
  expire(now: Nanos): void {
    if (this.#at > now) return;
    const { cores, profile, threads } = this.#cores;
    const { tick, idleExitNs = 0 } = profile;
    for (const core of cores) {
      const took = tick!.ns + (core.isIdle ? idleExitNs : 0);
      if (core.threads > 0) this.#cores.interrupt(now, core.index, { run: () => took });
    }
    this.#at = threads.length > 0 ? after(now, this.#periodNs) : NEVER;
  }
}
