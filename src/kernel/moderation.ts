// When a card interrupts: at once, after some time or frames (ethtool -C rx-usecs, rx-frames), or as the load asks for
// (adaptive-rx). The adaptive part follows Linux's DIM (lib/dim/net_dim.c): from the rates of the last 64 interrupts it
// goes one step to longer or shorter waits, and turns round when that made things worse.

import { after, type Nanos, NEVER } from '../time/index.js';
import type { Throttle } from './profile.js';

const NS_A_US = 1000;

/** Microseconds and frames, least moderation first (NET_DIM_RX_CQE_PROFILES). */
export const adaptiveSteps = [
  { us: 2, frames: 256 },
  { us: 8, frames: 128 },
  { us: 16, frames: 64 },
  { us: 32, frames: 64 },
  { us: 64, frames: 64 },
] as const;
const FIRST_STEP = 1;
/** Interrupts of one measurement (DIM_NEVENTS). */
const MEASURED = 64;
/** Parts of a rate that count as a change (IS_SIGNIFICANT_DIFF). */
const SIGNIFICANT = 0.1;

type Outcome = 'better' | 'worse' | 'same';
type State = 'on top' | 'tired' | 'right' | 'left';

/** Whether it went better: by bytes, then by packets, then by fewer interrupts (net_dim_stats_compare). */
function compare(now: Rates, before: Rates): Outcome {
  for (const key of ['bytes', 'packets'] as const) {
    if (before[key] === 0) return now[key] > 0 ? 'better' : 'same';
    if (differs(now[key], before[key])) return now[key] > before[key] ? 'better' : 'worse';
  }
  if (differs(now.events, before.events)) return now.events < before.events ? 'better' : 'worse';
  return 'same';
}
const differs = (a: number, b: number): boolean => b > 0 && Math.abs(a - b) / b > SIGNIFICANT;

interface Rates {
  readonly bytes: number;
  readonly packets: number;
  readonly events: number;
}

/** What a queue's moderation follows: told of what each interrupt brought, it says how long to wait, and for how many frames. */
export interface Adaptive {
  readonly us: number;
  readonly frames: number;
  /** True when they have changed. */
  served(now: Nanos, frames: number, bytes: number): boolean;
}

export class AdaptiveModeration implements Adaptive {
  step = FIRST_STEP;
  #state: State = 'on top';
  /** Steps since it turned, by direction, and since it parked. */
  #right = 0;
  #left = 0;
  #tired = 0;
  #before: Rates = { bytes: 0, packets: 0, events: 0 };
  #since = 0 as Nanos;
  #bytes = 0;
  #packets = 0;
  #events = 0;

  get us(): number {
    return adaptiveSteps[this.step]!.us;
  }

  get frames(): number {
    return adaptiveSteps[this.step]!.frames;
  }

  /** One interrupt was served, which brought so much; true when the step has changed. */
  served(now: Nanos, packets: number, bytes: number): boolean {
    this.#packets += packets;
    this.#bytes += bytes;
    if (++this.#events < MEASURED) return false;
    const time = Math.max(1, now - this.#since);
    const rates = {
      bytes: this.#bytes / time,
      packets: this.#packets / time,
      events: this.#events / time,
    };
    this.#since = now;
    this.#bytes = 0;
    this.#packets = 0;
    this.#events = 0;
    const { step } = this;
    const parked = this.#state === 'on top';
    this.#decide(compare(rates, this.#before));
    if (!parked || this.#state !== 'on top') this.#before = rates;
    return this.step !== step;
  }

  /** net_dim_decision. */
  #decide(outcome: Outcome): void {
    switch (this.#state) {
      case 'on top':
        if (outcome !== 'same') this.#leave();
        return;
      case 'tired':
        if (--this.#tired === 0) this.#leave();
        return;
      default:
        if (outcome !== 'better') this.#turn();
        if (this.#isOnTop) return this.#park('on top');
        if (this.#tired === MOST_STEPS) return this.#park('tired');
        if (!this.#go()) this.#park('on top');
    }
  }

  /** Both neighbours were worse: one step back after several on. */
  get #isOnTop(): boolean {
    return this.#state === 'right'
      ? this.#left > 1 && this.#right === 1
      : this.#right > 1 && this.#left === 1;
  }

  #leave(): void {
    this.#state = this.step > 0 ? 'left' : 'right';
    this.#go();
  }

  #turn(): void {
    const left = this.#state === 'right';
    this.#state = left ? 'left' : 'right';
    if (left) this.#left = 0;
    else this.#right = 0;
  }

  #park(state: 'on top' | 'tired'): void {
    this.#state = state;
    this.#right = 0;
    this.#left = 0;
    if (state === 'on top') this.#tired = 0;
  }

  /** One step on; false at the edge. */
  #go(): boolean {
    const right = this.#state === 'right';
    const next = this.step + (right ? 1 : -1);
    if (next < 0 || next >= adaptiveSteps.length) return false;
    this.step = next;
    if (right) this.#right++;
    else this.#left++;
    this.#tired++;
    return true;
  }
}
/** Steps without rest (twice the number of profiles). */
const MOST_STEPS = 2 * adaptiveSteps.length;

/** One interrupt vector of the card. */
export class Moderation {
  /** The driver wants to hear of the next completion. */
  armed = false;
  /** Completions since the last interrupt. */
  count = 0;
  /** The instant at which the card looks again; NEVER while it need not. */
  reminder: Nanos = NEVER;
  /** When it interrupts at the latest; NEVER while nothing waits for it. */
  due: Nanos = NEVER;
  /** The same for what was received, and for what was sent. */
  #receivedDue: Nanos = NEVER;
  #sentDue: Nanos = NEVER;
  #sent = 0;
  #last = -NEVER as Nanos;

  constructor(
    readonly throttle: Throttle,
    public us: number,
    public frames: number,
    readonly sendUs = 0,
    readonly sendFrames = 1,
  ) {}

  /** A completion is in memory; true when it is time to interrupt. */
  // hot
  completed(now: Nanos): boolean {
    this.count++;
    if (!this.armed) return false;
    if (this.throttle === 'interval') {
      const free = after(this.#last, this.us * NS_A_US);
      if (free <= now) return true;
      this.#receivedDue = free;
      this.#reckon();
      return false;
    }
    if (this.us === 0 || this.count >= this.frames) return true;
    if (this.throttle === 'quiet' || this.#receivedDue === NEVER)
      this.#receivedDue = after(now, this.us * NS_A_US);
    this.#reckon();
    return false;
  }

  // hot
  #reckon(): void {
    this.due = this.#receivedDue < this.#sentDue ? this.#receivedDue : this.#sentDue;
  }

  /** The same for a frame that was sent. */
  // hot
  sent(now: Nanos): boolean {
    this.#sent++;
    if (!this.armed) return false;
    if (this.sendUs === 0 || this.#sent >= this.sendFrames) return true;
    if (this.#sentDue === NEVER) this.#sentDue = after(now, this.sendUs * NS_A_US);
    this.#reckon();
    return false;
  }

  /** It interrupts now, and then no more until it is armed again. */
  fired(now: Nanos): void {
    this.#clear(false);
    this.#last = now;
  }

  /** Somebody polls: no interrupt, whatever comes. */
  disarm(): void {
    this.#clear(false);
  }

  /** The driver stops looking: true when the card interrupts at once for completions that it has not seen. */
  arm(now: Nanos, received: number, sent: number): boolean {
    this.#clear(true);
    this.count = Math.max(0, received - 1);
    this.#sent = Math.max(0, sent - 1);
    const forReceived = received > 0 && this.completed(now);
    return (sent > 0 && this.sent(now)) || forReceived;
  }

  #clear(armed: boolean): void {
    this.armed = armed;
    this.count = 0;
    this.#sent = 0;
    this.#receivedDue = NEVER;
    this.#sentDue = NEVER;
    this.due = NEVER;
  }
}
