// Requests of the subnet manager under way: so many at a time, each repeated until it is answered or given up.

import { after, type Nanos, NEVER } from '../time/index.js';
import { MAD } from './wire.js';

/** Gets the answer, or undefined when there was none. */
type Done = (answer: Uint8Array | undefined) => void;

/** Where a MAD goes: by its own directed route, or to a LID. */
export interface OutgoingMad {
  readonly bytes: Uint8Array;
  /** Undefined for directed routes, whose path is in the packet. */
  readonly lid: number | undefined;
  readonly sl: number;
  readonly qp: number;
}

interface Request {
  readonly mad: OutgoingMad;
  readonly done: Done;
  tries: number;
  dueAt: Nanos;
}

export interface TransactionOptions {
  /** Requests on the wire at a time; opensm's max_wire_smps is 4. */
  readonly window?: number;
  /** Until a request is repeated; opensm's transaction_timeout is 200 ms. */
  readonly timeoutNs?: number;
  /** Times that it is repeated; opensm's transaction_retries is 3. */
  readonly retries?: number;
}

const DEFAULTS = { window: 4, timeoutNs: 200e6, retries: 3 };

export class Transactions {
  /** Requests sent, repeated, and given up. */
  sent = 0;
  repeated = 0;
  lost = 0;
  readonly #window: number;
  readonly #timeout: number;
  readonly #retries: number;
  #waiting: Request[] = [];
  /** By transaction ID, oldest deadline first. */
  readonly #open = new Map<bigint, Request>();
  readonly #repeats: Request[] = [];

  constructor(options: TransactionOptions = {}) {
    this.#window = options.window ?? DEFAULTS.window;
    this.#timeout = options.timeoutNs ?? DEFAULTS.timeoutNs;
    this.#retries = options.retries ?? DEFAULTS.retries;
  }

  get idle(): boolean {
    return this.#waiting.length === 0 && this.#open.size === 0;
  }

  ask(mad: OutgoingMad, done: Done): void {
    this.#waiting.push({ mad, done, tries: 0, dueAt: NEVER });
  }

  /** The next request for the wire; undefined when none may go. */
  take(now: Nanos): OutgoingMad | undefined {
    const again = this.#repeats.shift();
    if (again) {
      this.repeated++;
      return again.mad;
    }
    if (this.#open.size >= this.#window) return undefined;
    const request = this.#waiting.shift();
    if (!request) return undefined;
    request.dueAt = after(now, this.#timeout);
    this.#open.set(tidOf(request.mad.bytes), request);
    this.sent++;
    return request.mad;
  }

  /** An answer came in; false when nobody waits for it. */
  answered(mad: Uint8Array): boolean {
    const tid = tidOf(mad);
    const request = this.#open.get(tid);
    if (!request) return false;
    this.#open.delete(tid);
    const again = this.#repeats.indexOf(request);
    if (again >= 0) this.#repeats.splice(again, 1);
    request.done(mad);
    return true;
  }

  /** Is an answer waited for? */
  get isOpen(): boolean {
    return this.#open.size > 0;
  }

  wakeAt(): Nanos {
    if (this.#open.size === 0) return NEVER;
    for (const { dueAt } of this.#open.values()) return dueAt;
    return NEVER;
  }

  expire(now: Nanos): void {
    for (const [tid, request] of this.#open) {
      if (request.dueAt > now) return;
      this.#open.delete(tid);
      if (request.tries++ < this.#retries) {
        request.dueAt = after(now, this.#timeout);
        this.#open.set(tid, request); // behind the others: deadlines stay in order
        this.#repeats.push(request);
      } else {
        this.lost++;
        request.done(undefined);
      }
    }
  }
}

const tidOf = (mad: Uint8Array): bigint => MAD.get.transactionId(mad, 0);
