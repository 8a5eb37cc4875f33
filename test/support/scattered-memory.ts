// A guest's memory whose pages lie in any order in the machine's, as a second-stage page table makes them: what lies together
// for the guest does not for the host.

import { Random } from '../../src/time/index.js';

const PAGE = 4096;

export class ScatteredMemory {
  at = 0;
  end = 0;
  readonly #pages: readonly number[];
  readonly #bytes: Uint8Array;

  constructor(
    readonly pages: number,
    seed = 1,
  ) {
    const random = new Random(seed);
    const order = Array.from({ length: pages }, (_, i) => i);
    for (let i = pages - 1; i > 0; i--) {
      const j = random.below(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    this.#pages = order;
    this.#bytes = new Uint8Array(pages * PAGE);
  }

  holds(address: number, lengthBytes: number): boolean {
    return address >= 0 && address + lengthBytes <= this.pages * PAGE;
  }

  locate(address: number): Uint8Array {
    if (!this.holds(address, 1)) throw new RangeError(`nothing at ${address}`);
    const page = this.#pages[Math.floor(address / PAGE)]!;
    this.at = page * PAGE + (address % PAGE);
    this.end = (page + 1) * PAGE;
    return this.#bytes;
  }

  /** All of it in the guest's order: a copy. */
  image(): Uint8Array {
    const image = new Uint8Array(this.#bytes.length);
    for (const [i, page] of this.#pages.entries())
      image.set(this.#bytes.subarray(page * PAGE, (page + 1) * PAGE), i * PAGE);
    return image;
  }
}
