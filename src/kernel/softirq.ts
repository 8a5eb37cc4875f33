// Softirqs of one core: what interrupts and timers have asked for is done in small steps, each with its time, before any
// thread of the core goes on. When that lasts too long, a kernel thread takes over and shares the core with the others.

import type { InterruptWork, Program, Thread } from '../cpu/index.js';
import { Signal } from '../cpu/index.js';
import { ms, type Nanos, START } from '../time/index.js';
import type { Arrival } from './arrival.js';
import type { Kernel } from './kernel.js';
import { type Napi, POLL_WEIGHT } from './napi.js';

/** How long softirqs keep a core from its threads (MAX_SOFTIRQ_TIME). */
const LONGEST = ms(2);

type Step = 'none' | 'ring' | 'up' | 'complete' | 'expire' | 'wake';

export class Softirq implements InterruptWork {
  readonly entryNs = 0;
  readonly core: number;
  readonly #kernel: Kernel;
  readonly #list: Napi[] = [];
  /** It has the core, or is to get it. */
  #active = false;
  #since: Nanos = START;
  #step: Step = 'none';
  #napi: Napi | null = null;
  #arrival: Arrival | null = null;
  /** TCP may have something to send; a timer is due. */
  #sends = false;
  /** The host has sent something to itself from here. */
  #own = false;
  #timers = false;
  // ksoftirqd.
  #thread: Thread | null = null;
  #deferred = false;
  readonly #signal = new Signal();

  constructor(kernel: Kernel, core: number) {
    this.#kernel = kernel;
    this.core = core;
  }

  /** A queue has interrupted. */
  // hot
  schedule(now: Nanos, napi: Napi): void {
    napi.scheduled = true;
    this.#list.push(napi);
    this.#begin(now);
  }

  /** TCP or IP may have something to send. */
  // hot
  wantSend(now: Nanos): void {
    this.#sends = true;
    this.#begin(now);
  }

  // hot
  wantBacklog(now: Nanos): void {
    this.#own = true;
    this.#begin(now);
  }

  wantTimers(now: Nanos): void {
    this.#timers = true;
    this.#begin(now);
  }

  // hot
  #begin(now: Nanos): void {
    if (this.#active) return;
    this.#active = true;
    this.#since = now;
    this.#kernel.parts.cores.interrupt(now, this.core, this);
  }

  /** Looks at the next step and says how long it takes. */
  // hot
  run(now: Nanos): number {
    this.#kernel.enter(now, this.core);
    this.#step = this.#look(now);
    return this.#kernel.bill.take(this.core);
  }

  // hot
  #look(now: Nanos): Step {
    const kernel = this.#kernel;
    if (kernel.parts.bill.owes(this.core) || kernel.hasNews(this.core)) return 'ring';
    if (this.#sends) {
      if (kernel.sendNext(now, this.core)) return 'ring';
      this.#sends = false;
    }
    if (this.#timers) return 'expire';
    if (this.#own) {
      const arrival = kernel.takeOwn(this.core);
      if (arrival) return this.#up(arrival);
      this.#own = false;
    }
    const napi = this.#list[0];
    if (napi === undefined) return 'none';
    this.#napi = napi;
    if (napi.clean()) return 'wake';
    const arrival = napi.poll(now) ? napi.takeUp() : undefined;
    if (arrival) return this.#up(arrival);
    if (kernel.parts.bill.owes(this.core)) return 'ring'; // others may have come in the meantime
    kernel.chargePoll();
    return 'complete';
  }

  // hot
  #up(arrival: Arrival): Step {
    this.#arrival = arrival;
    this.#kernel.chargeArrival(arrival);
    return 'up';
  }

  /** The step's time is over: what it does happens now. */
  // hot
  done(now: Nanos): void {
    const kernel = this.#kernel;
    kernel.enter(now, this.core);
    this.#finish(now);
    if (this.#step === 'none' && !this.#wanted) {
      this.#active = false;
      return;
    }
    if (now - this.#since > LONGEST && !this.#deferred) this.#defer();
    else if (!this.#deferred) kernel.parts.cores.interrupt(now, this.core, this);
  }

  get #wanted(): boolean {
    return this.#sends || this.#timers || this.#own || this.#list.length > 0;
  }

  // hot
  #finish(now: Nanos): void {
    const kernel = this.#kernel;
    switch (this.#step) {
      case 'ring':
        return kernel.tellCard(now, this.core);
      case 'expire':
        this.#timers = false;
        kernel.expireTimers(now);
        this.#sends = true;
        return;
      case 'wake':
        this.#sends = true;
        return;
      case 'up': {
        const arrival = this.#arrival!;
        this.#arrival = null;
        kernel.handUp(now, arrival);
        if (arrival.own) kernel.parts.loopback.finished(arrival);
        else this.#napi!.finished(arrival);
        this.#sends = true;
        return;
      }
      case 'complete':
        return this.#complete(now);
      default:
        return;
    }
  }

  // hot
  #complete(now: Nanos): void {
    const napi = this.#list.shift()!;
    if (napi.complete(now)) return this.#kernel.landed(now, napi.queue);
    napi.budget = POLL_WEIGHT;
    this.#list.push(napi); // by turns
  }

  /** ksoftirqd: from now on a thread does it, until nothing is left. */
  #defer(): void {
    this.#deferred = true;
    const { cores } = this.#kernel.parts;
    const now = this.#kernel.now;
    if (this.#thread === null) {
      const program: Program = (thread) => this.#daemon(thread);
      this.#thread = cores.spawn(now, `ksoftirqd/${this.core}`, program, { core: this.core });
    } else this.#signal.raise(now);
  }

  *#daemon(thread: Thread): ReturnType<Program> {
    for (;;) {
      while (!this.#deferred) yield thread.block(this.#signal);
      yield thread.spend(this.run(thread.now));
      this.done(thread.now);
      if (!this.#active) this.#deferred = false;
      this.#since = thread.now;
    }
  }
}
