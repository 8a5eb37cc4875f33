// A CRC is linear: what a byte adds to it depends on its value and on how many bytes follow, and on nothing else. So a
// run in which only a few numbers vary has its CRC by a few look-ups.

import { tables } from './table.js';

const VALUES = 256;
const made = new Map<number, Uint32Array>();

/** What a byte adds to the CRC-32 of a run when `behind` more bytes follow it, for each of its values. */
function byteTable(behind: number): Uint32Array {
  let table = made.get(behind);
  if (table === undefined) {
    const t = tables.crc32;
    table = t.slice(0, VALUES);
    for (let passed = 0; passed < behind; passed++)
      for (let v = 0; v < VALUES; v++) table[v] = (table[v]! >>> 8) ^ t[table[v]! & 255]!;
    made.set(behind, table);
  }
  return table;
}

/** What a number of up to three bytes, most significant first, adds to the CRC-32 of a run. */
export class Crc32Number {
  readonly #high: Uint32Array;
  readonly #middle: Uint32Array;
  readonly #low: Uint32Array;

  /** @param behind bytes of the run behind the number's last one */
  constructor(behind: number) {
    this.#high = byteTable(behind + 2);
    this.#middle = byteTable(behind + 1);
    this.#low = byteTable(behind);
  }

  /** 32 bits, to be XORed with the CRC that the run has with zero in this place. */
  // hot
  of(value: number): number {
    return (
      this.#high[(value >>> 16) & 255]! ^
      this.#middle[(value >>> 8) & 255]! ^
      this.#low[value & 255]!
    );
  }
}
