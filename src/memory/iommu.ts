// The IOMMU between devices and memory: each function of a device that is given away has a domain of its own, which says what
// its addresses mean and what it may touch. Translations are cached in one IOTLB for all; what is not there is walked for, and
// what is not mapped is a fault: counted, not done.

import { Busy, exact } from '../time/index.js';
import type { Nanos } from '../time/nanos.js';
import { type Actor, DMA_FAULT, IOTLB_MISS, type Ledger } from './ledger.js';
import { type MachineMemory, PAGE_4K, type PageBytes } from './machine-memory.js';
import { PageTable } from './page-table.js';
import { UsageError } from './usage-error.js';

export interface IommuProfile {
  readonly name: string;
  /** Translations that it has at hand. */
  readonly iotlbEntries: number;
  /** What walking its tables adds to a transfer. */
  readonly missNs: number;
  /** Walks at a time are so long apart at least. */
  readonly walkNs: number;
}

const WAYS = 4;
/** Domains of 16 bits (VT-d 9.3), and pages of 4 KiB below 2^52. */
const MOST_DOMAINS = 65536;
const PAGES = 2 ** 36;

export class Iommu {
  hits = 0;
  misses = 0;
  faults = 0;
  readonly #tags: Float64Array;
  readonly #stamps: Float64Array;
  readonly #sets: number;
  readonly #walker = new Busy();
  #clock = 0;
  #domains = 0;

  constructor(
    readonly profile: IommuProfile,
    readonly memory: MachineMemory,
    readonly ledger: Ledger,
  ) {
    this.#sets = Math.max(1, Math.floor(profile.iotlbEntries / WAYS));
    this.#tags = new Float64Array(this.#sets * WAYS).fill(-1);
    this.#stamps = new Float64Array(this.#tags.length);
  }

  /** A domain for one function of a device. */
  domain(name: string): DmaDomain {
    if (this.#domains === MOST_DOMAINS) throw new UsageError('ENOMEM', `${MOST_DOMAINS} domains`);
    return new DmaDomain(this, name, this.#domains++);
  }

  // hot
  /**
   * Nanoseconds until the translation of a page is at hand; from then on it is.
   * @param index its number among pages of its size: those that follow each other are in different sets
   */
  find(now: Nanos, device: Actor, domain: number, page: number, index: number): number {
    const tag = domain * PAGES + page;
    const first = (index % this.#sets) * WAYS;
    let victim = first;
    for (let i = first; i < first + WAYS; i++) {
      if (this.#tags[i] === tag) {
        this.#stamps[i] = ++this.#clock;
        this.hits++;
        return 0;
      }
      if (this.#stamps[i]! < this.#stamps[victim]!) victim = i;
    }
    this.misses++;
    this.#tags[victim] = tag;
    this.#stamps[victim] = ++this.#clock;
    const { missNs, walkNs } = this.profile;
    const wait = Math.max(0, this.#walker.after(now));
    this.#walker.serve(now, exact(walkNs));
    const took = Math.ceil(wait + missNs);
    this.ledger.record(now, device, IOTLB_MISS, 0, took, 0);
    return took;
  }

  /** Translations of a domain that are gone are forgotten. */
  invalidate(domain: number): void {
    for (let i = 0; i < this.#tags.length; i++)
      if (Math.floor(this.#tags[i]! / PAGES) === domain) this.#tags[i] = -1;
  }
}

export class DmaDomain {
  faults = 0;
  /** Set by `translate`: nanoseconds that the translation took. */
  waitNs = 0;
  readonly #table = new PageTable();
  // The page that was found last, whose translation the device's own queue still holds.
  #from = 0;
  #to = 0;
  #machine = 0;
  #writable = false;

  constructor(
    readonly iommu: Iommu,
    readonly name: string,
    readonly number: number,
  ) {}

  get memory(): MachineMemory {
    return this.iommu.memory;
  }

  /** The device finds machine memory at these addresses from now on. @throws UsageError where something is mapped */
  map(address: number, machine: number, pageBytes: PageBytes, writable = true): void {
    if (!this.#table.enter(address, machine, pageBytes, writable))
      throw new UsageError('EEXIST', `${this.name}: something is mapped at ${address} already`);
  }

  unmap(address: number): void {
    this.#table.remove(address);
    this.#from = this.#to = 0;
    this.iommu.invalidate(this.number);
  }

  // hot
  /** Machine address of a device's; -1 is a fault. `room` bytes from there on lie together. */
  translate(now: Nanos, device: Actor, address: number, writes: boolean): number {
    if (!(address >= this.#from && address < this.#to) && !this.#find(address))
      return this.#fault(now, device);
    if (writes && !this.#writable) return this.#fault(now, device);
    const from = this.#from;
    const page = Math.floor(from / PAGE_4K);
    const index = Math.floor(from / (this.#to - from));
    this.waitNs = this.iommu.find(now, device, this.number, page, index);
    return this.#machine + (address - this.#from);
  }

  // hot
  roomAt(address: number): number {
    return this.#to - address;
  }

  #find(address: number): boolean {
    const machine = this.#table.walk(address);
    if (machine < 0) return false;
    const { pageBytes, writable } = this.#table;
    const offset = address % pageBytes;
    this.#from = address - offset;
    this.#to = this.#from + pageBytes;
    this.#machine = machine - offset;
    this.#writable = writable;
    return true;
  }

  /** VT-d 7: the request is refused, and written down. */
  #fault(now: Nanos, device: Actor): number {
    this.faults++;
    this.iommu.faults++;
    this.waitNs = 0;
    this.iommu.ledger.record(now, device, DMA_FAULT, 0, 0, 0);
    return -1;
  }
}
