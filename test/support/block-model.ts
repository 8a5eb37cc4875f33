// What a disk may hold, after all that was asked of it: by block, the last write that is durable, and those since. A write
// that failed or is under way may be there or not; a crash may take back what was not flushed, and no more.

/**
 * Of one block: values that may be read, those of them that a crash may leave, and those that would be there had there been
 * no crash: a flush that succeeds says that these are.
 */
interface Block {
  may: Set<number>;
  durable: Set<number>;
  promised: Set<number>;
}

export class BlockModel {
  readonly #blocks: Block[];

  constructor(count: number) {
    this.#blocks = Array.from({ length: count }, () => ({
      may: new Set([0]),
      durable: new Set([0]),
      promised: new Set([0]),
    }));
  }

  /** A write begins: from now on it may be there. */
  begins(block: number, value: number): void {
    const { may, durable, promised } = this.#blocks[block]!;
    for (const values of [may, durable, promised]) values.add(value);
  }

  /** It was acknowledged: nothing older is read any more, but after a crash, unless it is durable. */
  acknowledged(block: number, value: number, fua: boolean, hasCrashed: boolean): void {
    const one = this.#blocks[block]!;
    one.promised = new Set([value]);
    if (fua) one.durable = new Set([value]);
    // The answer may have been on its way when the cache was lost.
    one.may = hasCrashed ? new Set([value, ...one.durable]) : new Set([value]);
  }

  /** What a flush that begins now promises if it succeeds. */
  snapshot(): readonly (readonly number[])[] {
    return this.#blocks.map(({ promised }) => [...promised]);
  }

  /** A flush succeeded: what it promised was not lost, crash or not. Writes since it began may be there as well. */
  flushed(before: readonly (readonly number[])[]): void {
    this.#blocks.forEach((block, i) => {
      block.durable = new Set([...before[i]!, ...block.promised]);
      block.may = new Set([...block.may].filter((value) => block.durable.has(value)));
    });
  }

  /** A flush failed, and said by that that writes may be lost: no later one answers for them. */
  unflushed(): void {
    for (const block of this.#blocks)
      block.promised = new Set([...block.promised, ...block.may, ...block.durable]);
  }

  crashed(): void {
    for (const block of this.#blocks) block.may = new Set([...block.durable, ...block.may]);
  }

  allows(block: number, value: number): boolean {
    return this.#blocks[block]!.may.has(value);
  }

  valuesOf(block: number): Iterable<number> {
    return this.#blocks[block]!.may;
  }
}
