// Longest-prefix matching over addresses of any size, read where they lie in the frame: a tree with a step a byte, in
// which prefixes that end within a byte are spread over all its values (Srinivasan and Varghese 1999, controlled
// prefix expansion). A look-up takes as many steps as the longest prefix has bytes and allocates nothing.

const VALUES = 256;
const BITS = 8;
const NONE = -1;

interface Node {
  readonly children: Int32Array;
  readonly values: Int32Array;
  /** Length of the prefix to which a value belongs, so that a longer one wins whatever the order. */
  readonly bits: Int16Array;
}

const node = (): Node => ({
  children: new Int32Array(VALUES).fill(NONE),
  values: new Int32Array(VALUES).fill(NONE),
  bits: new Int16Array(VALUES).fill(NONE),
});

export class PrefixTable {
  readonly #nodes: Node[] = [node()];
  #default = NONE;

  /** @param value 0 or more: what `find` answers for addresses that begin with the first `bits` bits of `prefix` */
  set(prefix: Uint8Array, bits: number, value: number): void {
    if (bits === 0) {
      this.#default = value;
      return;
    }
    let at = this.#nodes[0]!;
    const last = Math.ceil(bits / BITS) - 1;
    for (let i = 0; i < last; i++) at = this.#child(at, prefix[i]!);
    const spread = 2 ** (BITS * (last + 1) - bits);
    const first = Math.floor(prefix[last]! / spread) * spread;
    for (let byte = first; byte < first + spread; byte++) {
      if (at.bits[byte]! > bits) continue;
      at.bits[byte] = bits;
      at.values[byte] = value;
    }
  }

  #child(parent: Node, byte: number): Node {
    let index = parent.children[byte]!;
    if (index === NONE) {
      index = this.#nodes.length;
      this.#nodes.push(node());
      parent.children[byte] = index;
    }
    return this.#nodes[index]!;
  }

  /** The value of the longest prefix of the `size` bytes at `at`, or -1. */
  // hot
  find(b: Uint8Array, at: number, size: number): number {
    let found = this.#default;
    let here = this.#nodes[0]!;
    for (let i = at; i < at + size; i++) {
      const byte = b[i]!;
      const value = here.values[byte]!;
      if (value !== NONE) found = value;
      const child = here.children[byte]!;
      if (child === NONE) break;
      here = this.#nodes[child]!;
    }
    return found;
  }
}
