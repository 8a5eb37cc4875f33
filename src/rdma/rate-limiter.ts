// How fast a flow may send: the reaction points of congestion control. Both are evaluated when they are asked, from
// the time that has passed, so that a flow which was not slowed down costs nothing and one which was costs no timers.

import { Busy, type Nanos } from '../time/index.js';
import type { CctParameters, DcqcnParameters } from './congestion-profile.js';

export interface RateLimiter {
  /** The peer tells that the flow met congestion. */
  notified(now: Nanos): void;
  /** A packet of so many bytes on the wire went out. */
  sent(now: Nanos, bytes: number): void;
  /** When the next packet may go out. */
  nextAt(now: Nanos): Nanos;
  /** Bits a second now. */
  rateAt(now: Nanos): number;
}

const MBIT = 1e6;
const NS_PER_US = 1000;
const NS_PER_SECOND = 1e9;
const BITS = 8;
const ALPHA_ONE = 1024;
const BYTE_UNIT = 64;
const PERCENT = 100;
/** A rate this near to the link's is the link's: averaging alone would never reach it. */
const AS_GOOD = 0.999;

/** Reaction point of DCQCN (Zhu et al., SIGCOMM 2015, 3.3 and algorithm 1). */
export class Dcqcn implements RateLimiter {
  /** Current and target rate, and the estimate of congestion (R_C, R_T and alpha of the paper). */
  rate: number;
  target: number;
  alpha: number;
  /** Increases since the last decrease, by time and by bytes. */
  timeStage = 0;
  byteStage = 0;
  #notified = false;
  #cutAt = Number.NEGATIVE_INFINITY;
  #raised = true;
  #alphaAt = 0;
  #timeAt = 0;
  #bytes = 0;
  readonly #due = new Busy();

  constructor(
    readonly parameters: DcqcnParameters,
    readonly lineRate: number,
  ) {
    this.rate = lineRate;
    this.target = lineRate;
    this.alpha = parameters.initialAlphaValue / ALPHA_ONE;
  }

  notified(now: Nanos): void {
    const p = this.parameters;
    this.#advance(now);
    const keeps = p.dceTcpG / ALPHA_ONE;
    if (now - this.#cutAt >= p.rateReduceMonitorPeriod * NS_PER_US) this.#cut(now);
    // The decrease is by the alpha from before (algorithm 1).
    this.alpha = keeps * this.alpha + (1 - keeps);
    this.#alphaAt = now;
    this.#notified = true;
  }

  #cut(now: Nanos): void {
    const p = this.parameters;
    const first = !this.#notified && p.rateToSetOnFirstCnp > 0;
    if (p.clampTgtRate || this.#raised) this.target = this.rate;
    const least = Math.max(p.rpgMinRate * MBIT, (this.rate * p.rpgMinDecFac) / PERCENT);
    this.rate = Math.max(least, this.rate * (1 - this.alpha / 2));
    if (first) {
      this.rate = Math.min(p.rateToSetOnFirstCnp * MBIT, this.lineRate);
      this.target = this.rate;
    }
    this.#raised = false;
    this.#cutAt = now;
    this.timeStage = 0;
    this.byteStage = 0;
    this.#timeAt = now;
    this.#bytes = 0;
  }

  // hot
  sent(now: Nanos, bytes: number): void {
    this.#advance(now);
    this.#due.serve(now, (bytes * BITS * NS_PER_SECOND) / this.rate);
    if (this.rate === this.lineRate) return;
    this.#bytes += bytes;
    const enough = this.parameters.rpgByteReset * BYTE_UNIT;
    if (this.#bytes < enough) return;
    this.#bytes -= enough;
    this.byteStage++;
    this.#increase();
  }

  // hot
  nextAt(_now: Nanos): Nanos {
    return this.#due.at as Nanos;
  }

  rateAt(now: Nanos): number {
    this.#advance(now);
    return this.rate;
  }

  /** What the two timers would have done by now. */
  // hot
  #advance(now: Nanos): void {
    if (!this.#notified) return;
    const { dceTcpRtt, dceTcpG, rpgTimeReset } = this.parameters;
    const updates = Math.floor((now - this.#alphaAt) / (dceTcpRtt * NS_PER_US));
    if (updates > 0) {
      this.alpha *= (dceTcpG / ALPHA_ONE) ** updates;
      this.#alphaAt += updates * dceTcpRtt * NS_PER_US;
    }
    const period = rpgTimeReset * NS_PER_US;
    // It ends at the link's rate at the latest.
    while (this.rate < this.lineRate && now - this.#timeAt >= period) {
      this.#timeAt += period;
      this.timeStage++;
      this.#increase();
    }
    if (this.rate === this.lineRate) this.#timeAt = now;
  }

  /** Fast recovery, additive or hyper increase, as the stages say. */
  #increase(): void {
    const { rpgThreshold, rpgAiRate, rpgHaiRate } = this.parameters;
    const { timeStage, byteStage, lineRate } = this;
    if (Math.min(timeStage, byteStage) > rpgThreshold) {
      const times = Math.min(timeStage, byteStage) - rpgThreshold;
      this.target += times * rpgHaiRate * MBIT;
    } else if (Math.max(timeStage, byteStage) >= rpgThreshold) this.target += rpgAiRate * MBIT;
    if (this.target > lineRate) this.target = lineRate;
    this.rate = (this.rate + this.target) / 2;
    if (this.rate > AS_GOOD * lineRate) this.rate = lineRate;
    this.#raised = true;
  }
}

/** Unit of CCTI_Timer (IBA A10.4.3.9). */
const CCT_TIMER_NS = 1024;

/** A source that BECN slows down (IBA A10.2.1.2): the table says how many packet times to wait after a packet. */
export class InjectionDelay implements RateLimiter {
  /** Index into the table (CCTI). */
  index: number;
  #fallsAt = 0;
  #due = 0;

  constructor(
    readonly parameters: CctParameters,
    readonly lineRate: number,
  ) {
    this.index = parameters.least;
  }

  notified(now: Nanos): void {
    this.#advance(now);
    const { least, increase, limit } = this.parameters;
    if (this.index === least) this.#fallsAt = now + this.#period;
    this.index = Math.min(this.index + increase, limit, this.parameters.table.length - 1);
  }

  // hot
  sent(now: Nanos, bytes: number): void {
    this.#advance(now);
    const packetTime = (bytes * BITS * NS_PER_SECOND) / this.lineRate;
    this.#due = now + Math.ceil(packetTime * (1 + this.parameters.table[this.index]!));
  }

  // hot
  nextAt(_now: Nanos): Nanos {
    return this.#due as Nanos;
  }

  rateAt(now: Nanos): number {
    this.#advance(now);
    return this.lineRate / (1 + this.parameters.table[this.index]!);
  }

  get #period(): number {
    return this.parameters.timer * CCT_TIMER_NS;
  }

  // hot
  #advance(now: Nanos): void {
    const { least } = this.parameters;
    if (this.index === least || now < this.#fallsAt) return;
    const steps = 1 + Math.floor((now - this.#fallsAt) / this.#period);
    this.index = Math.max(least, this.index - steps);
    this.#fallsAt += steps * this.#period;
  }
}
