// A virtual CPU: a thread of the host whose core runs the guest's code, until something makes the guest leave it. What the
// guest does in the meantime is the business of its own scheduler, whose core stands still while the thread has none.

import type { Core, Cores, InterruptWork, Platform, Runner, Thread, Wait } from '../cpu/index.js';
import { Signal } from '../cpu/index.js';
import { INJECTION, ledgerKinds } from '../memory/index.js';
import { after, earlier, type Nanos, NEVER } from '../time/index.js';
import { type ExitReasonName, exitReasonNames, exitReasons } from './exit.js';
import type { VmProfile } from './profile.js';

/** What the host does when a guest has left its core: on the thread of the virtual CPU. */
export type ExitHandler = (thread: Thread) => Generator<Wait, void, void>;

/** halt_poll_ns_grow_start. */
const FIRST_POLL_NS = 10_000;

interface PendingExit {
  readonly reason: ExitReasonName;
  readonly handler: ExitHandler | null;
}

export interface VcpuOptions {
  readonly name: string;
  readonly index: number;
  /** The guest's cores, of which this is one. */
  readonly guest: Cores;
  /** The host's. */
  readonly host: Cores;
  readonly profile: VmProfile;
  /** The core of the host to which it is pinned; any unless given. */
  readonly pin?: number;
}

export class Vcpu implements Runner, Platform {
  readonly name: string;
  readonly index: number;
  readonly core: Core;
  readonly thread: Thread;
  readonly leaveNs: number;
  /** How often the guest has left, by reason. */
  readonly exits: Record<ExitReasonName, number>;
  readonly #options: VcpuOptions;
  readonly #nsPerCycle: number;
  readonly #entryNs: number;
  readonly #loadNs: number;
  /** The guest's state is not in the core: its thread had none. */
  #isOut = true;
  /** What the next entry takes more: interrupts that the guest gets with it. */
  #injectingNs = 0;
  /** The guest leaves its core. */
  readonly #left = new Signal();
  /** A halted guest has something to do. */
  readonly #news = new Signal();
  readonly #pending: PendingExit[] = [];
  #halted = false;
  #sleepsUntil: Nanos = NEVER;
  /** How long a halt is polled now. */
  #pollNs = 0;

  constructor(now: Nanos, options: VcpuOptions) {
    const { name, index, guest, host, profile, pin } = options;
    this.#options = options;
    this.name = name;
    this.index = index;
    this.core = guest.cores[index]!;
    this.core.platform = this;
    this.core.pause(now);
    this.exits = Object.fromEntries(exitReasonNames.map((reason) => [reason, 0])) as never;
    this.#nsPerCycle = 1e9 / host.profile.hertz;
    this.leaveNs = this.#ns(profile.exitCycles);
    this.#entryNs = this.#ns(profile.entryCycles);
    this.#loadNs = this.#ns(profile.loadCycles);
    const program = (thread: Thread) => this.#run(thread);
    this.thread = host.spawn(now, name, program, pin === undefined ? {} : { core: pin });
  }

  /** What entering the guest takes. */
  get returnNs(): number {
    return this.#entryNs + this.#injectingNs + (this.#isOut ? this.#loadNs : 0);
  }

  #ns(cycles: number): number {
    return Math.ceil(cycles * this.#nsPerCycle);
  }

  /** Nanoseconds that the guest could have run and did not, for others had its core. */
  steal(now: Nanos): number {
    return this.thread.waited(now);
  }

  /** It runs the guest now. */
  get runs(): boolean {
    return !this.core.paused;
  }

  /** The guest leaves its core for this reason; what it does next, it does when the handler has run and it is back. */
  exit(now: Nanos, reason: ExitReasonName, handler: ExitHandler | null = null): void {
    if (this.core.paused && this.#pending.length === 0)
      throw new RangeError(`${this.name} does not run, and cannot leave`);
    this.core.pause(now);
    this.#pending.push({ reason, handler });
    this.#left.raise(now);
  }

  // Runner

  resume(now: Nanos): void {
    this.#injectingNs = 0;
    this.#isOut = false;
    this.#options.guest.resume(now, this.core);
  }

  pause(now: Nanos, why: 'interrupt' | 'preempted' | 'done'): void {
    if (why !== 'done') this.#count(now, 'external-interrupt', this.leaveNs + this.returnNs);
    if (why === 'preempted') this.#isOut = true;
    this.core.pause(now);
  }

  // Platform

  idle(now: Nanos, until: Nanos): void {
    // The guest sets its timer (IA32_TSC_DEADLINE) before it halts.
    if (until < NEVER && until !== this.#sleepsUntil) this.exit(now, 'msr-write');
    this.#sleepsUntil = until;
    this.#halted = true;
    this.exit(now, 'hlt');
  }

  wanted(now: Nanos): void {
    if (this.#halted) this.#news.raise(now);
  }

  /** The guest writes the other CPU's number to its interrupt controller. */
  calls(now: Nanos): void {
    this.exit(now, 'msr-write');
  }

  /** A device's interrupt for this virtual CPU has come to the host. */
  deliver(now: Nanos, work: InterruptWork): void {
    const { host, profile } = this.#options;
    const isPosted = profile.posted && !this.#halted;
    if (isPosted) return this.#give(now, work);
    const handler = {
      run: () => this.#ns(profile.forwardCycles),
      done: (at: Nanos) => this.inject(at, work),
    };
    host.interrupt(now, this.thread.core, handler);
  }

  /** The host gives the guest an interrupt: one that runs leaves for it, unless the processor can do without. */
  inject(now: Nanos, work: InterruptWork): void {
    const { profile } = this.#options;
    if (profile.posted || this.core.paused) return this.#give(now, work);
    this.exit(now, 'external-interrupt');
    this.#give(now, work);
  }

  /** The guest's core has it to do; when it is through, it says so, by an exit where the processor cannot. */
  #give(now: Nanos, work: InterruptWork): void {
    const { guest, host, profile } = this.#options;
    const took = profile.posted ? 0 : this.#ns(profile.injectCycles);
    host.ledger.record(now, this.core.actor, INJECTION, 0, took, 0);
    if (this.core.paused) this.#injectingNs += took;
    guest.interrupt(now, this.index, profile.posted ? work : this.#withEnd(work));
  }

  #withEnd(work: InterruptWork): InterruptWork {
    return {
      ...(work.entryNs !== undefined && { entryNs: work.entryNs }),
      run: (now) => work.run(now),
      done: (now) => {
        work.done?.(now);
        if (!this.core.paused) this.exit(now, 'msr-write');
      },
    };
  }

  #count(now: Nanos, reason: ExitReasonName, took: number): void {
    const kind = ledgerKinds.indexOf(exitReasons[reason].kind);
    this.exits[reason]++;
    this.#options.host.ledger.record(now, this.core.actor, kind, 0, took, 0);
  }

  *#run(thread: Thread): Generator<Wait, void, void> {
    const { profile } = this.#options;
    for (;;) {
      yield thread.spend(this.returnNs);
      // Several exits at one instant raise the signal more often than it is waited for.
      do yield thread.work(Number.POSITIVE_INFINITY, this.#left, this);
      while (this.#pending.length === 0);
      for (let exit = this.#pending[0]; exit !== undefined; exit = this.#pending[0]) {
        const begun = thread.now;
        yield thread.spend(this.leaveNs + this.#ns(profile.handlerCycles[exit.reason]));
        if (exit.handler !== null) yield* exit.handler(thread);
        this.#count(begun, exit.reason, thread.now - begun + this.returnNs);
        this.#pending.shift();
        if (this.#pending.length > 0) yield thread.spend(this.returnNs);
        else if (exit.reason === 'hlt') yield* this.#sleep(thread);
      }
    }
  }

  /** kvm_vcpu_halt: polls for as long as that has paid lately, while nobody else wants the core; then gives it up. */
  *#sleep(thread: Thread): Generator<Wait, void, void> {
    const { host } = this.#options;
    const until = this.#sleepsUntil;
    const begun = thread.now;
    thread.timedOut = true;
    if (this.#pollNs > 0 && host.cores[thread.core]!.ready.length === 0)
      yield thread.spinAlone(this.#news, earlier(until, after(begun, this.#pollNs)));
    if (thread.timedOut && thread.now < until) {
      yield thread.block(this.#news, until);
      this.#isOut = true;
    }
    this.#learn(thread.now - begun);
    this.#halted = false;
  }

  /** Polls longer after halts that were short, and not at all after long ones (grow and shrink as Linux has them). */
  #learn(haltedNs: number): void {
    const { haltPollNs: most } = this.#options.profile;
    if (haltedNs <= this.#pollNs) return;
    if (haltedNs >= most) this.#pollNs = 0;
    else this.#pollNs = Math.min(most, Math.max(FIRST_POLL_NS, this.#pollNs * 2));
  }
}
