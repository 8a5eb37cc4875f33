// A view of machine memory under virtual addresses: of a process, of a kernel or of a device behind an IOMMU.
// Addresses are bigints at the API and whole numbers below 2^48 inside (the upper half of x86-64's canonical
// addresses follows the lower one). Several spaces may map the same pages: views of the same bytes.

import type { PageBytes } from './machine-memory.js';
import { NODE_SPAN, PAGE_1G, PAGE_2M, PAGE_4K } from './machine-memory.js';
import { PageTable, type Translator, type UserPlace } from './page-table.js';
import type { PhysicalMemory } from './physical-memory.js';
import { UsageError } from './usage-error.js';

/** Where `allocate` begins: far from null, so that small wrong addresses are caught. */
const FIRST_ALLOCATION = 2 ** 32;
const HALF = 2 ** 47;
const HALF_BITS = 47n;
const WHOLE = 2 ** 48;
const UPPER = 0xffff_0000_0000_0000n;
/** Where Linux maps all memory for the kernel (Documentation/arch/x86/x86_64/mm.rst), before randomisation. */
const DIRECT_MAP = 0xffff_8880_0000_0000n;

export interface MapOptions {
  readonly pageBytes?: PageBytes;
  readonly writable?: boolean;
}

export interface AllocateOptions extends MapOptions {
  readonly node?: number;
  /** One run of machine pages, as a kernel's DMA buffers are; otherwise a page here, a page there. */
  readonly contiguous?: boolean;
  /** What for, in words; of a process's space 'application memory' unless given. */
  readonly use?: string;
}

export type SpaceKind = 'user' | 'kernel' | 'device';

/** A number below 2^48 for a canonical address, -1 for any other. */
export function folded(address: bigint): number {
  const top = address >> HALF_BITS;
  if (top === 0n) return Number(address);
  return top === 0x1ffffn ? Number(address - UPPER) : -1;
}

const unfolded = (at: number): bigint => (at < HALF ? BigInt(at) : BigInt(at) + UPPER);

/** A kernel's view of all memory of a machine: the direct map, every page writable. */
export function kernelSpace(memory: PhysicalMemory, name = 'kernel'): AddressSpace {
  const space = new AddressSpace(memory, 'kernel', name);
  for (let node = 0; node < memory.nodeCount; node++)
    space.mapAll(directMapAddress(node * NODE_SPAN), node * NODE_SPAN, memory.nodeBytes(node));
  return space;
}

/** Where the direct map has the byte at this machine address; the first 4 TiB of 8 nodes have a place there. */
export function directMapAddress(address: number): bigint {
  const node = Math.floor(address / NODE_SPAN);
  const offset = address % NODE_SPAN;
  if (node >= 8 || offset >= 2 ** 42)
    throw new UsageError('EINVAL', `machine address ${address} lies outside the direct map`);
  return DIRECT_MAP + BigInt(node * 2 ** 42 + offset);
}

export class AddressSpace {
  readonly memory: PhysicalMemory;
  readonly kind: SpaceKind;
  readonly name: string;
  readonly #table: Translator;
  /** Pages that `allocate` took, by folded address: they go back when unmapped. */
  readonly #owned = new Set<number>();
  #next = FIRST_ALLOCATION;

  constructor(
    memory: PhysicalMemory,
    kind: SpaceKind = 'user',
    name: string = kind,
    table: Translator = new PageTable(),
  ) {
    this.#table = table;
    this.memory = memory;
    this.kind = kind;
    this.name = name;
  }

  /** New zeroed memory somewhere in this space; its address, aligned to the page size. */
  allocate(lengthBytes: number, options: AllocateOptions = {}): bigint {
    const { pageBytes = PAGE_4K, node = 0, contiguous = false, writable = true } = options;
    if (!(lengthBytes > 0)) throw new UsageError('EINVAL', `allocating ${lengthBytes} bytes`);
    const use = options.use ?? (this.kind === 'user' ? 'application memory' : '');
    const count = Math.ceil(lengthBytes / pageBytes);
    const at = Math.ceil(this.#next / pageBytes) * pageBytes;
    if (at + count * pageBytes > HALF) throw new UsageError('ENOMEM', 'the space is full');
    const runs = contiguous ? 1 : count;
    const taken: number[] = [];
    try {
      for (let i = 0; i < runs; i++)
        taken.push(this.memory.allocate(pageBytes, count / runs, node, use));
    } catch (error) {
      for (const address of taken) this.memory.free(address, (count / runs) * pageBytes);
      throw error;
    }
    for (let i = 0; i < count; i++) {
      const address = contiguous ? taken[0]! + i * pageBytes : taken[i]!;
      this.#enter(at + i * pageBytes, address, pageBytes, writable);
      this.#owned.add(at + i * pageBytes);
    }
    this.#next = at + count * pageBytes + PAGE_4K; // an unmapped page between catches what runs over
    return unfolded(at);
  }

  /** Maps machine pages at an address: a shared buffer, or a device's view of a process's pages. */
  map(virtual: bigint, address: number, lengthBytes: number, options: MapOptions = {}): void {
    const { pageBytes = PAGE_4K, writable = true } = options;
    const at = this.#checked(virtual, lengthBytes);
    if (at % pageBytes !== 0 || address % pageBytes !== 0 || lengthBytes % pageBytes !== 0)
      throw new UsageError('EINVAL', `${virtual} is not mapped in whole pages of ${pageBytes}`);
    for (let done = 0; done < lengthBytes; done += pageBytes) {
      try {
        this.#enter(at + done, address + done, pageBytes, writable);
      } catch (error) {
        for (let back = 0; back < done; back += pageBytes) this.#table.remove(at + back);
        throw error;
      }
    }
  }

  /** Maps a range in the largest pages that fit. */
  mapAll(virtual: bigint, address: number, lengthBytes: number): void {
    const at = this.#checked(virtual, lengthBytes);
    let done = 0;
    while (done < lengthBytes) {
      const fits = (size: number) =>
        (at + done) % size === 0 && (address + done) % size === 0 && done + size <= lengthBytes;
      const pageBytes = fits(PAGE_1G) ? PAGE_1G : fits(PAGE_2M) ? PAGE_2M : PAGE_4K;
      this.#enter(at + done, address + done, pageBytes, true);
      done += pageBytes;
    }
  }

  /** Takes the pages of a range away; what `allocate` took goes back, or when its last pin goes. */
  unmap(virtual: bigint, lengthBytes: number): void {
    const from = this.#checked(virtual, lengthBytes);
    const pages: { at: number; address: number; pageBytes: number }[] = [];
    for (let at = from; at < from + lengthBytes; ) {
      const address = this.#table.walk(at);
      const { pageBytes } = this.#table;
      if (address < 0 || at % pageBytes !== 0 || at + pageBytes > ceilPage(from + lengthBytes))
        throw new UsageError(
          'EINVAL',
          `${unfolded(at)} is no mapped page that can be unmapped whole`,
        );
      pages.push({ at, address, pageBytes });
      at += pageBytes;
    }
    for (const { at, address, pageBytes } of pages) {
      this.#table.remove(at);
      if (this.#owned.delete(at)) this.memory.free(address, pageBytes);
    }
  }

  /** The process ends: everything that `allocate` took goes back, pinned pages with their last pin. */
  release(): void {
    for (const at of this.#owned) {
      const address = this.#table.walk(at);
      const { pageBytes } = this.#table;
      this.#table.remove(at);
      this.memory.free(address, pageBytes);
    }
    this.#owned.clear();
  }

  /** The machine address behind a virtual one; -1 when nothing is mapped there. */
  translate(virtual: bigint): number {
    const at = folded(virtual);
    return at < 0 ? -1 : this.#table.walk(at);
  }

  // hot
  /** The same for a folded address. `pageBytes` and `writable` tell of the page. */
  translateFolded(at: number): number {
    return this.#table.walk(at);
  }

  // hot
  /** The same of an address that stands in a field. */
  translatePlace(place: UserPlace): number {
    const table = this.#table;
    return table.walkPlace === undefined ? table.walk(place.at) : table.walkPlace(place);
  }

  /** Of the page that the last translation found. */
  get pageBytes(): PageBytes {
    return this.#table.pageBytes;
  }

  get writable(): boolean {
    return this.#table.writable;
  }

  /**
   * The bytes themselves, for looking at and for a program's own use of its buffers: no copy, so nothing is
   * counted. Moves between buffers go through `copy`.
   * @throws UsageError EFAULT when the range is not mapped or its pages do not lie together
   */
  bytes(virtual: bigint, lengthBytes: number): Uint8Array<ArrayBuffer> {
    const pieces = this.pieces(virtual, lengthBytes);
    const [first] = pieces;
    if (first === undefined) return new Uint8Array(0);
    if (!followEachOther(pieces))
      throw new UsageError('EFAULT', `${lengthBytes} bytes at ${virtual} do not lie together`);
    return new Uint8Array(first.buffer, first.byteOffset, lengthBytes);
  }

  /** Are the bytes of a mapped range in one array, as `bytes` needs them? */
  isTogether(virtual: bigint, lengthBytes: number): boolean {
    return followEachOther(this.pieces(virtual, lengthBytes));
  }

  /** The bytes page by page, for ranges whose pages lie anywhere. */
  pieces(virtual: bigint, lengthBytes: number): Uint8Array<ArrayBuffer>[] {
    const from = this.#checked(virtual, lengthBytes);
    const found: Uint8Array<ArrayBuffer>[] = [];
    for (let at = from; at < from + lengthBytes; ) {
      const address = this.#table.walk(at);
      if (address < 0) throw new UsageError('EFAULT', `nothing is mapped at ${unfolded(at)}`);
      const page = PAGE_4K - (at % PAGE_4K); // never across a chunk, which is whole 4 KiB pages
      const length = Math.min(page, from + lengthBytes - at);
      found.push(this.memory.view(address, length));
      at += length;
    }
    return found;
  }

  /** Writes a program's own data into its memory, whatever its pages: setting up, not moving. */
  write(virtual: bigint, data: Uint8Array): void {
    let done = 0;
    for (const piece of this.pieces(virtual, data.length)) {
      piece.set(data.subarray(done, done + piece.length));
      done += piece.length;
    }
  }

  /** A copy of what is there, for looking at. */
  read(virtual: bigint, lengthBytes: number): Uint8Array<ArrayBuffer> {
    const into = new Uint8Array(lengthBytes);
    let done = 0;
    for (const piece of this.pieces(virtual, lengthBytes)) {
      into.set(piece, done);
      done += piece.length;
    }
    return into;
  }

  #enter(at: number, address: number, pageBytes: PageBytes, writable: boolean): void {
    if (!this.#table.enter(at, address, pageBytes, writable))
      throw new UsageError('EEXIST', `something is mapped at ${unfolded(at)} already`);
  }

  #checked(virtual: bigint, lengthBytes: number): number {
    const at = folded(virtual);
    const half = at < HALF ? HALF : WHOLE;
    if (at < 0 || !Number.isInteger(lengthBytes) || lengthBytes < 0 || at + lengthBytes > half)
      throw new UsageError('EFAULT', `${virtual} + ${lengthBytes} is no range of addresses`);
    return at;
  }
}

const ceilPage = (at: number): number => Math.ceil(at / PAGE_4K) * PAGE_4K;

const followEachOther = (pieces: readonly Uint8Array<ArrayBuffer>[]): boolean =>
  pieces.slice(1).every((piece, i) => {
    const before = pieces[i]!;
    return piece.buffer === before.buffer && piece.byteOffset === before.byteOffset + before.length;
  });
