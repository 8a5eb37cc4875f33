// Where each block of a volume is: leaves of 252 blocks, which clones share until one of them writes.

import { LEAF_ROWS } from './format.js';
import type { SlotMap } from './slot-map.js';

export class Leaf {
  readonly slots = new Uint32Array(LEAF_ROWS);
  readonly crcs = new Uint32Array(LEAF_ROWS);
  readonly generations = new Float64Array(LEAF_ROWS);
  /** Volumes that have it. */
  users = 1;
  /** The page on disk that says the same; 0: there is none yet. */
  page = 0;
  /** Blocks that are mapped. */
  mapped = 0;
}

export class VolumeMap {
  readonly leaves = new Map<number, Leaf>();
  /** Pages of the directory on disk; not valid once `dirty`. */
  directory: number[] = [];
  dirty = true;
  /** Blocks that are mapped. */
  mapped = 0;

  constructor(
    readonly slots: SlotMap,
    readonly id: number,
    public name: string,
    public size: number,
    readonly parent: VolumeMap | undefined = undefined,
    readonly bornAt = 0,
    readonly readOnly = false,
    public removed = false,
  ) {}

  // hot
  leafOf(block: number): Leaf | undefined {
    return this.leaves.get(Math.floor(block / LEAF_ROWS));
  }

  /** The volume that wrote the block of this generation: this one, or one that it descends from. */
  // hot
  writerOf(generation: number): number {
    let map: VolumeMap = this;
    while (generation <= map.bornAt && map.parent) map = map.parent;
    return map.id;
  }

  // hot
  map(block: number, slot: number, crc: number, generation: number): void {
    const leaf = this.#writable(Math.floor(block / LEAF_ROWS));
    const row = block % LEAF_ROWS;
    const before = leaf.slots[row]!;
    if (before !== 0) this.slots.release(before);
    else {
      leaf.mapped++;
      this.mapped++;
    }
    leaf.slots[row] = slot;
    leaf.crcs[row] = crc;
    leaf.generations[row] = generation;
  }

  /** Are any of these blocks mapped? */
  hasAny(first: number, count: number): boolean {
    return this.#touched(first, count).length > 0;
  }

  unmap(first: number, count: number): void {
    const end = first + count;
    for (const index of this.#touched(first, count)) {
      const base = index * LEAF_ROWS;
      const from = Math.max(0, first - base);
      const to = Math.min(LEAF_ROWS, end - base);
      const leaf = this.#writable(index);
      for (let row = from; row < to; row++) {
        const slot = leaf.slots[row]!;
        if (slot === 0) continue;
        this.slots.release(slot);
        leaf.slots[row] = 0;
        leaf.mapped--;
        this.mapped--;
      }
      if (leaf.mapped === 0) this.leaves.delete(index);
    }
  }

  /** Leaves with mapped blocks in the range: large ranges of thin volumes are mostly nothing. */
  #touched(first: number, count: number): number[] {
    if (count === 0) return [];
    const low = Math.floor(first / LEAF_ROWS);
    const high = Math.floor((first + count - 1) / LEAF_ROWS);
    const candidates =
      high - low < this.leaves.size
        ? Array.from({ length: high - low + 1 }, (_, i) => low + i)
        : [...this.leaves.keys()].filter((index) => index >= low && index <= high);
    return candidates.filter((index) => {
      const leaf = this.leaves.get(index);
      if (!leaf) return false;
      const from = Math.max(0, first - index * LEAF_ROWS);
      const to = Math.min(LEAF_ROWS, first + count - index * LEAF_ROWS);
      return leaf.slots.subarray(from, to).some((slot) => slot !== 0);
    });
  }

  /** This volume's own leaf, which no page on disk describes any more. */
  // hot
  #writable(index: number): Leaf {
    let leaf = this.leaves.get(index);
    this.dirty = true;
    if (leaf === undefined) {
      leaf = new Leaf();
      this.leaves.set(index, leaf);
    } else if (leaf.users > 1) {
      leaf = this.#copy(leaf);
      this.leaves.set(index, leaf);
    } else if (leaf.page !== 0) {
      this.slots.releasePage(leaf.page);
      leaf.page = 0;
    }
    return leaf;
  }

  #copy(leaf: Leaf): Leaf {
    const copy = new Leaf();
    copy.slots.set(leaf.slots);
    copy.crcs.set(leaf.crcs);
    copy.generations.set(leaf.generations);
    copy.mapped = leaf.mapped;
    for (const slot of copy.slots) if (slot !== 0) this.slots.share(slot);
    leaf.users--;
    return copy;
  }

  /** Gives `other` every block that this one has. */
  shareWith(other: VolumeMap): void {
    for (const [index, leaf] of this.leaves) {
      leaf.users++;
      other.leaves.set(index, leaf);
    }
    other.mapped = this.mapped;
  }

  /** Gives everything up. */
  drop(): void {
    for (const leaf of this.leaves.values()) {
      if (--leaf.users > 0) continue;
      if (leaf.page !== 0) this.slots.releasePage(leaf.page);
      for (const slot of leaf.slots) if (slot !== 0) this.slots.release(slot);
    }
    this.leaves.clear();
    this.mapped = 0;
    this.dirty = true;
  }
}
