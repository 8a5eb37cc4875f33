// Which 4 KiB pages of a node are free: runs in order of address, the first that fits is taken. The same calls
// always give the same pages, whatever happened in between elsewhere.

export class PageAllocator {
  /** Free runs, apart from each other and ascending. */
  readonly #starts: number[] = [0];
  readonly #counts: number[];
  readonly #pages: number;
  #free: number;
  /** Behind the last page that was ever taken. */
  reached = 0;

  constructor(pages: number) {
    this.#pages = pages;
    this.#counts = [pages];
    this.#free = pages;
  }

  get freePages(): number {
    return this.#free;
  }

  /** First of `count` pages that begin at a multiple of `alignment`; -1 when there is no such run. */
  take(count: number, alignment: number): number {
    for (let run = 0; run < this.#starts.length; run++) {
      const start = this.#starts[run]!;
      const end = start + this.#counts[run]!;
      const first = Math.ceil(start / alignment) * alignment;
      if (first + count > end) continue;
      this.#replace(run, start, first, first + count, end);
      this.#free -= count;
      if (first + count > this.reached) this.reached = first + count;
      return first;
    }
    return -1;
  }

  /** Pages that `holds`: the caller has made sure. Neighbouring runs become one. */
  give(first: number, count: number): void {
    const run = this.#after(first);
    const joinsBefore = run > 0 && this.#starts[run - 1]! + this.#counts[run - 1]! === first;
    const joinsAfter = run < this.#starts.length && first + count === this.#starts[run];
    this.#free += count;
    if (joinsBefore) {
      this.#counts[run - 1]! += count;
      if (!joinsAfter) return;
      this.#counts[run - 1]! += this.#counts[run]!;
      this.#remove(run);
    } else if (joinsAfter) {
      this.#starts[run] = first;
      this.#counts[run]! += count;
    } else {
      this.#starts.splice(run, 0, first);
      this.#counts.splice(run, 0, count);
    }
  }

  /** Whether all of these pages are handed out. */
  holds(first: number, count: number): boolean {
    if (first < 0 || count < 1 || first + count > this.#pages) return false;
    const run = this.#after(first);
    const before = run > 0 ? this.#starts[run - 1]! + this.#counts[run - 1]! : 0;
    return before <= first && (this.#starts[run] ?? this.#pages) >= first + count;
  }

  /** Index of the first free run that begins behind `page`. */
  #after(page: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#starts[middle]! > page) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The run from `start` to `end` keeps what lies outside `first` to `last`. */
  #replace(run: number, start: number, first: number, last: number, end: number): void {
    if (first > start && last < end) {
      this.#counts[run] = first - start;
      this.#starts.splice(run + 1, 0, last);
      this.#counts.splice(run + 1, 0, end - last);
    } else if (first > start) {
      this.#counts[run] = first - start;
    } else if (last < end) {
      this.#starts[run] = last;
      this.#counts[run] = end - last;
    } else {
      this.#remove(run);
    }
  }

  #remove(run: number): void {
    this.#starts.splice(run, 1);
    this.#counts.splice(run, 1);
  }
}
