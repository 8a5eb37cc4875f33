// A set of regions of a volume: bits in pages that are there only where something is in the set, so that it costs little
// for a few regions and 2 MiB for all of a volume of 1 TiB.

const PAGE = 4096;
const WORD = 32;

interface Page {
  readonly words: Uint32Array;
  count: number;
}

export class RegionSet {
  readonly #pages = new Map<number, Page>();
  #size = 0;

  /** `bytes`: of a region. */
  constructor(readonly bytes: number) {}

  get size(): number {
    return this.#size;
  }

  /** Adds the regions that a range of bytes touches. */
  add(offset: number, length: number): void {
    const end = offset + length;
    for (let r = Math.floor(offset / this.bytes); r * this.bytes < end; r++) this.addRegion(r);
  }

  // hot
  addRegion(region: number): void {
    const key = Math.floor(region / PAGE);
    let page = this.#pages.get(key);
    if (page === undefined) {
      page = { words: new Uint32Array(PAGE / WORD), count: 0 };
      this.#pages.set(key, page);
    }
    const word = Math.floor((region % PAGE) / WORD);
    const bit = bitOf(region);
    if ((page.words[word]! & bit) !== 0) return;
    page.words[word]! |= bit;
    page.count++;
    this.#size++;
  }

  has(region: number): boolean {
    const page = this.#pages.get(Math.floor(region / PAGE));
    return (
      page !== undefined && (page.words[Math.floor((region % PAGE) / WORD)]! & bitOf(region)) !== 0
    );
  }

  delete(region: number): void {
    if (!this.has(region)) return;
    const key = Math.floor(region / PAGE);
    const page = this.#pages.get(key)!;
    page.words[Math.floor((region % PAGE) / WORD)]! &= ~bitOf(region);
    this.#size--;
    if (--page.count === 0) this.#pages.delete(key);
  }

  /** All that are in another set of regions of the same size. */
  join(other: RegionSet): void {
    for (const region of other) this.addRegion(region);
  }

  *[Symbol.iterator](): Generator<number> {
    for (const [key, { words }] of this.#pages)
      for (let word = 0; word < words.length; word++) {
        const bits = words[word]!;
        for (let bit = 0; bits !== 0 && bit < WORD; bit++)
          if ((bits & bitOf(bit)) !== 0) yield key * PAGE + word * WORD + bit;
      }
  }

  /** One of them. */
  get any(): number | undefined {
    for (const region of this) return region;
    return undefined;
  }
}

const bitOf = (region: number): number => 1 << (region % WORD);
