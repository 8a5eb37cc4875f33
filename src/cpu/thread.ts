// A thread and the program that it runs. A program is a generator: it yields what it waits for, made by its thread's
// own methods, and goes on when that is over. Between two yields no time passes.

import type { Actor } from '../memory/index.js';
import type { Nanos } from '../time/index.js';
import { NEVER, START } from '../time/index.js';
import { Signal } from './signal.js';

/** What a program yields; only a thread makes one. */
export interface Wait {
  readonly name: string;
}

/** What a thread runs: a generator that yields what it waits for. */
export type Program = (thread: Thread) => Generator<Wait, void, void>;

export type ThreadState =
  | 'ready'
  | 'running'
  | 'working'
  | 'spinning'
  | 'blocked'
  | 'sleeping'
  | 'ended';

/**
 * What else a core runs in a thread's place, such as a guest's code: it is told when the core is its own, and when it no
 * longer is. Leaving and coming back take the core so long where something other than the thread itself is the reason.
 */
export interface Runner {
  readonly leaveNs: number;
  readonly returnNs: number;
  resume(now: Nanos): void;
  pause(now: Nanos, why: 'interrupt' | 'preempted' | 'done'): void;
}

/** What the cores do for a thread. */
export interface Scheduler {
  /** A thread that waits is to go on. */
  wake(now: Nanos, thread: Thread): void;
  countSystemCall(thread: Thread): number;
}

/** A thread of a host, as its program sees it. */
export class Thread implements Wait {
  /** The time, as the program sees it. */
  now: Nanos = START;
  state: ThreadState = 'ready';
  /** The wait that ended last ended by its time, not by its signal. */
  timedOut = false;
  /** It polls only while nobody else wants the core. */
  isPolite = false;
  /** Of work that a signal ended: nanoseconds that were not worked. */
  unspent = 0;
  /** Raised when the program has ended: another thread can wait for it. */
  readonly done = new Signal();
  waitsFor: Signal | null = null;

  // What its cores keep of it.
  readyNs = 0;
  readySince: Nanos = NEVER;
  /** Nanoseconds that it had a core, over its weight. */
  vruntime = 0;
  /** Nanoseconds that it still has to spend before it goes on. */
  left = 0;
  /** When a thread that waits goes on at the latest; when one that was woken is ready. */
  until: Nanos = NEVER;
  woken = false;
  /** What a thread at work has its core run. */
  runner: Runner | null = null;
  /** It goes on at the same instant so often: a program that never waits is found by this. */
  steps = 0;
  readonly #running: Generator<Wait, void, void>;
  readonly #scheduler: Scheduler;

  constructor(
    readonly name: string,
    /** The core that it runs on, and that core's number in the ledger. */
    public core: number,
    public actor: Actor,
    /** The cores that it may run on; null: all. */
    readonly affinity: readonly number[] | null,
    readonly weight: number,
    scheduler: Scheduler,
    program: Program,
  ) {
    this.#scheduler = scheduler;
    this.#running = program(this);
  }

  get ended(): boolean {
    return this.state === 'ended';
  }

  /** Nanoseconds until now that it could have run and did not, for others had its core. */
  waited(now: Nanos): number {
    return this.readyNs + Math.max(0, now - this.readySince);
  }

  /** The core is busy for so long. */
  // hot
  spend(ns: number): Wait {
    if (!(ns >= 0)) throw new RangeError(`${this.name} spends ${ns} ns`);
    this.left = Math.ceil(ns);
    return this;
  }

  /**
   * The core is busy for so long, or until the signal is raised: then `unspent` says how much of it is left. `runner` is what
   * it is busy with, where somebody is to know.
   */
  // hot
  work(ns: number, signal: Signal, runner: Runner | null = null): Wait {
    this.timedOut = false;
    this.unspent = ns;
    if (signal.look(this)) return this;
    this.left = ns;
    this.runner = runner;
    this.state = 'working';
    this.waitsFor = signal;
    return this;
  }

  /** A system call: counted, and its time spent, with what the kernel does in it. */
  systemCall(ns = 0): Wait {
    return this.spend(this.#scheduler.countSystemCall(this) + ns);
  }

  /** Waits for the signal without giving the core up: busy polling. */
  // hot
  spin(signal: Signal, until: Nanos = NEVER): Wait {
    this.isPolite = false;
    return this.#wait(signal, until, 'spinning');
  }

  /** The same for as long as nobody else wants the core: then, too, it has `timedOut`. */
  spinAlone(signal: Signal, until: Nanos = NEVER): Wait {
    this.isPolite = true;
    return this.#wait(signal, until, 'spinning');
  }

  /** Gives the core up until the signal is raised. */
  block(signal: Signal, until: Nanos = NEVER): Wait {
    return this.#wait(signal, until, 'blocked');
  }

  /** Gives the core up until then. */
  sleep(until: Nanos): Wait {
    this.timedOut = false;
    this.state = 'sleeping';
    this.until = until;
    return this;
  }

  // hot
  #wait(signal: Signal, until: Nanos, state: 'spinning' | 'blocked'): Wait {
    this.timedOut = false;
    if (signal.look(this)) return this;
    this.state = state;
    this.waitsFor = signal;
    this.until = until;
    return this;
  }

  // Called by signals and by the cores.

  // hot
  wake(now: Nanos): void {
    this.waitsFor?.look(this);
    this.waitsFor = null;
    this.woken = true;
    this.#scheduler.wake(now, this);
  }

  /** Runs the program to its next yield. */
  // hot
  go(now: Nanos): void {
    this.steps = now === this.now ? this.steps + 1 : 0;
    this.now = now;
    if (this.state === 'working') {
      this.unspent = this.left;
      this.left = 0;
      this.runner = null;
    }
    this.state = 'running';
    if (this.#running.next().done !== true) return;
    this.state = 'ended';
    this.done.raise(now);
  }

  /** Ends it where it stands; its `finally` blocks run. */
  kill(now: Nanos): void {
    if (this.ended) return;
    this.now = now;
    this.#running.return();
    this.state = 'ended';
    this.waitsFor = null;
    this.done.raise(now);
  }
}
