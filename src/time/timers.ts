// The timers of one machine: a small table from name to instant. `wakeAt` is its minimum.

import { type Nanos, NEVER } from './nanos.js';

export class Timers<Name extends string> {
  readonly #at = new Map<Name, Nanos>();
  #earliest: Nanos = NEVER;

  /** Sets a timer, in place of what it was. */
  set(name: Name, at: Nanos): void {
    this.#at.set(name, at);
    this.#find();
  }

  clear(name: Name): void {
    if (this.#at.delete(name)) this.#find();
  }

  /** When it fires; NEVER when it is not set. */
  at(name: Name): Nanos {
    return this.#at.get(name) ?? NEVER;
  }

  get wakeAt(): Nanos {
    return this.#earliest;
  }

  /** Takes one timer that is due at `now`, the earliest first and in the order of setting; undefined when none is. */
  take(now: Nanos): Name | undefined {
    if (this.#earliest > now) return undefined;
    for (const [name, at] of this.#at) {
      if (at !== this.#earliest) continue;
      this.clear(name);
      return name;
    }
    return undefined;
  }

  #find(): void {
    this.#earliest = NEVER;
    for (const at of this.#at.values()) if (at < this.#earliest) this.#earliest = at;
  }
}
