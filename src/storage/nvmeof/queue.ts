// A queue of a controller, over one connection: commands are looked at before their data moves, carried out when it
// has, and completed in any order. Before Connect it belongs to no controller.

import { nvme } from '../../../protocols/index.js';
import { FABRICS_OPCODE } from '../../../protocols/nvme/sqe-header.js';
import type { Nanos } from '../../time/index.js';
import { adminCommands, discoveryCommands } from './admin-command.js';
import type { Controller } from './controller.js';
import { fabricsCommand } from './fabrics-command.js';
import type { Handler } from './handler.js';
import { ioCommands } from './io-command.js';
import type { Port } from './port.js';
import type { Request } from './request.js';
import { STATUS } from './status.js';
import type { NvmeTarget } from './target.js';

const { SQE, CQE, CQE_SIZE } = nvme;
/** Before Connect has said more: what every admin queue has at least (Base 2.0 5.1 of discovery: ASQSZ). */
export const FIRST_SIZE = 32;
const PSDT_SGL = 1;
const ADMIN = 0;

/** What a transport does for a queue of its. */
export interface Carrier {
  readonly port: Port;
  /** The command is done: its data, if it was read, goes to the host, then its completion; then it may be used again. */
  respond(now: Nanos, request: Request): void;
  /** The controller has gone: the connection ends. */
  close(why: string): void;
}

export class Queue {
  controller: Controller | undefined;
  qid = ADMIN;
  /** Entries. */
  size = FIRST_SIZE;
  flowControl = true;
  /** Its connection has gone. */
  isLost = false;
  #head = 0;
  /** Commands that are not complete, by identifier. */
  readonly #open = new Map<number, Request>();

  constructor(
    readonly target: NvmeTarget,
    readonly carrier: Carrier,
  ) {}

  /** More commands are open than the queue has entries: the host broke the protocol. */
  get overrun(): boolean {
    return this.#open.size > this.size;
  }

  get open(): number {
    return this.#open.size;
  }

  /**
   * Looks at a new command, whose entry is in `request.sqe`: which way its data moves, and how much there must be. A
   * command that has failed already is only to be completed.
   */
  accept(request: Request): void {
    request.begin();
    if (this.controller) this.controller.wasHeard = true;
    const { cid } = request;
    request.open = !this.#open.has(cid);
    if (!request.open) return request.fail(STATUS.commandIdConflict, SQE.at.cid);
    this.#open.set(cid, request);
    const { fuse, psdt } = SQE.get;
    if (fuse(request.sqe, 0) !== 0 || psdt(request.sqe, 0) !== PSDT_SGL)
      return request.fail(STATUS.invalidField, SQE.at.fuse);
    const handler = this.#handlerOf(request);
    if (!handler) return;
    request.handler = handler;
    request.direction = handler.direction;
    request.expected = handler.expected?.(request) ?? 0;
    handler.check?.(request, this);
  }

  #handlerOf(request: Request): Handler | undefined {
    const { opcode } = request;
    if (opcode === FABRICS_OPCODE) return fabricsCommand(request, this);
    const { controller } = this;
    if (!controller) {
      request.fail(STATUS.commandSequenceError);
      return undefined;
    }
    const table =
      this.qid !== ADMIN ? ioCommands : controller.isDiscovery ? discoveryCommands : adminCommands;
    const handler = table[opcode];
    if (!handler) request.fail(STATUS.invalidOpcode, SQE.at.opcode);
    // Base 2.0 3.1.3.6: only what makes a controller ready works on one that is not.
    else if (!controller.isReady) request.fail(STATUS.commandSequenceError);
    return request.failed ? undefined : handler;
  }

  /** The SGL describes `length` bytes. */
  checkLength(request: Request, length: number): void {
    const { expected, direction } = request;
    const isRight = direction === 'none' ? length === 0 : expected < 0 || length === expected;
    if (!isRight) request.fail(STATUS.sglLengthInvalid);
  }

  /** Carries out a command whose data is there, or has its place. */
  execute(now: Nanos, request: Request): void {
    const { handler } = request;
    if (request.failed || !handler) return this.complete(now, request);
    if (handler.changes) this.#begins(request);
    request.running = true;
    handler.run(now, request, this);
  }

  #begins(request: Request): void {
    const { controller } = this;
    if (!controller) return;
    request.underway = controller.subsystem.underway;
    request.change = request.underway.begin(controller.hostKey);
  }

  /** The command is done, as its status says. */
  complete(now: Nanos, request: Request): void {
    if (request.change) {
      request.underway!.end(now, request.change);
      request.change = undefined;
    }
    if (request.open) this.#open.delete(request.cid);
    request.open = false;
    request.running = false;
    request.handler = undefined;
    const aborts = request.aborts.splice(0);
    const isAborted = request.status === STATUS.abortRequested;
    this.#head = (this.#head + 1) % this.size;
    if (request.failed) this.controller?.failed(this, request);
    this.carrier.respond(now, request);
    for (const tell of aborts) tell(now, isAborted);
  }

  /**
   * Stops a command if that can be done (Base 2.0 5.1). One whose data is still on its way is not carried out when that has
   * come; one that waits in its volume is taken out; one that works on its blocks piece by piece stops before the next.
   * `tell` is called when the command is complete, or at once where it goes on.
   */
  abort(now: Nanos, cid: number, tell: (now: Nanos, isAborted: boolean) => void): void {
    const request = this.#open.get(cid);
    if (!request) return tell(now, false);
    request.aborts.push(tell);
    if (!request.running) return request.fail(STATUS.abortRequested);
    const isStopped = request.namespace?.volume.cancel?.(request.io) ?? false;
    if (isStopped || request.handler?.inPieces) return;
    request.aborts.pop();
    tell(now, false);
  }

  /** Writes the completion of a command that is done. */
  encodeCompletion(request: Request, b: Uint8Array, at: number): void {
    const { status, cid } = request;
    const { sct, sc, dnr } = status;
    // A host that has no use for the head is told that once, as Linux does it (Connect itself has FFFFh).
    const sqhd = this.flowControl ? this.#head : this.#head === 1 ? NO_HEAD : 0;
    const { result } = request;
    b.fill(0, at, at + CQE_SIZE);
    for (let i = 0; i < result.length; i++) b[at + i] = result[i]!;
    const { set } = CQE;
    const tail = at + CQE_SIZE - CQE.size;
    set.sqhd(b, tail, sqhd);
    set.sqid(b, tail, this.qid);
    set.cid(b, tail, cid);
    if (!request.failed) return;
    set.sct(b, tail, sct);
    set.sc(b, tail, sc);
    set.more(b, tail, this.controller ? 1 : 0);
    set.dnr(b, tail, dnr ? 1 : 0);
  }

  /** The connection is no more. */
  lost(now: Nanos, why: string): void {
    this.isLost = true;
    for (const { aborts } of this.#open.values())
      for (const tell of aborts.splice(0)) tell(now, true); // nobody hears of it any more
    this.controller?.lost(now, this, why);
  }

  /** The controller has gone. */
  end(why: string): void {
    this.controller = undefined;
    this.carrier.close(why);
  }
}

const NO_HEAD = 0xffff;
