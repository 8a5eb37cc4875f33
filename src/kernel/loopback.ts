// The device `lo`: what a host sends to itself goes up again on the core that sent it, without a card and without a copy;
// its text stays in the sender's pages until the reader has taken it.

import type { Nanos } from '../time/index.js';
import { Arrival } from './arrival.js';
import type { Keeper } from './page-pool.js';

/** Packets that wait on one core (net.core.netdev_max_backlog). */
const MOST_WAITING = 1000;

/** Who takes packets up on a core. */
export interface Backlog {
  wantBacklog(now: Nanos): void;
}

export class Loopback {
  /** Packets that found no room. */
  dropped = 0;
  /** By core: those whose sending is not over yet, and those that are to go up, oldest first. */
  readonly #sent: Arrival[][];
  readonly #waiting: Arrival[][];
  readonly #spare: Arrival[] = [];

  /** @param heads where headers are kept */
  constructor(
    cores: number,
    readonly heads: Keeper,
  ) {
    const each = (): Arrival[][] => Array.from({ length: cores }, () => []);
    this.#sent = each();
    this.#waiting = each();
  }

  /** One that can be filled. */
  // hot
  spare(): Arrival {
    return this.#spare.pop() ?? new Arrival(this.heads);
  }

  // hot
  put(core: number, arrival: Arrival): void {
    this.#sent[core]!.push(arrival);
  }

  // hot
  hasNews(core: number): boolean {
    return this.#sent[core]!.length > 0;
  }

  /** What this core has sent so far goes up by its softirq (netif_rx). */
  // hot
  tell(now: Nanos, core: number, backlog: Backlog): void {
    const sent = this.#sent[core]!;
    if (sent.length === 0) return;
    const waiting = this.#waiting[core]!;
    for (let i = 0; i < sent.length; i++) {
      if (waiting.length < MOST_WAITING) waiting.push(sent[i]!);
      else {
        this.dropped++;
        this.finished(sent[i]!);
      }
    }
    sent.length = 0;
    backlog.wantBacklog(now);
  }

  // hot
  takeUp(core: number): Arrival | undefined {
    return this.#waiting[core]!.shift();
  }

  waits(core: number): boolean {
    return this.#waiting[core]!.length > 0;
  }

  /** It went up; whoever wants its bytes has referred to them. */
  // hot
  finished(arrival: Arrival): void {
    arrival.release();
    this.#spare.push(arrival);
  }
}
