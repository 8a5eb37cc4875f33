// Asking on an admin queue: one command at a time, with its data in a page or two of memory, and the answer waited for.

import { nvme } from '../../../../protocols/index.js';
import { FABRICS_OPCODE, SQE } from '../../../../protocols/nvme/sqe-header.js';
import type { Segment } from '../../../block/index.js';
import type { Signal, Thread, Wait } from '../../../cpu/index.js';
import type { Computer } from '../../../host/index.js';
import { PAGE_4K } from '../../../memory/index.js';
import { after, seconds } from '../../../time/index.js';
import type { Command } from './command.js';
import type { HostQueue } from './host-queue.js';

/** Linux's admin_timeout. */
const TIMEOUT = seconds(60);
/** The longest answer: a discovery log of 63 records. */
export const ADMIN_BYTES = 16 * PAGE_4K;

/** What became of a question. */
export interface Answer {
  /** Empty when it succeeded. */
  readonly failure: string;
  /** The target says that asking again is no use. */
  readonly final: boolean;
  readonly result: Uint8Array;
  readonly data: Uint8Array;
}

export class Admin {
  readonly #addr: bigint;
  readonly #bytes: Uint8Array;
  readonly #segment: Segment;

  constructor(
    readonly computer: Computer,
    readonly news: Signal,
  ) {
    const { space } = computer;
    this.#addr = space.allocate(ADMIN_BYTES, { contiguous: true, use: 'nvme admin data' });
    this.#bytes = space.bytes(this.#addr, ADMIN_BYTES);
    this.#segment = { address: space.translate(this.#addr), length: ADMIN_BYTES };
  }

  /**
   * Sends what `fill` puts into the queue's first command and waits for the answer, this long. With bytes these go to the
   * target, with a number so many come from there.
   */
  *ask(
    thread: Thread,
    queue: HostQueue,
    what: string,
    fill: (command: Command) => void,
    data: Uint8Array | number = 0,
    timeout = TIMEOUT,
  ): Generator<Wait, Answer, void> {
    const command = queue.commands[0]!;
    const length = typeof data === 'number' ? data : data.length;
    if (typeof data !== 'number') this.#bytes.set(data);
    const { address } = this.#segment;
    command.at(length > 0 ? [{ address, length }] : [], length);
    fill(command);
    let isOver = false;
    command.done = (now) => {
      isOver = true;
      this.news.raise(now);
    };
    const end = after(thread.now, timeout);
    yield* queue.send(thread, command, true);
    while (!isOver && queue.why === '' && thread.now < end) {
      yield thread.block(this.news, end);
      queue.hear(thread.now);
    }
    command.done = () => {};
    const failure = failureOf(what, command, queue, isOver);
    const bytes = typeof data === 'number' && failure === '' ? data : 0;
    return {
      failure,
      final: isOver && command.dnr,
      result: command.result.slice(),
      data: this.#bytes.slice(0, bytes),
    };
  }

  release(): void {
    this.computer.space.unmap(this.#addr, ADMIN_BYTES);
  }
}

function failureOf(what: string, command: Command, { why }: HostQueue, isOver: boolean): string {
  if (!isOver) return why || `${what} was not answered`;
  const isFabrics = SQE.get.opcode(command.sqe, 0) === FABRICS_OPCODE;
  const { succeeded, sct, sc } = command;
  return succeeded ? '' : `${what}: ${nvme.statusName(sct, sc, isFabrics)}`;
}
