// The cores of a host as resources in time. Each runs interrupts first, then one thread; threads of one core take turns
// by time slices. What a core does is counted: busy with threads, spinning, interrupted, switching.

import { CONTEXT_SWITCH, type Ledger, SYSTEM_CALL } from '../memory/index.js';
import { after, type Machine, type Nanos, NEVER } from '../time/index.js';
import { Core, type InterruptWork } from './core.js';
import type { CpuProfile } from './profile.js';
import { type Program, type Scheduler, Thread } from './thread.js';

/** Far more than a host's programs; a leak of threads ends here. */
const MAX_THREADS = 65536;
/** A program that goes on so often without time passing never will. */
const MAX_STEPS = 1_000_000;

export interface SpawnOptions {
  /** The core with the fewest threads unless given. */
  readonly core?: number;
}

export class Cores implements Machine, Scheduler {
  readonly profile: CpuProfile;
  readonly ledger: Ledger;
  readonly cores: readonly Core[];
  /** Threads that have not ended. */
  readonly threads: Thread[] = [];
  #wakeAt: Nanos = NEVER;

  /** @param name of each core in the ledger, before its number */
  constructor(profile: CpuProfile, ledger: Ledger, name = 'core') {
    this.profile = profile;
    this.ledger = ledger;
    this.cores = Array.from({ length: profile.cores }, (_, i) => new Core(i, ledger, name));
  }

  /** Starts a program; it runs when the cores are next told the time. */
  spawn(now: Nanos, name: string, program: Program, options: SpawnOptions = {}): Thread {
    if (this.threads.length === MAX_THREADS) throw new RangeError(`${MAX_THREADS} threads`);
    const core = options.core === undefined ? this.#idlest() : this.cores[options.core];
    if (core === undefined) throw new RangeError(`there is no core ${options.core}`);
    const thread = new Thread(name, core.index, core.actor, this, program);
    this.threads.push(thread);
    core.threads++;
    thread.readySince = now;
    core.ready.push(thread);
    this.#soon(core, now, now);
    return thread;
  }

  #idlest(): Core {
    let best = this.cores[0]!;
    for (const core of this.cores) if (core.threads < best.threads) best = core;
    return best;
  }

  /** Ends a thread where it stands. */
  kill(now: Nanos, thread: Thread): void {
    if (thread.ended) return;
    const core = this.cores[thread.core]!;
    core.account(now);
    thread.kill(now);
    core.forget(thread);
    this.#end(core, thread);
    this.#soon(core, now, now);
  }

  /** A device interrupts a core: `work` runs there before any thread, for as long as it says. */
  interrupt(now: Nanos, index: number, work: InterruptWork): void {
    const core = this.cores[index];
    if (core === undefined) throw new RangeError(`there is no core ${index}`);
    core.work.push(work);
    this.#soon(core, now, now);
  }

  // Scheduler

  countSystemCall(thread: Thread): number {
    const { systemCallNs } = this.profile;
    this.ledger.record(thread.now, thread.actor, SYSTEM_CALL, 0, systemCallNs, 0);
    return systemCallNs;
  }

  // hot
  wake(now: Nanos, thread: Thread): void {
    const core = this.cores[thread.core]!;
    if (thread.state === 'spinning' || thread.state === 'working') {
      thread.until = NEVER;
      if (core.current === thread) this.#soon(core, now, now);
      return;
    }
    // The way from the event to the thread is the core's own work: one that stands still begins it when it goes on.
    thread.until = core.paused ? NEVER : after(now, this.profile.wakeUpNs);
    this.#soon(core, now, thread.until);
  }

  // Machine

  wakeAt(): Nanos {
    return this.#wakeAt;
  }

  expire(now: Nanos): void {
    // Threads of one core wake those of another: until all that is due is done.
    while (this.#wakeAt <= now) {
      this.#wakeAt = NEVER;
      for (const core of this.cores) if (core.next <= now) this.#run(core, now);
      for (const core of this.cores) if (core.next < this.#wakeAt) this.#wakeAt = core.next;
    }
  }

  /** The core of a virtual CPU goes on: that runs from now on. */
  resume(now: Nanos, core: Core): void {
    if (!core.paused) return;
    core.account(now);
    core.paused = false;
    for (const thread of core.waiting)
      if (thread.woken && thread.until === NEVER) thread.until = after(now, this.profile.wakeUpNs);
    this.#soon(core, now, now);
  }

  // hot
  #soon(core: Core, now: Nanos, at: Nanos): void {
    if (core.paused) {
      core.platform?.wanted(now);
      return;
    }
    if (at < core.next) core.next = at;
    if (at < this.#wakeAt) this.#wakeAt = at;
  }

  // hot
  #run(core: Core, now: Nanos): void {
    core.next = NEVER;
    core.account(now);
    this.#rise(core, now);
    while (!core.paused && !this.#interrupts(core, now)) {
      const thread = core.current ?? this.#choose(core, now);
      if (thread === null || core.switchLeft > 0) break;
      if (core.ready.length > 0 && now >= core.sliceEnd) {
        core.switchLeft = core.leave(now, 'preempted');
        core.left = null;
        thread.readySince = now;
        core.ready.push(thread);
        core.current = null;
        continue;
      }
      if (!this.#continues(thread, now)) break;
      core.leave(now, 'done');
      thread.go(now);
      this.#settle(core, thread, now);
    }
    if (core.paused) return;
    const next = core.plan(now, this.profile.timeSliceNs);
    if (next < core.next) core.next = next;
  }

  /** Does what interrupts ask for; true while the core is busy with it. */
  // hot
  #interrupts(core: Core, now: Nanos): boolean {
    while (!core.paused) {
      if (core.doing !== null) {
        if (core.doingLeft > 0) return true;
        const { doing } = core;
        core.doing = null;
        doing.done?.(now);
      }
      const work = core.work.shift();
      if (work === undefined) return false;
      core.doing = work;
      const left = core.leave(now, 'interrupt');
      const took = left + (work.entryNs ?? this.profile.interruptNs) + work.run(now);
      core.doingLeft = this.#real(Math.ceil(took));
    }
    return true;
  }

  /** The next thread that is ready gets the core. */
  // hot
  #choose(core: Core, now: Nanos): Thread | null {
    const thread = core.ready.shift();
    if (thread === undefined) return null;
    core.current = thread;
    thread.readyNs += now - thread.readySince;
    core.sliceEnd = after(now, this.profile.timeSliceNs);
    if (core.last !== thread) {
      const { contextSwitchNs } = this.profile;
      core.switchLeft += this.#real(contextSwitchNs + (thread.runner?.returnNs ?? 0));
      this.ledger.record(now, core.actor, CONTEXT_SWITCH, 0, contextSwitchNs, 0);
    }
    core.last = thread;
    return thread;
  }

  /** Is what it waits for over? */
  // hot
  #continues(thread: Thread, now: Nanos): boolean {
    if (thread.state === 'working') {
      if (!thread.woken && thread.left > 0) return false;
      thread.timedOut = !thread.woken;
      thread.woken = false;
      thread.waitsFor = null;
      return true;
    }
    if (thread.left > 0) return false;
    if (thread.state !== 'spinning') return true;
    if (!thread.woken) {
      if (thread.until > now) return false;
      thread.timedOut = true;
      thread.waitsFor = null;
    }
    thread.woken = false;
    return true;
  }

  /** What the program wants now. */
  // hot
  #settle(core: Core, thread: Thread, now: Nanos): void {
    if (this.profile.realTime === true && thread.state !== 'working') thread.left = 0;
    if (thread.steps >= MAX_STEPS)
      throw new Error(`${thread.name} on core ${core.index} goes on for ever without time passing`);
    switch (thread.state) {
      case 'running':
      case 'working':
      case 'spinning':
        return;
      case 'ended':
        core.current = null;
        core.last = null;
        this.#end(core, thread);
        return;
      default:
        core.current = null;
        core.last = null; // what is idle, has switched away from it
        core.waiting.push(thread);
        if (thread.until < core.next) core.next = thread.until;
        if (thread.until <= now) this.#rise(core, now);
    }
  }

  /** Threads whose waiting is over become ready. */
  // hot
  #rise(core: Core, now: Nanos): void {
    const { waiting } = core;
    for (let i = 0; i < waiting.length; i++) {
      const thread = waiting[i]!;
      if (thread.until > now) continue;
      waiting.splice(i--, 1);
      thread.timedOut = !thread.woken;
      thread.woken = false;
      thread.waitsFor = null;
      thread.until = NEVER;
      thread.state = 'ready';
      thread.readySince = now;
      core.ready.push(thread);
    }
  }

  #end(core: Core, thread: Thread): void {
    core.threads--;
    this.threads.splice(this.threads.indexOf(thread), 1);
  }

  #real(ns: number): number {
    return this.profile.realTime === true ? 0 : ns;
  }
}
