// What a disk promised and may have forgotten: writes that were acknowledged and not flushed lie in the pool's cache. When the
// pool says by another boot identifier that it began anew, they may be gone, and the next flush must say so.

/** One of each volume, however many ways lead to it. */
export class WriteCache {
  /** Writes that were acknowledged since the last flush began. */
  #isDirty = false;
  /** Flushes under way carry what was dirty when they began. */
  #flushing = 0;
  #boot = '';
  #lost = false;

  acknowledged(): void {
    this.#isDirty = true;
  }

  flushBegins(): void {
    if (this.#isDirty) this.#flushing++;
    this.#isDirty = false;
  }

  /** A flush has ended: true when it may say that all is durable. */
  flushEnds(isGood: boolean): boolean {
    if (this.#lost) {
      this.#lost = false;
      return false;
    }
    if (isGood) this.#flushing = 0;
    else this.#isDirty = true;
    return isGood;
  }

  /** The pool was connected to; the identifier of its life, where it has one. */
  connected(boot: string): void {
    if (boot !== this.#boot && this.#boot !== '' && (this.#isDirty || this.#flushing > 0)) {
      this.#lost = true;
      this.#isDirty = false;
      this.#flushing = 0;
    }
    this.#boot = boot;
  }
}
