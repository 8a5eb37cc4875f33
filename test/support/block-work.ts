// Random work on a volume of which the parts may fail, judged by a model: what was acknowledged last is read, or an error.
// Several lanes work at once, each on blocks of its own.

import { OK, operate, type Volume } from '../../src/storage/index.js';
import { Random } from '../../src/time/index.js';
import { BlockModel } from './block-model.js';
import { assert } from './spec.js';

const BLOCK = 4096;
const LANES = 8;
/** What a block is full of. */
const VALUES = 250;

export class BlockWork {
  readonly model: BlockModel;
  errors = 0;
  #value = 0;
  readonly #random: Random;
  readonly #lane: number;

  constructor(
    readonly size: number,
    seed: number,
  ) {
    this.#random = new Random(seed, 'block work');
    this.model = new BlockModel(size / BLOCK);
    this.#lane = size / BLOCK / LANES;
  }

  /** So many operations on each lane; `step` is told of each. */
  async run(volume: Volume, operations: number, step = () => {}): Promise<void> {
    const lanes = Array.from({ length: LANES }, async (_, lane) => {
      for (let i = 0; i < operations; i++) {
        await this.#operate(volume, lane);
        step();
      }
    });
    await Promise.all(lanes);
  }

  async #operate(volume: Volume, lane: number): Promise<void> {
    const block = lane * this.#lane + this.#random.below(this.#lane);
    const roll = this.#random.below(10);
    if (roll < 5) return this.#write(volume, block);
    if (roll < 9) return this.read(volume, block);
    if ((await operate(volume, 'flush')) !== OK) this.errors++;
  }

  async #write(volume: Volume, block: number): Promise<void> {
    this.#value = (this.#value % VALUES) + 1;
    const value = this.#value;
    const fua = this.#random.chance(0.2);
    const bytes = new Uint8Array(BLOCK).fill(value);
    this.model.begins(block, value);
    const error = await operate(volume, 'write', { offset: block * BLOCK, bytes, fua });
    if (error === OK) this.model.acknowledged(block, value, fua, false);
    else this.errors++;
  }

  /** @throws Error when it is not what it may be */
  async read(volume: Volume, block: number): Promise<void> {
    const bytes = new Uint8Array(BLOCK);
    if ((await operate(volume, 'read', { offset: block * BLOCK, bytes })) !== OK) {
      this.errors++;
      return;
    }
    const may = [...this.model.valuesOf(block)];
    assert.ok(may.includes(bytes[0]!), `block ${block} holds ${bytes[0]}, and may hold ${may}`);
    assert.ok(
      bytes.every((byte) => byte === bytes[0]),
      `block ${block} is torn`,
    );
  }

  /** Every block of a copy. */
  async check(volume: Volume): Promise<void> {
    const before = this.errors;
    for (let block = 0; block < this.size / BLOCK; block++) await this.read(volume, block);
    assert.is(this.errors, before, 'errors');
  }
}
