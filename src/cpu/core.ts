// One core: what it does now, what waits for it, and where its time went.

import type { Actor, Ledger } from '../memory/index.js';
import { after, earlier, type Nanos, NEVER, START } from '../time/index.js';
import { USUAL_WEIGHT } from './fair.js';
import type { CpuProfile } from './profile.js';
import { RegisterWrites } from './register-writes.js';
import type { Runner, Thread } from './thread.js';

/** What an interrupt has the core do: a driver's handler, a softirq. */
export interface InterruptWork {
  /** Does it, when the core gets to it; how many nanoseconds it takes. */
  run(now: Nanos): number;
  /** What getting there takes; the profile's interrupt unless given. Softirqs go on where they were: 0. */
  readonly entryNs?: number;
  /** That time is over. */
  done?(now: Nanos): void;
}

type Activity = 'idle' | 'interrupt' | 'switch' | 'busy' | 'spin';

/** What the core of a virtual CPU stands on. */
export interface Platform {
  /** It has nothing to do before then. */
  idle(now: Nanos, until: Nanos): void;
  /** It has something to do, and is not running. */
  wanted(now: Nanos): void;
  /** It has woken a thread of another core, which had nothing to do: it must tell that core. */
  calls(now: Nanos): void;
}

/** Is told what a core did, and from when to when, once it is over. */
export interface CoreObserver {
  spent(
    core: number,
    doing: Exclude<Activity, 'idle'>,
    from: Nanos,
    until: Nanos,
    thread: string,
  ): void;
}

/** Where cores are, and what memory of another node costs them when they copy. */
export interface CoreNodes {
  nodeOf(core: number): number;
  readonly farNsPerByte: number;
}

export class Core {
  readonly actor: Actor;
  /** What it has written to registers of devices. */
  readonly registerWrites: RegisterWrites;
  /** Threads that belong here and have not ended. */
  threads = 0;
  /** Threads that could run, in turn, and those that wait for a signal or a time. */
  readonly ready: Thread[] = [];
  readonly waiting: Thread[] = [];
  /** The thread that has the core, and the one that had it last. */
  current: Thread | null = null;
  last: Thread | null = null;
  /** Of the thread that has it: how much of its slice is over. Whether another is to have it at once. */
  ranNs = 0;
  resched = false;
  /** The least virtual run time of those that want it. */
  vruntime = 0;
  switchLeft = 0;
  /** What interrupts have asked for, and the one that is being served. */
  readonly work: InterruptWork[] = [];
  doing: InterruptWork | null = null;
  doingLeft = 0;
  /** When each core must be looked at again, side by side: of all of them this is asked most often. */
  readonly #nexts: Float64Array;

  /** Nanoseconds so far: threads at work, threads that poll, interrupts, switches. The rest was idle. */
  busyNs = 0;
  spinNs = 0;
  interruptNs = 0;
  switchNs = 0;
  /** What it did at this instant took so much longer than whoever did it knows (`Cores.charge`). */
  owedNs = 0;
  /** A core of a guest stands still while its virtual CPU does not run; others never do. */
  paused = false;
  platform: Platform | null = null;
  /** What it runs now in a thread's place; what was left for another's sake, and is to be come back to. */
  runner: Runner | null = null;
  left: Runner | null = null;
  /** Nobody unless somebody wants a picture. */
  observer: CoreObserver | null = null;
  #activity: Activity = 'idle';
  #since: Nanos = START;

  constructor(
    readonly index: number,
    ledger: Ledger,
    name: string,
    nexts: Float64Array,
    { registerWriteNs = 0 }: CpuProfile,
  ) {
    this.registerWrites = new RegisterWrites(registerWriteNs);
    this.#nexts = nexts;
    nexts[index] = NEVER;
    this.actor = ledger.actor(`${name}${index}`);
  }

  get next(): Nanos {
    return this.#nexts[this.index] as Nanos;
  }

  set next(at: Nanos) {
    this.#nexts[this.index] = at;
  }

  /** It had nothing to do when it was looked at last. */
  get isIdle(): boolean {
    return this.#activity === 'idle';
  }

  /** Part of the time since the start that it was not idle; polling counts as busy, as `top` shows it. */
  utilisation(now: Nanos): number {
    this.account(now);
    const used = this.busyNs + this.spinNs + this.interruptNs + this.switchNs;
    return now > 0 ? used / now : 0;
  }

  /** Books the time since it was last asked on what the core was doing. */
  // hot
  account(now: Nanos): void {
    const took = now - this.#since;
    this.#since = now;
    if (took === 0) return;
    if (this.observer !== null && this.#activity !== 'idle')
      this.observer.spent(
        this.index,
        this.#activity,
        (now - took) as Nanos,
        now,
        this.current?.name ?? '',
      );
    switch (this.#activity) {
      case 'interrupt':
        this.interruptNs += took;
        this.doingLeft = Math.max(0, this.doingLeft - took);
        break;
      case 'switch':
        this.switchNs += took;
        this.switchLeft = Math.max(0, this.switchLeft - took);
        this.#ran(took);
        break;
      case 'busy':
        this.busyNs += took;
        this.current!.left = Math.max(0, this.current!.left - took);
        this.#ran(took);
        break;
      case 'spin':
        this.spinNs += took;
        this.#ran(took);
    }
  }

  // hot
  #ran(took: number): void {
    const thread = this.current!;
    this.ranNs += took;
    thread.vruntime += (took * USUAL_WEIGHT) / thread.weight;
  }

  /** Nothing runs here, nor is about to. */
  get isFree(): boolean {
    return (
      this.current === null &&
      this.doing === null &&
      this.ready.length === 0 &&
      this.work.length === 0
    );
  }

  /** What it does from now on, and until when. */
  // hot
  plan(now: Nanos, sliceNs: number): Nanos {
    const thread = this.current;
    if (this.doing !== null) {
      this.#activity = 'interrupt';
      return after(now, this.doingLeft);
    }
    if (thread === null) {
      this.#activity = 'idle';
      const until = this.#earliest();
      if (this.platform !== null && !this.#wakes) this.platform.idle(now, until);
      return this.paused ? NEVER : until;
    }
    if (this.left !== null && this.left === thread.runner) this.switchLeft += this.left.returnNs;
    this.left = null;
    let next: Nanos;
    if (this.switchLeft > 0) {
      this.#activity = 'switch';
      next = after(now, this.switchLeft);
    } else if (thread.left > 0) {
      this.#activity = 'busy';
      next = after(now, thread.left);
    } else {
      this.#activity = 'spin';
      next = thread.until;
    }
    // A slice ends only for others' sake.
    if (this.ready.length === 0) this.ranNs = 0;
    else next = earlier(next, after(now, Math.max(0, sliceNs - this.ranNs)));
    const rise = this.#earliest();
    if (this.#activity === 'busy' && thread.runner !== this.runner) {
      this.runner = thread.runner;
      this.runner?.resume(now);
    }
    return rise < next ? rise : next;
  }

  /** What it runs in a thread's place has to leave; the nanoseconds that this takes. */
  // hot
  leave(now: Nanos, why: 'interrupt' | 'preempted' | 'done'): number {
    const { runner } = this;
    if (runner === null) return 0;
    this.runner = null;
    runner.pause(now, why);
    if (why === 'done') return 0;
    this.left = runner;
    return runner.leaveNs;
  }

  /** Some thread was woken, and is on its way to be ready. */
  get #wakes(): boolean {
    for (const thread of this.waiting) if (thread.woken) return true;
    return false;
  }

  /** The core stands still from now on: its virtual CPU does not run. */
  pause(now: Nanos): void {
    if (this.paused) return;
    this.account(now);
    this.paused = true;
    this.#activity = 'idle';
    this.next = NEVER;
  }

  /** When the first thread that waits goes on by itself. */
  #earliest(): Nanos {
    let first: Nanos = NEVER;
    for (const thread of this.waiting) if (thread.until < first) first = thread.until;
    return first;
  }

  /** A thread that was ended from outside. */
  forget(thread: Thread): void {
    for (const list of [this.ready, this.waiting]) {
      const i = list.indexOf(thread);
      if (i >= 0) list.splice(i, 1);
    }
    if (this.current === thread) {
      this.current = null;
      this.switchLeft = 0;
      this.#activity = 'idle';
    }
    if (this.last === thread) this.last = null;
  }
}
