// What the target does with one kind of command.

import type { Nanos } from '../../time/index.js';
import type { Queue } from './queue.js';
import type { Direction, Request } from './request.js';

export interface Handler {
  readonly direction: Direction;
  /** Bytes that move; none unless given, -1 for as many as the host says. */
  expected?(request: Request): number;
  /** It changes a volume. */
  readonly changes?: true;
  /** It works on its blocks piece by piece, and may be stopped between two. */
  readonly inPieces?: true;
  /** Refuses what need not wait for its data. */
  check?(request: Request, queue: Queue): void;
  /** Does it, and completes it on the queue, now or later. */
  run(now: Nanos, request: Request, queue: Queue): void;
}

/** A command that is done at once: what `act` leaves in the request is the answer. */
export const immediate =
  (act: (request: Request, queue: Queue, now: Nanos) => void): Handler['run'] =>
  (now, request, queue) => {
    act(request, queue, now);
    queue.complete(now, request);
  };
