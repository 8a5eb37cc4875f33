// Memory of a program that a request's data lies in: its runs for the device, and their bytes for filling and holding
// against what was written.

import { type Segment, segmentsOf } from '../../block/index.js';
import type { Computer } from '../../host/index.js';
import type { Contents } from './contents.js';

interface Run {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly length: number;
}

export class DataBuffer {
  readonly #segments: readonly Segment[];
  readonly #runs: readonly Run[];

  constructor(computer: Computer, lengthBytes: number) {
    const address = computer.space.allocate(lengthBytes);
    this.#segments = segmentsOf(computer.space, address, lengthBytes);
    this.#runs = this.#segments.flatMap((segment) => runsOf(computer, segment));
  }

  /** The runs of the first so many bytes. */
  segments(lengthBytes: number): readonly Segment[] {
    const found: Segment[] = [];
    let left = lengthBytes;
    for (let i = 0; left > 0; i++) {
      const { address, length } = this.#segments[i]!;
      found.push({ address, length: Math.min(length, left) });
      left -= length;
    }
    return found;
  }

  /** Fills in blocks of a generation, from `block` on. */
  fill(contents: Contents, block: number, lengthBytes: number, generation: number): void {
    this.#each(contents, block, lengthBytes, (bytes, at, which) =>
      contents.fill(bytes, at, which, generation),
    );
  }

  /** How many of the blocks do not hold what they must. */
  wrong(contents: Contents, block: number, lengthBytes: number): number {
    let count = 0;
    this.#each(contents, block, lengthBytes, (bytes, at, which) => {
      if (!contents.holds(bytes, at, which)) count++;
    });
    return count;
  }

  /** So that what a read leaves out is not taken for what was there before. */
  clear(lengthBytes: number): void {
    let left = lengthBytes;
    for (let i = 0; left > 0; i++) {
      const { bytes, at, length } = this.#runs[i]!;
      bytes.fill(SPOILED, at, at + Math.min(length, left));
      left -= length;
    }
  }

  #each(
    { blockBytes }: Contents,
    block: number,
    lengthBytes: number,
    visit: (bytes: Uint8Array, at: number, block: number) => void,
  ): void {
    let which = block;
    let left = lengthBytes;
    for (let i = 0; left > 0; i++) {
      const { bytes, at, length } = this.#runs[i]!;
      const end = at + Math.min(length, left);
      for (let to = at; to < end; to += blockBytes) visit(bytes, to, which++);
      left -= length;
    }
  }
}
const SPOILED = 0xdb;

/** The bytes behind a run, as they lie together. */
function runsOf({ memory }: Computer, { address, length }: Segment): Run[] {
  const runs: Run[] = [];
  for (let done = 0; done < length; ) {
    const bytes = memory.locate(address + done);
    const size = Math.min(length - done, memory.end - memory.at);
    runs.push({ bytes, at: memory.at, length: size });
    done += size;
  }
  return runs;
}
