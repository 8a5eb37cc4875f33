// Memory regions, memory windows and protection domains as records: what a key of the NIC's table stands for.
// Everything that changes them is in key-table.ts and operation.ts.

import type { Translation } from './translation.js';

/** A protection domain (IBA 10.2.3): regions, windows and queue pairs that may be used together. */
export class ProtectionDomain {
  readonly handle: number;
  /** What belongs to it; verbs objects of other layers count themselves here too. */
  uses = 0;

  constructor(handle: number) {
    this.handle = handle;
  }
}

/** How the region came about: ibv_reg_mr, ib_get_dma_mr, or ib_alloc_mr and REG_MR. */
export type RegionKind = 'user' | 'physical' | 'fast';

export class Region {
  readonly kind: RegionKind;
  readonly pd: ProtectionDomain;
  lkey: number;
  access: number;
  /** Registered; a fast region is not before its REG_MR and after its invalidation. */
  valid: boolean;
  /** Virtual address of the first byte in halves: 64 bits that need no bigint on the way to memory. */
  startHigh = 0;
  startLow = 0;
  lengthBytes: number;
  translation: Translation;
  /** Windows that are bound to it; it can neither be deregistered nor invalidated meanwhile. */
  windows = 0;
  /** Fast regions: the longest page list, and the list that the next REG_MR registers. */
  readonly maxPages: number;
  staged: Staged | null = null;

  constructor(
    kind: RegionKind,
    pd: ProtectionDomain,
    lkey: number,
    access: number,
    translation: Translation,
    maxPages: number,
  ) {
    this.kind = kind;
    this.pd = pd;
    this.lkey = lkey;
    this.access = access;
    this.valid = kind !== 'fast';
    this.lengthBytes = translation.lengthBytes;
    this.translation = translation;
    this.maxPages = maxPages;
  }

  /** What goes to the peer: the same number as the L_Key, as all HCAs of today have it. */
  get rkey(): number {
    return this.lkey;
  }

  get start(): bigint {
    return joined(this.startHigh, this.startLow);
  }
}

/** What ib_map_mr_sg prepared. */
export interface Staged {
  readonly translation: Translation;
  readonly start: Address;
}

/** A memory window (IBA 10.6.7). Of the types 2 only 2B is there: bound windows belong to one queue pair. */
export class Window {
  readonly type: 1 | 2;
  readonly pd: ProtectionDomain;
  rkey: number;
  access = 0;
  region: Region | null = null;
  /** Type 2B: the number of the queue pair that bound it, -1 when unbound. */
  qp = -1;
  /** The virtual address under which the first byte is reached; 0 when zero-based. */
  startHigh = 0;
  startLow = 0;
  lengthBytes = 0;
  /** Where in the region it begins. */
  offset = 0;

  constructor(type: 1 | 2, pd: ProtectionDomain, rkey: number) {
    this.type = type;
    this.pd = pd;
    this.rkey = rkey;
  }
}

const WORD = 2 ** 32;
/** The high half of 2^53. */
const EXACT_HIGH = 2 ** 21;
const WORD_BITS = 32n;
const WORD_MASK = 0xffff_ffffn;

/** An address of 64 bits: a bigint, or a number up to 2^53, which costs the data path nothing. */
export type Address = bigint | number;

// hot
export const highHalf = (value: Address): number =>
  typeof value === 'number'
    ? Math.floor(value / WORD) >>> 0
    : Number((value >> WORD_BITS) & WORD_MASK);
// hot
export const lowHalf = (value: Address): number =>
  typeof value === 'number' ? value >>> 0 : Number(value & WORD_MASK);
/** The address of these halves, as the number that it is where that is exact. */
// hot
export const addressOf = (high: number, low: number): Address =>
  high < EXACT_HIGH ? high * WORD + low : joined(high, low);
/** The same of one that is a bigint. */
export const plainAddress = (address: bigint): Address =>
  addressOf(highHalf(address), lowHalf(address));
/** So many bytes behind it. */
// hot
export const addressAfter = (address: Address, bytes: number): Address =>
  typeof address === 'number' ? address + bytes : address + BigInt(bytes);
export const joined = (high: number, low: number): bigint =>
  (BigInt(high) << WORD_BITS) | BigInt(low);

// hot
/** `address - start` in 64 bits as a number; negative when the address lies below. Exact up to 2^53. */
export function distance(high: number, low: number, startHigh: number, startLow: number): number {
  return (high - startHigh) * WORD + (low - startLow);
}

// hot
/** Whether `length` bytes from the address on would pass the end of the 64-bit address space. */
export function wraps(high: number, low: number, length: number): boolean {
  const sum = low + length;
  const top = high + Math.floor(sum / WORD);
  return top > WORD || (top === WORD && sum % WORD > 0);
}
