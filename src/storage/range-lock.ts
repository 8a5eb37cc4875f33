// Ranges of bytes that one at a time may change: writes that overlap are done one after the other, so that all copies of a
// volume see them in the same order.

interface Held {
  readonly from: number;
  readonly to: number;
}

interface Waiting extends Held {
  readonly go: (held: Held) => void;
}

export type HeldRange = Held;

export class RangeLock {
  readonly #held = new Set<Held>();
  readonly #waiting: Waiting[] = [];

  /** Calls `go` when nothing that came before overlaps any more. Operations of no length overlap with nothing. */
  take(from: number, length: number, go: (held: Held) => void): void {
    const wanted = { from, to: from + length };
    if (this.#isFree(wanted, this.#waiting.length)) this.#begin({ ...wanted, go });
    else this.#waiting.push({ ...wanted, go });
  }

  give(held: Held): void {
    this.#held.delete(held);
    for (let i = 0; i < this.#waiting.length; i++) {
      const next = this.#waiting[i]!;
      if (!this.#isFree(next, i)) continue;
      this.#waiting.splice(i--, 1);
      this.#begin(next);
    }
  }

  #begin({ from, to, go }: Waiting): void {
    const held = { from, to };
    this.#held.add(held);
    go(held);
  }

  /** Neither held nor wanted by anybody who came before. */
  #isFree(wanted: Held, before: number): boolean {
    for (const held of this.#held) if (overlaps(held, wanted)) return false;
    for (let i = 0; i < before; i++) if (overlaps(this.#waiting[i]!, wanted)) return false;
    return true;
  }
}

const overlaps = (a: Held, b: Held): boolean => a.from < b.to && b.from < a.to;
