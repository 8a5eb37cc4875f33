// The memory of one machine: NUMA nodes, and the bytes behind each machine address. A machine address is a plain
// number, node times NODE_SPAN plus the offset in the node. A node may be declared far larger than the process:
// only the chunks in which pages were handed out have bytes behind them.

import { sharedPacketMemory } from '../../protocols/core/checksum/index.js';
import { PageAllocator } from './page-allocator.js';
import { PageUse } from './page-use.js';
import type { PhysicalMemory } from './physical-memory.js';
import { UsageError } from './usage-error.js';

/** Machine addresses between the nodes' beginnings: 16 TiB, which leaves room for 512 nodes below 2^53. */
export const NODE_SPAN = 2 ** 44;
export const MAX_NODES = 512;

export const PAGE_4K = 4096;
export const PAGE_2M = 2 ** 21;
export const PAGE_1G = 2 ** 30;
export type PageBytes = typeof PAGE_4K | typeof PAGE_2M | typeof PAGE_1G;

/** Bytes that lie in one array; contiguous pieces end here at the latest. */
export const CHUNK_BYTES = 2 ** 26;

/** Pins of one page; ibv_reg_mr of the same buffer over and over ends here. */
const MAX_PINS = 65535;

export interface MemoryOptions {
  /** Bytes of each NUMA node, whole 4 KiB pages. */
  readonly nodes: readonly number[];
  /** Where chunks come from, zeroed; packet memory unless told, so that CRCs are computed where the bytes lie. */
  readonly backing?: (lengthBytes: number) => Uint8Array<ArrayBuffer>;
}

/** Bytes of the memory: `lengthBytes` of an array that others may have a share of, from `begin` on. */
interface Chunk {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly begin: number;
  readonly lengthBytes: number;
}

/** Bytes for a run of pages that are somebody's own: `from` and `to` are offsets in the node. */
interface Lent {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly begin: number;
  readonly from: number;
  readonly to: number;
}

interface Node {
  readonly bytes: number;
  /** By 4 KiB page, where the bytes lie elsewhere than in its chunk. */
  readonly lent: Map<number, Lent>;
  /** Runs of 2 MiB some of whose single pages have theirs elsewhere, by offset: how many. */
  readonly lentSmall: Map<number, number>;
  readonly chunks: (Chunk | undefined)[];
  readonly pins: (Uint16Array | undefined)[];
  /** Pages that were freed while pinned: they go back when the last pin goes. */
  readonly doomed: Set<number>;
  readonly pages: PageAllocator;
}

export const nodeOf = (address: number): number => Math.floor(address / NODE_SPAN);

export class MachineMemory implements PhysicalMemory {
  /** Set by `locate`: where in the array that it answered the address lies, and where what lies together ends. */
  at = 0;
  end = 0;
  machine = 0;
  /** The chunk that was found last, which is mostly the next one too: its addresses, its bytes. */
  #from = 0;
  #to = 0;
  #begin = 0;
  #bytes = new Uint8Array(0);
  readonly #nodes: readonly Node[];
  readonly #backing: ((lengthBytes: number) => Uint8Array<ArrayBuffer>) | undefined;

  readonly #uses = new PageUse();

  constructor(options: MemoryOptions) {
    if (options.nodes.length === 0 || options.nodes.length > MAX_NODES)
      throw new UsageError('EINVAL', `${options.nodes.length} nodes, not 1 to ${MAX_NODES}`);
    this.#backing = options.backing;
    this.#nodes = options.nodes.map((bytes) => {
      if (!(bytes > 0 && bytes <= NODE_SPAN && bytes % PAGE_4K === 0))
        throw new UsageError('EINVAL', `a node of ${bytes} bytes`);
      const pages = new PageAllocator(bytes / PAGE_4K);
      return {
        bytes,
        lent: new Map(),
        lentSmall: new Map(),
        chunks: [],
        pins: [],
        doomed: new Set(),
        pages,
      };
    });
  }

  get nodeCount(): number {
    return this.#nodes.length;
  }

  nodeBytes(node: number): number {
    return this.#node(node).bytes;
  }

  freeBytes(node: number): number {
    return this.#node(node).pages.freePages * PAGE_4K;
  }

  /** Bytes that the process really holds for this memory. */
  get backedBytes(): number {
    let sum = 0;
    for (const node of this.#nodes) for (const chunk of node.chunks) sum += chunk?.lengthBytes ?? 0;
    return sum;
  }

  /**
   * Machine address of `count` contiguous zeroed pages, aligned to the page size. `use` says what for, in words.
   * @throws UsageError ENOMEM when the node has no such run
   */
  allocate(pageBytes: PageBytes, count = 1, node = 0, use = ''): number {
    if (!Number.isInteger(count) || count < 1)
      throw new UsageError('EINVAL', `${count} pages of ${pageBytes} bytes`);
    const small = pageBytes / PAGE_4K;
    const { pages } = this.#node(node);
    const { reached } = pages;
    const page = pages.take(small * count, small);
    if (page < 0) {
      const free = this.freeBytes(node);
      throw new UsageError(
        'ENOMEM',
        `node ${node} has no ${count} contiguous pages of ${pageBytes} bytes (${free} bytes free)`,
      );
    }
    const address = node * NODE_SPAN + page * PAGE_4K;
    // What nobody ever had is zero as it is; writing that down would have the process take memory for it.
    const used = Math.min(small * count, reached - page);
    if (used > 0) this.fill(address, used * PAGE_4K, 0);
    this.#uses.set(address / PAGE_4K, small * count, use);
    return address;
  }

  /** What whoever took the page at this address said that it is for; '' when nothing. */
  useOf(address: number): string {
    return this.#uses.of(Math.floor(address / PAGE_4K));
  }

  /** Gives pages back; those that are pinned stay until their last pin goes. */
  free(address: number, lengthBytes: number): void {
    const node = this.#range(address, lengthBytes);
    const first = (address % NODE_SPAN) / PAGE_4K;
    const count = lengthBytes / PAGE_4K;
    if (!Number.isInteger(first) || !Number.isInteger(count) || !node.pages.holds(first, count))
      throw new UsageError('EINVAL', `${lengthBytes} bytes at ${address} are no allocated pages`);
    for (let page = first; page < first + count; page++)
      if (node.doomed.has(page)) throw new UsageError('EINVAL', `page ${page} is freed already`);
    let run = first;
    for (let page = first; page < first + count; page++) {
      if (this.#pinsOf(node, page) === 0) continue;
      node.doomed.add(page);
      if (page > run) node.pages.give(run, page - run);
      run = page + 1;
    }
    if (first + count > run) node.pages.give(run, first + count - run);
  }

  /** The pages of the range stay where they are until as many `unpin` calls came. */
  pin(address: number, lengthBytes: number): void {
    const node = this.#range(address, lengthBytes);
    const { first, end } = pagesOf(address, lengthBytes);
    for (let page = first; page < end; page++)
      if (this.#pinsOf(node, page) === MAX_PINS)
        throw new UsageError('ENOMEM', `page ${page} is pinned ${MAX_PINS} times`);
    for (let page = first; page < end; page++) this.#pinsAt(node, page)[page % CHUNK_PAGES]!++;
  }

  unpin(address: number, lengthBytes: number): void {
    const node = this.#range(address, lengthBytes);
    const { first, end } = pagesOf(address, lengthBytes);
    for (let page = first; page < end; page++) {
      const pins = this.#pinsAt(node, page);
      const left = pins[page % CHUNK_PAGES]!;
      if (left === 0) throw new UsageError('EINVAL', `page ${page} is not pinned`);
      pins[page % CHUNK_PAGES] = left - 1;
      if (left === 1 && node.doomed.delete(page)) node.pages.give(page, 1);
    }
  }

  pinsAt(address: number): number {
    return this.#pinsOf(this.#range(address, 1), Math.floor((address % NODE_SPAN) / PAGE_4K));
  }

  // hot
  /** Whether all of these bytes exist; for addresses that peers may have chosen. */
  holds(address: number, lengthBytes: number): boolean {
    const index = Math.floor(address / NODE_SPAN);
    const node = this.#nodes[index];
    return node !== undefined && address - index * NODE_SPAN + lengthBytes <= node.bytes;
  }

  // hot
  /** The array in which the address lies; where in it, is `at`. Backs the chunk if nobody touched it yet. */
  locate(address: number): Uint8Array<ArrayBuffer> {
    this.machine = address;
    if (address >= this.#from && address < this.#to) {
      this.at = address - this.#from + this.#begin;
      return this.#bytes;
    }
    return this.#find(address);
  }

  #find(address: number): Uint8Array<ArrayBuffer> {
    const index = Math.floor(address / NODE_SPAN);
    const node = this.#nodes[index];
    const offset = address - index * NODE_SPAN;
    if (node === undefined || !(offset < node.bytes))
      throw new RangeError(`there is no memory at ${address}`);
    const lent = node.lent.size === 0 ? undefined : lentAt(node.lent, offset);
    if (lent !== undefined) {
      this.at = lent.begin + offset - lent.from;
      this.end = lent.begin + lent.to - lent.from;
      this.#from = index * NODE_SPAN + lent.from;
      this.#to = index * NODE_SPAN + lent.to;
      this.#begin = lent.begin;
      this.#bytes = lent.bytes;
      return lent.bytes;
    }
    const part = Math.floor(offset / CHUNK_BYTES);
    const chunk = node.chunks[part] ?? this.#back(node, part);
    this.at = chunk.begin + offset - part * CHUNK_BYTES;
    this.end = chunk.begin + chunk.lengthBytes;
    this.#from = index * NODE_SPAN + part * CHUNK_BYTES;
    this.#to = this.#from + chunk.lengthBytes;
    this.#begin = chunk.begin;
    this.#bytes = chunk.bytes;
    if (node.lent.size > 0) this.#narrow(node, address - (offset % PAGE_2M), address, offset);
    return chunk.bytes;
  }

  /** Pages beside this one have their bytes elsewhere: what was found holds for what has none of these. */
  #narrow(node: Node, granule: number, address: number, offset: number): void {
    const shared = node.lentSmall.has(offset - (offset % PAGE_2M));
    const from = shared ? address - (offset % PAGE_4K) : granule;
    this.#begin += from - this.#from;
    this.#from = from;
    this.#to = Math.min(this.#to, from + (shared ? PAGE_4K : PAGE_2M));
  }

  /**
   * The bytes themselves, where they lie contiguously: for rings and tests. Whoever moves payload goes through
   * copy.ts or the DMA engine, which count.
   */
  view(address: number, lengthBytes: number): Uint8Array<ArrayBuffer> {
    this.#range(address, lengthBytes);
    const bytes = this.locate(address);
    if (this.at + lengthBytes > this.end)
      throw new RangeError(`${lengthBytes} bytes at ${address} do not lie in one piece`);
    return bytes.subarray(this.at, this.at + lengthBytes);
  }

  /**
   * The bytes of these pages, which are the caller's, lie in an array of its own from now on: so that what a guest takes for
   * one piece of memory is one piece of bytes, wherever its pages are. `takeBack` before they are given back.
   */
  lend(address: number, lengthBytes: number, bytes: Uint8Array<ArrayBuffer>, begin: number): void {
    const node = this.#range(address, lengthBytes);
    const from = address % NODE_SPAN;
    const grain = lengthBytes % PAGE_2M === 0 && from % PAGE_2M === 0 ? PAGE_2M : PAGE_4K;
    const lent: Lent = { bytes, begin, from, to: from + lengthBytes };
    for (let at = from; at < lent.to; at += grain) {
      node.lent.set(keyOf(at, grain), lent);
      if (grain === PAGE_4K) countSmall(node.lentSmall, at, 1);
    }
    this.#to = this.#from = 0;
  }

  takeBack(address: number, lengthBytes: number): void {
    const node = this.#range(address, lengthBytes);
    const from = address % NODE_SPAN;
    const grain = lengthBytes % PAGE_2M === 0 && from % PAGE_2M === 0 ? PAGE_2M : PAGE_4K;
    for (let at = from; at < from + lengthBytes; at += grain) {
      node.lent.delete(keyOf(at, grain));
      if (grain === PAGE_4K) countSmall(node.lentSmall, at, -1);
    }
    this.#to = this.#from = 0;
  }

  /** Sets bytes that have something behind them; the others are zero anyway when `value` is. Not for pages that are lent. */
  fill(address: number, lengthBytes: number, value: number): void {
    const node = this.#range(address, lengthBytes);
    let offset = address % NODE_SPAN;
    const end = offset + lengthBytes;
    while (offset < end) {
      const index = Math.floor(offset / CHUNK_BYTES);
      const stop = Math.min(end, (index + 1) * CHUNK_BYTES);
      const chunk = node.chunks[index] ?? (value === 0 ? undefined : this.#back(node, index));
      if (chunk !== undefined) {
        const from = index * CHUNK_BYTES - chunk.begin;
        chunk.bytes.fill(value, offset - from, stop - from);
      }
      offset = stop;
    }
  }

  #back(node: Node, index: number): Chunk {
    const lengthBytes = Math.min(CHUNK_BYTES, node.bytes - index * CHUNK_BYTES);
    const { whole, at } =
      this.#backing === undefined
        ? sharedPacketMemory(lengthBytes)
        : { whole: this.#backing(lengthBytes), at: 0 };
    const chunk: Chunk = { bytes: whole, begin: at, lengthBytes };
    node.chunks[index] = chunk;
    return chunk;
  }

  #node(index: number): Node {
    const node = this.#nodes[index];
    if (node === undefined) throw new UsageError('EINVAL', `there is no node ${index}`);
    return node;
  }

  #range(address: number, lengthBytes: number): Node {
    const node = this.#nodes[nodeOf(address)];
    const fits = node !== undefined && (address % NODE_SPAN) + lengthBytes <= node.bytes;
    if (!fits || !Number.isInteger(address) || !(lengthBytes >= 0))
      throw new RangeError(`there are no ${lengthBytes} bytes of memory at ${address}`);
    return node;
  }

  #pinsOf(node: Node, page: number): number {
    return node.pins[Math.floor(page / CHUNK_PAGES)]?.[page % CHUNK_PAGES] ?? 0;
  }

  #pinsAt(node: Node, page: number): Uint16Array {
    const index = Math.floor(page / CHUNK_PAGES);
    let pins = node.pins[index];
    if (pins === undefined) {
      const whole = node.bytes / PAGE_4K - index * CHUNK_PAGES;
      pins = new Uint16Array(Math.min(CHUNK_PAGES, whole));
      node.pins[index] = pins;
    }
    return pins;
  }
}

const CHUNK_PAGES = CHUNK_BYTES / PAGE_4K;

/** Runs of 2 MiB have one key, behind those of single pages. */
const keyOf = (offset: number, grain: number): number =>
  grain === PAGE_4K ? offset / PAGE_4K : NODE_SPAN + offset / PAGE_2M;

function countSmall(runs: Map<number, number>, offset: number, change: number): void {
  const run = offset - (offset % PAGE_2M);
  const left = (runs.get(run) ?? 0) + change;
  if (left > 0) runs.set(run, left);
  else runs.delete(run);
}

const lentAt = (lent: ReadonlyMap<number, Lent>, offset: number): Lent | undefined =>
  lent.get(keyOf(offset - (offset % PAGE_2M), PAGE_2M)) ??
  lent.get(keyOf(offset - (offset % PAGE_4K), PAGE_4K));

function pagesOf(address: number, lengthBytes: number): { first: number; end: number } {
  const offset = address % NODE_SPAN;
  return { first: Math.floor(offset / PAGE_4K), end: Math.ceil((offset + lengthBytes) / PAGE_4K) };
}
