// A block job: threads of a machine that read and write a disk of its, and what came out.

import type { BlockDevice } from '../../block/index.js';
import type { Computer } from '../../host/index.js';
import type { Nanos, Random } from '../../time/index.js';
import { Job, type Precondition } from './job.js';
import type { BlockJobParameters } from './parameters.js';
import { Tape, type TapeListener } from './tape.js';

export interface BlockJobResult {
  /** Why it ended early; '' when it did not. */
  readonly failure: string;
  readonly reads: { readonly count: number; readonly bytes: number };
  readonly writes: { readonly count: number; readonly bytes: number };
  /** Blocks that were read back, and those that did not hold what was written last. */
  readonly blocks: number;
  readonly wrong: number;
  readonly startNs: number;
  readonly endNs: number;
}

export class BlockJob {
  readonly #jobs: readonly Job[];
  readonly #tape: Tape;
  #running: number;

  /** @throws RangeError when the disk has no room for the job */
  constructor(
    readonly computer: Computer,
    device: BlockDevice,
    readonly parameters: BlockJobParameters,
    random: Random,
    readonly listener: TapeListener,
    /** Puts bytes on the disk behind its back, as they would be after long use; otherwise jobs write what they will read. */
    precondition?: Precondition,
  ) {
    const { jobs, areaBytes, blockSizes } = parameters;
    const need = jobs * areaBytes;
    if (device.sizeBytes < need)
      throw new RangeError(
        `${device.name} has ${device.sizeBytes} bytes, and ${jobs} jobs need ${need}`,
      );
    for (const size of blockSizes)
      if (size % device.blockBytes !== 0)
        throw new RangeError(`block-size: ${device.name} has blocks of ${device.blockBytes} bytes`);
    this.#tape = new Tape(parameters, listener);
    this.#running = jobs;
    this.#jobs = Array.from(
      { length: jobs },
      (_, i) => new Job(computer, device, parameters, i, random, this.#tape, precondition),
    );
  }

  /** Starts its threads; on the cores named, in turn, or wherever there is least to do. */
  start(cores?: readonly number[]): void {
    this.#jobs.forEach((job, i) => {
      const core = cores?.[i % cores.length];
      this.computer.spawn(
        `block job ${i}`,
        (thread) => this.#run(job, thread),
        core === undefined ? {} : { core },
      );
    });
  }

  *#run(job: Job, thread: Parameters<Job['run']>[0]) {
    yield* job.run(thread);
    this.#running--;
    if (this.#running === 0) this.#tape.close(thread.now);
  }

  get ended(): boolean {
    return this.#running === 0;
  }

  /** How much of it is done: 0 to 1. */
  part(now: Nanos): number {
    const { operations, jobs, durationNs } = this.parameters;
    const { startNs } = this.#tape;
    if (durationNs !== undefined)
      return startNs === 0 ? 0 : Math.min(1, (now - startNs) / durationNs);
    return this.#tape.counted / (operations * jobs);
  }

  result(): BlockJobResult {
    const { failure, reads, writes, blocks, wrong, startNs, endNs } = this.#tape;
    const waits = this.ended || failure !== '' ? '' : 'its requests wait for ever';
    return { failure: failure || waits, reads, writes, blocks, wrong, startNs, endNs };
  }
}
