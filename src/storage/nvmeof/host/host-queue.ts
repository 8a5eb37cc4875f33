// What a queue of a host is, whatever its transport: one connection, the commands of its tags, and their ends.

import type { Signal, Thread, Wait } from '../../../cpu/index.js';
import type { Computer } from '../../../host/index.js';
import type { Nanos } from '../../../time/index.js';
import type { Command } from './command.js';

/** Whose queue it is. */
export interface QueueOwner {
  /** Raised when there may be something to hear: of the connection, or of a command that a thread waits for. */
  readonly news: Signal;
  /** The queue can be used no more; why it says. Called once, unless it was closed. */
  failed(now: Nanos, queue: HostQueue): void;
}

export interface QueueOptions {
  readonly computer: Computer;
  readonly owner: QueueOwner;
  /** 0 is the admin queue. */
  readonly qid: number;
  /** Entries; a queue holds one command less. */
  readonly entries: number;
  /** The core that serves its completions. */
  readonly core: number;
  /** Data of one command at most, and how much of it may go in the capsule. */
  readonly dataBytes: number;
  readonly inlineBytes: number;
  readonly target: Uint8Array;
  readonly port: number;
}

export interface HostQueue {
  readonly qid: number;
  /** Why it can be used no more. */
  readonly why: string;
  /** By tag. */
  readonly commands: readonly Command[];
  /** Connects; what went wrong, or nothing. */
  connect(thread: Thread): Generator<Wait, string, void>;
  /**
   * Sends a command, as work of this thread; its data pointer is filled in here. With `last` false others follow at
   * once, or `commit`. When it is over, `command.done` is called on the core that serves the queue.
   */
  send(thread: Thread, command: Command, last: boolean): Generator<Wait, void, void>;
  commit(thread: Thread): Generator<Wait, void, void>;
  /** What was said of the connection meanwhile. */
  hear(now: Nanos): void;
  /** Ends the connection. No command is touched any more: those that are open are lost. */
  close(thread: Thread): Generator<Wait, void, void>;
}

/** Runs a program; where its thread is ended from outside, with its machine, the queues go as they stand. */
export function* untilEnded(
  thread: Thread,
  program: Generator<Wait, void, void>,
  queues: () => readonly HostQueue[],
): Generator<Wait, void, void> {
  let isOver = false;
  try {
    yield* program;
    isOver = true;
  } finally {
    if (!isOver) for (const queue of queues()) for (const _ of queue.close(thread));
  }
}
