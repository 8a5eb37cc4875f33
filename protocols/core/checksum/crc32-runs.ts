// CRC-32s that stand behind what they cover, verified many at once. In packet memory one call of the kernel takes
// hundreds of them (160 ns each for 1 KiB, bench/icrc.ts); by calls of their own the masking, the lookup of the
// memory and the way into WebAssembly took another 130.

import { crc32, crc32Masked } from './crc32.js';
import { type Kernel, kernelOf } from './kernel/kernel.js';
import * as map from './kernel/memory-map.js';

/** What the first bytes of a run count as. */
export interface Cover {
  /** At their start: bits that count as ones. */
  readonly ones: Uint8Array;
  /** CRC of what stands before the run. */
  readonly seed: number;
}

/** Numbers that a run has: where it begins, where it ends and its CRC stands, its cover. */
const RUN = 3;
/** Words of an entry in the kernel's table. */
const ENTRY = map.runBytes / 4;

/** Runs of bytes with their CRC-32 behind them, least significant byte first, as FCS and ICRC are sent. */
export class Crc32Runs {
  /** Runs noted so far. */
  count = 0;
  readonly #covers: readonly Cover[];
  readonly #runs: Int32Array;
  /** Which run an entry of the kernel's table is. */
  readonly #entries = new Int32Array(map.runsLimit);

  /**
   * @param most runs that are noted before they are verified
   * @throws RangeError for more covers, or longer ones, than the kernel has room for
   */
  constructor(
    covers: readonly Cover[],
    readonly most: number,
  ) {
    const tooLong = covers.some(({ ones }) => ones.length > map.coverOnesLimit);
    if (tooLong || covers.length > map.coversLimit) throw new RangeError('covers');
    this.#covers = covers;
    this.#runs = new Int32Array(RUN * most);
  }

  /**
   * Notes a run: `from` to `to`, its CRC behind it, its cover by index. Not more than `most` of them.
   * @returns its number, counted from 0
   */
  // hot
  add(from: number, to: number, cover: number): number {
    const at = RUN * this.count;
    this.#runs[at] = from;
    this.#runs[at + 1] = to;
    this.#runs[at + 2] = cover;
    return this.count++;
  }

  /**
   * Verifies what was noted, in `bytes`, and forgets it. The numbers of runs whose CRC is wrong go to `wrong`.
   * @throws RangeError when a run lies outside the bytes
   */
  // hot
  verify(bytes: Uint8Array, wrong: (run: number) => void): void {
    const kernel = kernelOf(bytes.buffer);
    const runs = this.#runs;
    let entries = 0;
    if (kernel) this.#layCovers(kernel);
    for (let run = 0; run < this.count; run++) {
      const from = runs[RUN * run]!;
      const to = runs[RUN * run + 1]!;
      const cover = runs[RUN * run + 2]!;
      const length = to - from;
      const fits = from >= 0 && to + CRC_SIZE <= bytes.length;
      if (!kernel || !fits || length < map.runFrom || length > map.chunkBytes) {
        if (!this.#isRight(bytes, from, to, cover)) wrong(run);
        continue;
      }
      this.#entries[entries] = run;
      kernel.runs[ENTRY * entries] = bytes.byteOffset + from;
      kernel.runs[ENTRY * entries + 1] = bytes.byteOffset + to;
      kernel.runs[ENTRY * entries + 2] = map.coversAt + map.coverBytes * cover;
      if (++entries < map.runsLimit) continue;
      this.#run(kernel, entries, wrong);
      entries = 0;
    }
    if (kernel && entries > 0) this.#run(kernel, entries, wrong);
    this.count = 0;
  }

  /** Others may have used the kernel meanwhile, so it is told the covers anew. */
  #layCovers({ covers }: Kernel): void {
    covers.fill(0);
    for (const [i, { ones, seed }] of this.#covers.entries()) {
      const at = map.coverBytes * i;
      new Int32Array(covers.buffer, covers.byteOffset + at, 1)[0] = ~seed;
      covers.set(ones, at + map.coverOnesAt);
    }
  }

  /** The kernel takes whole groups; the last run stands again where one is not full. */
  #run(kernel: Kernel, entries: number, wrong: (run: number) => void): void {
    const { runs } = kernel;
    const end = Math.ceil(entries / map.abreast) * map.abreast;
    for (let i = entries; i < end; i++) {
      runs.copyWithin(ENTRY * i, ENTRY * (entries - 1), ENTRY * entries);
    }
    if (kernel.crc32Each(map.runsAt, map.runsAt + map.runBytes * end, 0) === 0) return;
    for (let i = 0; i < entries; i++) {
      if (runs[ENTRY * i + 3] !== 0) wrong(this.#entries[i]!);
    }
  }

  #isRight(bytes: Uint8Array, from: number, to: number, cover: number): boolean {
    const { ones, seed } = this.#covers[cover]!;
    const masked = Math.min(to, from + ones.length);
    const crc = crc32(bytes, masked, to, crc32Masked(bytes, from, masked, ones, seed));
    for (let i = 0; i < CRC_SIZE; i++) {
      if (bytes[to + i] !== ((crc >>> (8 * i)) & 255)) return false;
    }
    return true;
  }
}

const CRC_SIZE = 4;
