// Longest-prefix matching over addresses of any size, read where they lie in the frame: a tree with a step a byte, in
// which prefixes that end within a byte are spread over all its values (Srinivasan and Varghese 1999, controlled
// prefix expansion). A look-up takes as many steps as the longest prefix has bytes and allocates nothing.

const VALUES = 256;
const BITS = 8;
const NONE = -1;
/** Words of a node: for each value of a byte the answer, and the node behind it. */
const CELL = 2;
const NODE = CELL * VALUES;

export class PrefixTable {
  /** All nodes one behind the other, the root first: a step of a look-up reads one place. */
  #cells = new Int32Array(NODE).fill(NONE);
  /** Length of the prefix to which an answer belongs, so that a longer one wins whatever the order. */
  #bits = new Int16Array(VALUES).fill(NONE);
  #nodes = 1;
  #default = NONE;

  /** @param value 0 or more: what `find` answers for addresses that begin with the first `bits` bits of `prefix` */
  set(prefix: Uint8Array, bits: number, value: number): void {
    if (bits === 0) {
      this.#default = value;
      return;
    }
    let node = 0;
    const last = Math.ceil(bits / BITS) - 1;
    for (let i = 0; i < last; i++) node = this.#child(node, prefix[i]!);
    const spread = 2 ** (BITS * (last + 1) - bits);
    const first = Math.floor(prefix[last]! / spread) * spread;
    for (let byte = first; byte < first + spread; byte++) {
      const place = node * VALUES + byte;
      if (this.#bits[place]! > bits) continue;
      this.#bits[place] = bits;
      this.#cells[place * CELL] = value;
    }
  }

  #child(parent: number, byte: number): number {
    const cell = (parent * VALUES + byte) * CELL + 1;
    const known = this.#cells[cell]!;
    if (known !== NONE) return known;
    const node = this.#nodes++;
    if (node * NODE === this.#cells.length) this.#grow();
    this.#cells[cell] = node;
    return node;
  }

  #grow(): void {
    const cells = new Int32Array(2 * this.#cells.length).fill(NONE);
    const bits = new Int16Array(2 * this.#bits.length).fill(NONE);
    cells.set(this.#cells);
    bits.set(this.#bits);
    this.#cells = cells;
    this.#bits = bits;
  }

  /** The value of the longest prefix of the `size` bytes at `at`, or -1. */
  // hot
  find(b: Uint8Array, at: number, size: number): number {
    const cells = this.#cells;
    let found = this.#default;
    let node = 0;
    for (let i = at; i < at + size; i++) {
      const cell = (node * VALUES + b[i]!) * CELL;
      const value = cells[cell]!;
      if (value !== NONE) found = value;
      node = cells[cell + 1]!;
      if (node === NONE) break;
    }
    return found;
  }
}
