// The cores of a host as resources in time. Each runs interrupts first, then one thread; threads of one core take turns
// by time slices. What a core does is counted: busy with threads, spinning, interrupted, switching.

import { CONTEXT_SWITCH, type Ledger, SYSTEM_CALL } from '../memory/index.js';
import { type Alarm, after, type Machine, type Nanos, NEVER } from '../time/index.js';
import { Core, type CoreNodes, type InterruptWork } from './core.js';
import {
  carryOver,
  enter,
  firstOf,
  placeWoken,
  preempts,
  sliceOf,
  taken,
  USUAL_WEIGHT,
} from './fair.js';
import type { CpuProfile } from './profile.js';
import { type Program, type Scheduler, Thread } from './thread.js';

/** Far more than a host's programs; a leak of threads ends here. */
const MAX_THREADS = 65536;
/** A program that goes on so often without time passing never will. */
const MAX_STEPS = 1_000_000;

export interface SpawnOptions {
  /** The core to which it is pinned; any, beginning with the one that has the fewest threads, unless given. */
  readonly core?: number;
  /** The cores on which it may run, where it is pinned to several. */
  readonly cores?: readonly number[];
  /** Its share where others want the core: 1024 unless given, which is nice 0. */
  readonly weight?: number;
}

export class Cores implements Machine, Scheduler {
  readonly profile: CpuProfile;
  readonly ledger: Ledger;
  readonly cores: readonly Core[];
  /** Threads that have not ended. */
  readonly threads: Thread[] = [];
  /** Of a machine with several nodes whose profile says what that costs. */
  nodes: CoreNodes | null = null;
  readonly #nexts: Float64Array;
  #wakeAt: Nanos = NEVER;
  /** Whose thread or interrupt acts now. */
  #acting: Core | null = null;

  /** @param name of each core in the ledger, before its number */
  constructor(profile: CpuProfile, ledger: Ledger, name = 'core') {
    this.profile = profile;
    this.ledger = ledger;
    this.#nexts = new Float64Array(profile.cores);
    const nexts = this.#nexts;
    this.cores = Array.from(nexts, (_, i) => new Core(i, ledger, name, nexts, profile));
  }

  /** Starts a program; it runs when the cores are next told the time. */
  spawn(now: Nanos, name: string, program: Program, options: SpawnOptions = {}): Thread {
    if (this.threads.length === MAX_THREADS) throw new RangeError(`${MAX_THREADS} threads`);
    const { weight = USUAL_WEIGHT } = options;
    const affinity = options.core === undefined ? (options.cores ?? null) : [options.core];
    for (const index of affinity ?? [])
      if (this.cores[index] === undefined) throw new RangeError(`there is no core ${index}`);
    if (!(weight > 0)) throw new RangeError(`${name}: a weight of ${weight}`);
    const core = this.#idlest(affinity);
    const thread = new Thread(name, core.index, core.actor, affinity, weight, this, program);
    enter(core, thread);
    this.threads.push(thread);
    core.threads++;
    thread.readySince = now;
    core.ready.push(thread);
    this.#soon(core, now, now);
    return thread;
  }

  #idlest(affinity: readonly number[] | null): Core {
    let best: Core | undefined;
    for (const core of this.cores) {
      if (affinity !== null && !affinity.includes(core.index)) continue;
      if (best === undefined || core.threads < best.threads) best = core;
    }
    if (best === undefined) throw new RangeError('a thread needs a core to run on');
    return best;
  }

  /** Ends a thread where it stands. */
  kill(now: Nanos, thread: Thread): void {
    if (thread.ended) return;
    const core = this.cores[thread.core]!;
    core.account(now);
    if (core.current === thread) core.leave(now, 'done');
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
    const acting = this.#acting;
    const { wakeUpNs, idleWakeNs = 0 } = this.profile;
    const deeper = core.isIdle && acting !== core ? idleWakeNs : 0;
    thread.until = core.paused ? NEVER : after(now, wakeUpNs + deeper);
    if (acting !== null && acting !== core && core.isFree) acting.platform?.calls(now);
    this.#soon(core, now, thread.until);
  }

  // Machine

  // hot
  soonest(alarm: Alarm): void {
    alarm.lower(this.#wakeAt);
  }

  wakeAt(): Nanos {
    return this.#wakeAt;
  }

  expire(now: Nanos): void {
    // Threads of one core wake those of another: until all that is due is done.
    while (this.#wakeAt <= now) {
      this.#wakeAt = NEVER;
      const nexts = this.#nexts;
      for (let i = 0; i < nexts.length; i++) {
        if (nexts[i]! > now) continue;
        this.#acting = this.cores[i]!;
        this.#run(this.#acting, now);
        this.#acting = null;
      }
      for (let i = 0; i < nexts.length; i++)
        if (nexts[i]! < this.#wakeAt) this.#wakeAt = nexts[i] as Nanos;
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

  /** The core that acts at this instant; null: nobody of these. */
  get acting(): Core | null {
    return this.#acting;
  }

  /** What the core that acts is doing takes so much longer: walks of page tables and the like. */
  // hot
  charge(ns: number): void {
    if (this.#acting !== null) this.#acting.owedNs += ns;
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
      if (!this.#continues(core, thread, now)) {
        if (!this.#isOver(core, thread)) break;
        this.#preempt(core, thread, now);
        continue;
      }
      core.leave(now, 'done');
      thread.go(now);
      if (core.owedNs > 0) this.#pay(core, thread);
      this.#settle(core, thread, now);
    }
    if (core.paused) return;
    const slice = core.ready.length > 0 && core.current !== null ? sliceOf(this.profile, core) : 0;
    const next = core.plan(now, slice);
    if (next < core.next) core.next = next;
  }

  /** Is it another's turn? */
  // hot
  #isOver(core: Core, thread: Thread): boolean {
    const { ready } = core;
    if (ready.length === 0) return false;
    if (!core.resched && core.ranNs < sliceOf(this.profile, core)) return false;
    core.resched = false;
    if (ready[firstOf(ready)]!.vruntime <= thread.vruntime) return true;
    core.ranNs = 0;
    return false;
  }

  #preempt(core: Core, thread: Thread, now: Nanos): void {
    core.switchLeft = core.leave(now, 'preempted');
    core.left = null;
    core.current = null;
    thread.readySince = now;
    core.ready.push(thread);
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
      const took = left + (work.entryNs ?? this.profile.interruptNs) + work.run(now) + core.owedNs;
      core.owedNs = 0;
      core.doingLeft = this.#real(Math.ceil(took));
    }
    return true;
  }

  /** The next thread that is ready gets the core. */
  // hot
  #choose(core: Core, now: Nanos): Thread | null {
    const { ready } = core;
    if (ready.length === 0 && !this.#pull(core, now)) return null;
    const thread = taken(ready, firstOf(ready));
    core.current = thread;
    core.resched = false;
    core.ranNs = 0;
    thread.readyNs += now - thread.readySince;
    thread.readySince = NEVER;
    if (core.last !== thread) {
      const { contextSwitchNs } = this.profile;
      core.switchLeft += this.#real(contextSwitchNs + (thread.runner?.returnNs ?? 0));
      this.ledger.record(now, core.actor, CONTEXT_SWITCH, 0, contextSwitchNs, 0);
    }
    core.last = thread;
    return thread;
  }

  /** A core that has nothing to do takes who has waited longest for another one, if it may. */
  // hot
  #pull(core: Core, now: Nanos): boolean {
    let best: Thread | undefined;
    for (const other of this.cores) {
      if (other === core || other.ready.length === 0) continue;
      for (const thread of other.ready)
        if (mayRun(thread, core) && (best === undefined || thread.readySince < best.readySince))
          best = thread;
    }
    if (best === undefined) return false;
    const from = this.cores[best.core]!;
    from.account(now);
    from.ready.splice(from.ready.indexOf(best), 1);
    this.#move(best, from, core);
    core.ready.push(best);
    return true;
  }

  #move(thread: Thread, from: Core, to: Core): void {
    carryOver(from, to, thread);
    from.threads--;
    to.threads++;
    thread.core = to.index;
    thread.actor = to.actor;
  }

  /** A thread wants a core: its own, or one that is free where its own is not. */
  // hot
  #settleDown(thread: Thread, own: Core, now: Nanos): void {
    placeWoken(this.profile, own, thread);
    let core = own;
    if (!own.isFree && thread.affinity?.length !== 1) {
      const free = this.cores.find((one) => one.isFree && mayRun(thread, one));
      if (free !== undefined) {
        this.#move(thread, own, free);
        core = free;
      }
    }
    thread.readySince = now;
    core.ready.push(thread);
    if (core !== own) this.#soon(core, now, now);
    else if (preempts(this.profile, core, thread)) core.resched = true;
  }

  /** Is what it waits for over? */
  // hot
  #continues(core: Core, thread: Thread, now: Nanos): boolean {
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
      if (thread.until > now && !(thread.isPolite && core.ready.length > 0)) return false;
      thread.timedOut = true;
      thread.waitsFor = null;
    }
    thread.woken = false;
    return true;
  }

  // hot
  #pay(core: Core, thread: Thread): void {
    if (thread.state === 'running') thread.left += Math.ceil(core.owedNs);
    else core.switchLeft += Math.ceil(core.owedNs);
    core.owedNs = 0;
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
      taken(waiting, i--);
      thread.timedOut = !thread.woken;
      thread.woken = false;
      thread.waitsFor = null;
      thread.until = NEVER;
      thread.state = 'ready';
      this.#settleDown(thread, core, now);
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

const mayRun = ({ affinity }: Thread, core: Core): boolean =>
  affinity === null || affinity.includes(core.index);
