// What a disk promised and may have forgotten: writes that were acknowledged and not flushed lie in the pool's cache. When the
// pool says by another boot identifier that it began anew, they may be gone: flushes under way must say so, or the next one.

/** One of each volume, however many ways lead to it. */
export class WriteCache {
  /** Writes that were acknowledged since the last flush began. */
  #isDirty = false;
  #boot = '';
  /** Flushes under way carry what was dirty when they began. */
  #isCarried = false;
  readonly #flushing = new Set<object>();
  /** Flushes that were under way when writes were lost, all of which asked for these. */
  #failing = new Set<object>();
  /** Writes were lost, and nobody has been told. */
  #isLost = false;

  acknowledged(): void {
    this.#isDirty = true;
  }

  /** Begins once, however often its command is sent. */
  flushBegins(request: object): void {
    this.#flushing.add(request);
    this.#isCarried ||= this.#isDirty;
    this.#isDirty = false;
  }

  /** A flush has ended: true when it may say that all is durable. */
  flushEnds(request: object, isGood: boolean): boolean {
    this.#flushing.delete(request);
    if (this.#failing.delete(request) || this.#isLost) {
      this.#isLost = false;
      return false;
    }
    if (isGood) this.#isCarried = false;
    else this.#isDirty = true;
    return isGood;
  }

  /** The pool was connected to; the identifier of its life, where it has one. */
  connected(boot: string): void {
    const isNew = boot !== this.#boot && this.#boot !== '';
    this.#boot = boot;
    if (!isNew || !(this.#isDirty || this.#isCarried)) return;
    this.#failing = new Set(this.#flushing);
    this.#isLost = true;
    this.#isDirty = false;
    this.#isCarried = false;
  }
}
