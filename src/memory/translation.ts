// Where the bytes of a registered buffer lie: a list of equal pages, as a NIC's memory translation table has it.
// Built once from a page table or a list of machine addresses; from then on the NIC never asks the page table.

import { type AddressSpace, folded } from './address-space.js';
import { NODE_SPAN, PAGE_4K } from './machine-memory.js';
import type { PhysicalMemory } from './physical-memory.js';
import { UsageError } from './usage-error.js';

/** One registration's page list: 2^22 pages of 4 KiB are 16 GiB; larger buffers take larger pages. */
const MAX_ENTRIES = 2 ** 22;

export class Translation {
  readonly memory: PhysicalMemory;
  readonly lengthBytes: number;
  /** Entries that the NIC's table holds for it, and the bytes that each stands for. */
  readonly entries: number;
  readonly entryBytes: number;
  /** Machine addresses of the pages where they do not lie together; those that do are one long page. */
  readonly #pages: Float64Array;
  readonly #count: number;
  readonly #pageBytes: number;
  readonly #firstByte: number;
  /** Machine address of the first byte when all lie together; -1 otherwise. */
  readonly #flat: number;
  #pins = 0;

  /**
   * @param pages machine addresses of pages of `pageBytes` each
   * @param firstByte where in the first page the buffer begins
   */
  constructor(
    memory: PhysicalMemory,
    pages: readonly number[],
    pageBytes: number,
    firstByte: number,
    lengthBytes: number,
  ) {
    this.memory = memory;
    this.lengthBytes = lengthBytes;
    this.entries = pages.length;
    this.entryBytes = pageBytes;
    const count = pages.length;
    const together = count > 0 && lieTogether(pages, pageBytes);
    // Pages that lie together are walked as one: fewer steps, the same bytes.
    const asOne = count === 1 || (together && memory.holds(pages[0]!, count * pageBytes));
    this.#pages = asOne ? NONE : Float64Array.from(pages);
    this.#count = asOne ? 1 : count;
    this.#pageBytes = asOne ? count * pageBytes : pageBytes;
    this.#firstByte = firstByte;
    this.#flat = asOne ? pages[0]! + firstByte : -1;
  }

  // hot
  /** Machine address of the byte at `offset`, which the caller has checked against the length. */
  addressOf(offset: number): number {
    if (this.#flat >= 0) return this.#flat + offset;
    const at = this.#firstByte + offset;
    const page = Math.floor(at / this.#pageBytes);
    return this.#pages[page]! + (at - page * this.#pageBytes);
  }

  // hot
  /** The same where the whole buffer lies together and has these bytes; -1 otherwise. */
  flatAddressOf(offset: number, lengthBytes: number): number {
    const isIn = this.#flat >= 0 && offset >= 0 && offset + lengthBytes <= this.lengthBytes;
    return isIn ? this.#flat + offset : -1;
  }

  // hot
  /** Bytes from `offset` on that lie together. */
  roomAt(offset: number): number {
    if (this.#flat >= 0) return this.#pageBytes - this.#firstByte - offset;
    const at = this.#firstByte + offset;
    return (Math.floor(at / this.#pageBytes) + 1) * this.#pageBytes - at;
  }

  /** Which entry of the NIC's table serves the byte at `offset`: what a translation cache is asked for. */
  entryOf(offset: number): number {
    return Math.floor((this.#firstByte + offset) / this.entryBytes);
  }

  /** The pages stay in memory until as many `unpin` calls came. */
  pin(): void {
    let done = 0;
    try {
      for (; done < this.#count; done++) this.memory.pin(this.#page(done), this.#pageBytes);
    } catch (error) {
      while (done-- > 0) this.memory.unpin(this.#page(done), this.#pageBytes);
      throw error;
    }
    this.#pins++;
  }

  #page(index: number): number {
    return this.#flat >= 0 ? this.#flat - this.#firstByte : this.#pages[index]!;
  }

  unpin(): void {
    if (this.#pins === 0) throw new UsageError('EINVAL', 'the translation is not pinned');
    this.#pins--;
    for (let i = 0; i < this.#count; i++) this.memory.unpin(this.#page(i), this.#pageBytes);
  }
}

const NONE = new Float64Array(0);

// hot
function lieTogether(pages: readonly number[], pageBytes: number): boolean {
  for (let i = 1; i < pages.length; i++) if (pages[i]! !== pages[0]! + i * pageBytes) return false;
  return true;
}

/**
 * The pages behind a range of a space, as pinning it for a device finds them.
 * @throws UsageError EFAULT when a page is missing, or read-only and `writes`
 */
export function translationOf(
  space: AddressSpace,
  virtual: bigint,
  lengthBytes: number,
  writes: boolean,
): Translation {
  const from = folded(virtual);
  if (from < 0 || !Number.isSafeInteger(lengthBytes) || lengthBytes < 0)
    throw new UsageError('EFAULT', `${lengthBytes} bytes at ${virtual}`);
  if (lengthBytes === 0) return new Translation(space.memory, [], PAGE_4K, 0, 0);
  const found: { address: number; pageBytes: number }[] = [];
  let entryBytes = Number.POSITIVE_INFINITY;
  for (let at = from; at < from + lengthBytes; ) {
    const address = space.translateFolded(at);
    if (address < 0 || (writes && !space.writable))
      throw new UsageError('EFAULT', `page of ${space.name} at ${at} is missing or read-only`);
    const { pageBytes } = space;
    if (found.length === MAX_ENTRIES)
      throw new UsageError('ENOMEM', `more than ${MAX_ENTRIES} pages in one translation`);
    entryBytes = Math.min(entryBytes, pageBytes);
    found.push({ address: address - (address % pageBytes), pageBytes });
    at += pageBytes - (at % pageBytes);
  }
  // Pages of several sizes: all are counted in the smallest, from the one in which the range begins.
  const skipped = Math.floor((from % found[0]!.pageBytes) / entryBytes);
  const end = Math.ceil(((from % entryBytes) + lengthBytes) / entryBytes);
  if (end > MAX_ENTRIES) throw new UsageError('ENOMEM', `${end} pages in one translation`);
  const pages: number[] = [];
  for (const { address, pageBytes } of found)
    for (let done = 0; done < pageBytes && pages.length < skipped + end; done += entryBytes)
      pages.push(address + done);
  const list = pages.slice(skipped);
  return new Translation(space.memory, list, entryBytes, from % entryBytes, lengthBytes);
}

/** All of a machine's memory at its machine addresses: for rings that a driver gave by address, and DMA regions. */
export function physicalTranslation(memory: PhysicalMemory): Translation {
  const nodes = Array.from({ length: memory.nodeCount }, (_, node) => node * NODE_SPAN);
  return new Translation(memory, nodes, NODE_SPAN, 0, memory.nodeCount * NODE_SPAN);
}
