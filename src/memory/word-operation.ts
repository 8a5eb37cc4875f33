// What an atomic operation makes of a word of 64 bits, in two halves: COMPARE_SWAP and FETCH_ADD (IBA 9.4.5), and the same
// with masks, as RFC 7306 5.1 has them: a swap of some bits if others compare equal, and an addition in fields.

import { numberGetter, numberSetter } from '../../protocols/core/accessor.js';

const WORD = 2 ** 32;
const ALL_ONES = 0xffffffff;

/** Words in memory are those of a little-endian host. */
const half = { size: 4, shift: 0, bits: 32, order: 'le' } as const;
export const getLow = numberGetter({ at: 0, ...half });
export const getHigh = numberGetter({ at: 4, ...half });
export const setLow = numberSetter({ at: 0, ...half });
export const setHigh = numberSetter({ at: 4, ...half });

/** One object that is filled for each operation. */
export class WordOperation {
  swaps = false;
  /** Added, or swapped in. */
  dataHigh = 0;
  dataLow = 0;
  /** Of a swap the bits that it changes; of an addition the highest bit of each field, where carries end. */
  maskHigh = 0;
  maskLow = 0;
  compareHigh = 0;
  compareLow = 0;
  compareMaskHigh = 0;
  compareMaskLow = 0;
  /** What `apply` made. */
  high = 0;
  low = 0;

  /** Adds in 64 bits, going round. */
  // hot
  add(high: number, low: number): this {
    this.swaps = false;
    this.dataHigh = high;
    this.dataLow = low;
    this.maskHigh = 0;
    this.maskLow = 0;
    return this;
  }

  /** Swaps the whole word if it is equal. */
  // hot
  swap(compareHigh: number, compareLow: number, high: number, low: number): this {
    this.swaps = true;
    this.dataHigh = high;
    this.dataLow = low;
    this.maskHigh = ALL_ONES;
    this.maskLow = ALL_ONES;
    this.compareHigh = compareHigh;
    this.compareLow = compareLow;
    this.compareMaskHigh = ALL_ONES;
    this.compareMaskLow = ALL_ONES;
    return this;
  }

  /** False where memory stays as it is. */
  // hot
  apply(high: number, low: number): boolean {
    if (!this.swaps) return this.#addInFields(high, low);
    if (((high ^ this.compareHigh) & this.compareMaskHigh) !== 0) return false;
    if (((low ^ this.compareLow) & this.compareMaskLow) !== 0) return false;
    this.high = ((high & ~this.maskHigh) | (this.dataHigh & this.maskHigh)) >>> 0;
    this.low = ((low & ~this.maskLow) | (this.dataLow & this.maskLow)) >>> 0;
    return true;
  }

  /** Without the highest bits of all fields no carry leaves its field; these are added without one. */
  // hot
  #addInFields(high: number, low: number): boolean {
    const { dataHigh, dataLow, maskHigh, maskLow } = this;
    const sumLow = ((low & ~maskLow) >>> 0) + ((dataLow & ~maskLow) >>> 0);
    const carry = sumLow >= WORD ? 1 : 0;
    const sumHigh = ((high & ~maskHigh) >>> 0) + ((dataHigh & ~maskHigh) >>> 0) + carry;
    this.low = ((sumLow % WORD) ^ ((low ^ dataLow) & maskLow)) >>> 0;
    this.high = ((sumHigh % WORD) ^ ((high ^ dataHigh) & maskHigh)) >>> 0;
    return true;
  }
}
