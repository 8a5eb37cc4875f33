// What is to happen in a device, by time; what is of one instant, in the order in which it was noted.

import { EventQueue, type Nanos, START } from '../../time/index.js';
import type { Clock } from '../rate-limit.js';

type Then = () => void;

export class Calendar implements Clock {
  readonly #events = new EventQueue();
  readonly #notes: (Then | null)[] = [];
  readonly #free: number[] = [];
  #now: Nanos = START;

  /** The time of what happens now, or happened last. */
  now(): Nanos {
    return this.#now;
  }

  at(time: Nanos, then: Then): void {
    const slot = this.#free.pop() ?? this.#notes.length;
    this.#notes[slot] = then;
    this.#events.put(time, 0, slot);
  }

  due(): Nanos {
    return this.#events.due();
  }

  /** Does all that is due. */
  run(now: Nanos): void {
    const events = this.#events;
    while (events.nextBy(now)) {
      const slot = events.a;
      const then = this.#notes[slot]!;
      this.#notes[slot] = null;
      this.#free.push(slot);
      this.#now = events.at;
      then();
    }
    this.#now = now;
  }
}
