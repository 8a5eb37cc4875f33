// When a card interrupts: at once, after some time or frames (ethtool -C rx-usecs, rx-frames), or as the load asks for
// (adaptive-rx). The adaptive part follows Linux's DIM (lib/dim/net_dim.c): from the rates of the last 64 interrupts it
// goes one step to longer or shorter waits, and turns round when that made things worse.

import { after, type Nanos, NEVER } from '../time/index.js';
import type { Throttle } from './profile.js';

const NS_A_US = 1000;

/** Microseconds and frames, least moderation first (NET_DIM_RX_EQE_PROFILES). */
export const adaptiveSteps = [
  { us: 1, frames: 256 },
  { us: 8, frames: 256 },
  { us: 64, frames: 256 },
  { us: 128, frames: 256 },
  { us: 256, frames: 256 },
] as const;
const FIRST_STEP = 1;
/** Interrupts of one measurement (DIM_NEVENTS). */
const MEASURED = 64;
/** Parts of a rate that count as a change (IS_SIGNIFICANT_DIFF). */
const SIGNIFICANT = 0.1;

/** Whether it went better: by bytes, then by packets, then by fewer interrupts (net_dim_stats_compare). */
function compare(now: Rates, before: Rates): -1 | 0 | 1 {
  for (const key of ['bytes', 'packets'] as const) {
    if (before[key] === 0) return now[key] > 0 ? 1 : 0;
    if (differs(now[key], before[key])) return now[key] > before[key] ? 1 : -1;
  }
  if (differs(now.events, before.events)) return now.events < before.events ? 1 : -1;
  return 0;
}
const differs = (a: number, b: number): boolean => b > 0 && Math.abs(a - b) / b > SIGNIFICANT;

interface Rates {
  readonly bytes: number;
  readonly packets: number;
  readonly events: number;
}

export class AdaptiveModeration {
  step = FIRST_STEP;
  #direction: -1 | 0 | 1 = 0;
  #tired = 0;
  #before: Rates = { bytes: 0, packets: 0, events: 0 };
  #since = 0 as Nanos;
  #bytes = 0;
  #packets = 0;
  #events = 0;

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
    const before = this.step;
    this.#decide(rates);
    return this.step !== before;
  }

  #decide(rates: Rates): void {
    const outcome = compare(rates, this.#before);
    if (this.#direction === 0) {
      // Parked: what has changed is looked into.
      if (outcome !== 0) this.#go(1);
    } else {
      if (outcome < 0) this.#direction = -this.#direction as 1 | -1;
      else if (outcome === 0) this.#tired++;
      if (this.#tired > adaptiveSteps.length) {
        this.#direction = 0;
        this.#tired = 0;
      } else this.#go(this.#direction);
    }
    this.#before = rates;
  }

  #go(direction: 1 | -1): void {
    const next = this.step + direction;
    const fits = next >= 0 && next < adaptiveSteps.length;
    this.#direction = fits ? direction : 0;
    if (fits) this.step = next;
  }
}

/** One interrupt vector of the card. */
export class Moderation {
  /** The driver wants to hear of the next completion. */
  armed = false;
  /** Completions since the last interrupt. */
  count = 0;
  /** When it interrupts at the latest; NEVER while nothing waits for it. */
  due: Nanos = NEVER;
  /** The instant at which the card looks again. */
  reminder: Nanos = NEVER;
  #last = -NEVER as Nanos;

  constructor(
    readonly throttle: Throttle,
    public us: number,
    public frames: number,
  ) {}

  /** A completion is in memory; true when it is time to interrupt. */
  // hot
  completed(now: Nanos): boolean {
    this.count++;
    if (!this.armed) return false;
    if (this.throttle === 'interval') {
      const free = after(this.#last, this.us * NS_A_US);
      if (free <= now) return true;
      if (this.due === NEVER) this.due = free;
      return false;
    }
    if (this.us === 0 || this.count >= this.frames) return true;
    if (this.due === NEVER) this.due = after(now, this.us * NS_A_US);
    return false;
  }

  /** It interrupts now, and then no more until it is armed again. */
  fired(now: Nanos): void {
    this.armed = false;
    this.count = 0;
    this.due = NEVER;
    this.#last = now;
  }

  /** Somebody polls: no interrupt, whatever comes. */
  disarm(): void {
    this.armed = false;
    this.due = NEVER;
  }

  /** The driver found nothing more to do. */
  arm(): void {
    this.armed = true;
    this.count = 0;
    this.due = NEVER;
  }
}
