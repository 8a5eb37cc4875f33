// What threads wait for: a completion queue, a channel of events, a socket or a ring has one. Raising it wakes who
// waits; a thread that was looking elsewhere finds at its next wait that it was raised since. So no wake-up is lost,
// and one may come for nothing: programs look again.

import type { Nanos } from '../time/index.js';

/** A thread as a signal sees it. */
export interface Waiter {
  readonly ended: boolean;
  /** The signal that it waits for; null when it does not. */
  readonly waitsFor: Signal | null;
  wake(now: Nanos): void;
}

/** What threads wait for. */
export class Signal {
  /** How often it was raised. */
  raised = 0;
  /** Threads that have waited here, and what each had seen of `raised` when it last went on. */
  readonly #waiters: Waiter[] = [];
  readonly #seen: number[] = [];
  readonly #followers: Signal[] = [];

  /** Something happened at `now`, which threads can see from now on. */
  // hot
  raise(now: Nanos): void {
    this.raised++;
    for (let i = 0; i < this.#waiters.length; i++) {
      const waiter = this.#waiters[i]!;
      if (waiter.waitsFor === this) waiter.wake(now);
      else if (waiter.ended) this.#forget(i--);
    }
    for (let i = 0; i < this.#followers.length; i++) this.#followers[i]!.raise(now);
  }

  /** From now on raises `follower` as well: so a thread waits for any of several. */
  feed(follower: Signal): void {
    this.#followers.push(follower);
  }

  unfeed(follower: Signal): void {
    const i = this.#followers.indexOf(follower);
    if (i >= 0) this.#followers.splice(i, 1);
  }

  /** Was it raised since this thread last looked? From now on it has looked. */
  // hot
  look(waiter: Waiter): boolean {
    let i = this.#waiters.indexOf(waiter);
    if (i < 0) {
      i = this.#waiters.push(waiter) - 1;
      this.#seen.push(0);
    }
    const news = this.#seen[i] !== this.raised;
    this.#seen[i] = this.raised;
    return news;
  }

  #forget(i: number): void {
    this.#waiters.splice(i, 1);
    this.#seen.splice(i, 1);
  }
}
