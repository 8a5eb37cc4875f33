// The life of commands in a controller (NVMe Base 2.0 3.3): taken out of a queue, asked of the medium, over, told to the driver. What
// each step takes is for who has the controller: a thread of a process, or a drive.

import { SQE } from '../../protocols/nvme/sqe-header.js';
import type { BlockRequest, BlockStatus } from '../block/index.js';
import type { Nanos } from '../time/index.js';
import { NvmeAdmin } from './admin.js';
import { type Medium, readCommand } from './command.js';
import { NvmeController } from './controller.js';
import type { ControllerMemory } from './memory.js';
import type { CompletionQueue, SubmissionQueue } from './queue.js';
import {
  COMMAND_ID_CONFLICT,
  EVENT_LIMIT,
  type NvmeStatus,
  nvmeStatusOf,
  SUCCESS,
} from './status.js';

export interface CommandsOptions {
  readonly memory: ControllerMemory;
  readonly medium: Medium;
  readonly readOnly: boolean;
  /** Identify's model number. */
  readonly model: string;
  /** The medium may have another size one day: drivers are told that they will hear of it. */
  readonly resizes?: boolean;
  /** A request of the medium has ended, and with it its command. */
  readonly ended: (now: Nanos) => void;
}

/** A command that is over, or will be. */
export interface Command {
  readonly queue: SubmissionQueue;
  readonly cid: number;
  /** Of which life of the controller: commands of before a reset are nobody's. */
  readonly life: number;
  status: NvmeStatus;
  result: number;
  /** Requests of it that the medium is still to do. */
  left: number;
}

const NONE: readonly BlockRequest[] = [];

export class NvmeCommands {
  readonly controller: NvmeController;
  readonly counts = { commands: 0, refused: 0 };
  readonly #options: CommandsOptions;
  readonly #admin: NvmeAdmin;
  /** Commands that are over, of which the driver is to be told. */
  #over: Command[] = [];
  #life = 0;

  constructor(options: CommandsOptions) {
    this.#options = options;
    this.controller = new NvmeController(options.memory, () => {
      this.#life++;
      this.#over = [];
      this.#admin.events.clear();
    });
    this.#admin = new NvmeAdmin(
      this.controller,
      options.medium,
      options.model,
      options.resizes ?? false,
    );
  }

  /** Changes when the controller is reset: what it has to do for commands of before is nobody's. */
  get life(): number {
    return this.#life;
  }

  get hasOver(): boolean {
    return this.#over.length > 0;
  }

  /** A command that was taken out of this queue: what it asks of the medium, whose requests know what to do when they are done. */
  accept(queue: SubmissionQueue, sqe: Uint8Array): readonly BlockRequest[] {
    this.counts.commands++;
    const cid = SQE.get.cid(sqe, 0);
    const command: Command = {
      queue,
      cid,
      life: this.#life,
      status: SUCCESS,
      result: 0,
      left: 0,
    };
    if (queue.open.has(cid)) return this.#refuse(command, COMMAND_ID_CONFLICT);
    queue.open.add(cid);
    return queue.id === 0 ? this.#administer(command, sqe) : this.#ask(command, sqe);
  }

  #administer(command: Command, sqe: Uint8Array): readonly BlockRequest[] {
    const { status, result, waits } = this.#admin.answer(sqe);
    command.result = result;
    if (status !== SUCCESS) return this.#refuse(command, status);
    if (waits !== true) this.#over.push(command);
    else if (!this.#admin.events.park(command)) return this.#refuse(command, EVENT_LIMIT);
    this.#tellEvent();
    return NONE;
  }

  /** The medium has another size: the driver hears of it, if it asked. */
  resized(): void {
    this.#admin.events.changed();
    this.#tellEvent();
  }

  #tellEvent(): void {
    const command = this.#admin.events.tell();
    if (command) this.#over.push(command);
  }

  #ask(command: Command, sqe: Uint8Array): readonly BlockRequest[] {
    const { memory, medium, readOnly } = this.#options;
    const found = readCommand(memory, medium, sqe, readOnly);
    if (!Array.isArray(found)) {
      if (found !== SUCCESS) return this.#refuse(command, found);
      this.#over.push(command);
      return NONE;
    }
    command.left = found.length;
    for (const request of found)
      request.done = (now) => this.#requestDone(now, command, request.status);
    return found;
  }

  #refuse(command: Command, status: NvmeStatus): readonly BlockRequest[] {
    this.counts.refused++;
    command.status = status;
    this.#over.push(command);
    return NONE;
  }

  #requestDone(now: Nanos, command: Command, status: BlockStatus): void {
    if (command.status === SUCCESS) command.status = nvmeStatusOf(status);
    command.left--;
    if (command.left > 0 || command.life !== this.#life) return;
    this.#over.push(command);
    this.#options.ended(now);
  }

  /** All that are over; those whose completion queue has no room go back with `putBack`. */
  takeOver(): Command[] {
    return this.#over.splice(0);
  }

  putBack(commands: readonly Command[]): void {
    this.#over.unshift(...commands);
  }

  /** Puts the completion into its queue, and answers that; null when the controller was reset meanwhile. */
  complete({ queue, cid, life, status, result }: Command): CompletionQueue | null {
    if (life !== this.#life) return null;
    if (status !== COMMAND_ID_CONFLICT) queue.open.delete(cid);
    queue.completions.put(queue, cid, status, result);
    return queue.completions;
  }
}
