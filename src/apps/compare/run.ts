// One message between two programs: warm up, be quiet until nothing is under way any more, then the one message that is
// measured, and quiet again. The two programs meet here; what they say to each other here takes no time and no frames.

import type { Thread, Wait } from '../../cpu/index.js';
import type { Computer } from '../../host/index.js';
import { after, ms, type Nanos, us } from '../../time/index.js';
import type { Operation, SideName } from './model.js';
import type { Recorder } from './recorder.js';

/** Caches, windows and estimates have settled after so many messages. */
export const WARM_UP = 16;
/** Longer than an acknowledgement may be delayed (Linux: 40 ms), shorter than a window is kept (200 ms). */
export const QUIET = ms(60);
/** Between the messages of the warm-up each side looks so often whether the other has it. */
const LOOK = us(20);

export interface Task {
  readonly op: Operation;
  readonly size: number;
}

/** Where the message is taken from, and where it is wanted. */
export interface Buffer {
  readonly host: Computer;
  readonly side: SideName;
  readonly address: bigint;
}

/** What both programs know. */
export class Run {
  /** Messages whose purpose is reached. */
  finished = 0;
  failure = '';
  source: Buffer | null = null;
  sink: Buffer | null = null;
  knownAt: Nanos | null = null;
  knownBy: SideName = 'initiator';
  readonly total = WARM_UP + 1;

  constructor(
    readonly task: Task,
    readonly recorder: Recorder,
  ) {}

  /** The message that is sent next is the measured one. */
  isLast(message: number): boolean {
    return message === this.total - 1;
  }

  /** Before each message: the one before is over, and before the measured one all is quiet. Then the buffers get their bytes. */
  *before(thread: Thread, message: number): Generator<Wait, void, void> {
    while (this.finished < message && this.failure === '')
      yield thread.sleep(after(thread.now, LOOK));
    this.fill(message);
    if (!this.isLast(message)) return;
    yield thread.sleep(after(thread.now, QUIET));
    this.recorder.begin(thread.now);
  }

  /** The application that wants the message, or that asked for it, knows that it is there. */
  known(now: Nanos, side: SideName): void {
    if (this.isLast(this.finished)) {
      this.knownAt = now;
      this.knownBy = side;
    }
    this.finished++;
  }

  /** Bytes of their own for each message: what is left of an earlier one would not pass. */
  fill(message: number): void {
    const { source, sink } = this;
    if (!source || !sink) return;
    source.host.space.write(source.address, this.#pattern(message));
    sink.host.space.write(sink.address, new Uint8Array(this.task.size));
  }

  get verified(): boolean {
    const { source, sink } = this;
    if (!source || !sink) return false;
    const wanted = this.#pattern(this.total - 1);
    const found = sink.host.space.read(sink.address, this.task.size);
    return found.every((byte, i) => byte === wanted[i]);
  }

  #pattern(message: number): Uint8Array {
    const values = 251; // prime: no two pages are alike
    return Uint8Array.from({ length: this.task.size }, (_, i) => 1 + ((i + 7 * message) % values));
  }
}
