// Threads that sleep until a socket has news. Waking one takes its time once: what comes while it is on its way to its core
// finds nobody asleep (Linux: autoremove_wake_function takes it off the queue).

export class Sleepers {
  #count = 0;
  #woken = 0;

  get count(): number {
    return this.#count;
  }

  enter(): void {
    this.#count++;
  }

  leave(): void {
    this.#count--;
    if (this.#woken > 0) this.#woken--;
  }

  /** How many are woken by this that were asleep. */
  // hot
  wake(): number {
    const asleep = this.#count - this.#woken;
    this.#woken = this.#count;
    return asleep;
  }
}
