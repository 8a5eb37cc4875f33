// One command on its way through the target: a transport fills in the entry and moves the data, a queue says what
// is wanted and does it. Requests are used again.

import { CDW_AT, SQE, SQE_SIZE, SQENamespace } from '../../../protocols/nvme/sqe-header.js';
import type { Nanos } from '../../time/index.js';
import type { Io, IoError } from '../volume.js';
import type { Handler } from './handler.js';
import type { Namespace } from './namespace.js';
import { STATUS, type Status } from './status.js';
import type { Change, Underway } from './underway.js';

/** Which way a command's data moves: none, to the host, or from it. */
export type Direction = 'none' | 'to-host' | 'from-host';

const NOTHING = new Uint8Array(0);
/** Bytes of a completion that belong to its command: dwords 0 and 1. */
const RESULT_SIZE = 8;
/** No byte of the command is to blame. */
export const NOWHERE = -1;

/** What a command's volume operations are done with; its continuation is set for each. */
class RequestIo implements Io {
  offset = 0;
  length = 0;
  bytes: Uint8Array = NOTHING;
  at = 0;
  fua = false;
  noHole = false;
  next: (error: IoError) => void = () => {};

  done(error: IoError): void {
    this.next(error);
  }
}

export class Request {
  readonly sqe = new Uint8Array(SQE_SIZE);
  direction: Direction = 'none';
  /** Bytes that the command must move; -1: as many as its SGL says. */
  expected = 0;
  /** Its data: what came from the host, or what goes there. The transport says where, before it is carried out. */
  data: Uint8Array = NOTHING;
  at = 0;
  length = 0;
  readonly result = new Uint8Array(RESULT_SIZE);
  status: Status = STATUS.success;
  /** Byte of the entry, or of the data, that is to blame for the status. */
  location = NOWHERE;
  namespace: Namespace | undefined;
  /** What is to be done. */
  handler: Handler | undefined;
  /** The queue has it: it was accepted and is not complete. */
  open = false;
  /** It is being carried out: its data is there, or has its place. */
  running = false;
  /** An Abort asked for it to be stopped; told when it is complete. */
  readonly aborts: ((now: Nanos, isAborted: boolean) => void)[] = [];
  readonly io = new RequestIo();
  /** The change to a volume that it is, while it is made. */
  change: Change | undefined;
  underway: Underway | undefined;

  /** @param place its transport's own number of it */
  constructor(readonly place: number) {}

  get cid(): number {
    return SQE.get.cid(this.sqe, 0);
  }

  get opcode(): number {
    return SQE.get.opcode(this.sqe, 0);
  }

  get nsid(): number {
    return SQENamespace.get.nsid(this.sqe, SQE.size);
  }

  /** Where the command's own dwords start in `sqe`. */
  get cdw(): number {
    return CDW_AT;
  }

  /** Forgets the command before this one. */
  begin(): void {
    this.direction = 'none';
    this.expected = 0;
    this.data = NOTHING;
    this.at = 0;
    this.length = 0;
    this.result.fill(0);
    this.status = STATUS.success;
    this.location = NOWHERE;
    this.namespace = undefined;
    this.handler = undefined;
    this.running = false;
    this.aborts.length = 0;
    this.io.fua = false;
    this.io.noHole = false;
  }

  /** It failed; the first status that is set stays. */
  fail(status: Status, location = NOWHERE): void {
    if (this.status !== STATUS.success) return;
    this.status = status;
    this.location = location;
  }

  get failed(): boolean {
    return this.status !== STATUS.success;
  }

  /** Fills the data from `page`, starting at `offset` in it; zeros behind its end. */
  give(page: Uint8Array, offset = 0): void {
    const part = page.subarray(Math.min(offset, page.length), offset + this.length);
    this.data.set(part, this.at);
    this.data.fill(0, this.at + part.length, this.at + this.length);
  }
}
