// Asynchronous events of one controller (Base 2.0 5.2): requests that wait, events that wait for a request, and
// those that the host has not asked for or has not acknowledged yet by reading their log page.

import { nvme } from '../../../protocols/index.js';
import type { Nanos } from '../../time/index.js';
import type { Queue } from './queue.js';
import type { Request } from './request.js';
import { STATUS, type Status } from './status.js';

/** An event that the target reports. */
export interface EventKind {
  readonly aet: number;
  readonly aei: number;
  readonly lid: number;
  /** The field of the feature that asks for it. */
  readonly wanted: 'namespaceAttribute' | 'discovery';
}

const NOTICE = 2;

/** Events by name (Base 2.0 figures 147 and 150). */
export const EVENTS = {
  namespace: { aet: NOTICE, aei: 0x00, lid: 0x04, wanted: 'namespaceAttribute' },
  discovery: { aet: NOTICE, aei: 0xf0, lid: 0x70, wanted: 'discovery' },
} as const satisfies Record<string, EventKind>;

/** AERL of Identify is one less. */
export const MOST_EVENT_REQUESTS = 4;

export class Events {
  /** Dword 11 of Asynchronous Event Configuration. */
  readonly configuration = new Uint8Array(nvme.AsyncEventConfiguration.size);
  readonly #waiting: Request[] = [];
  readonly #pending: EventKind[] = [];
  /** Reported; none of the kind comes again before its log page is read. */
  readonly #masked = new Set<EventKind>();

  constructor(readonly admin: () => Queue | undefined) {}

  /** Parks a request until there is something to tell. */
  park(now: Nanos, request: Request): void {
    if (this.#waiting.length === MOST_EVENT_REQUESTS) {
      request.fail(STATUS.eventLimit);
      this.admin()?.complete(now, request);
      return;
    }
    this.#waiting.push(request);
    this.#tell(now);
  }

  post(now: Nanos, kind: EventKind): void {
    const isWanted = nvme.AsyncEventConfiguration.get[kind.wanted](this.configuration, 0) === 1;
    if (!isWanted || this.#masked.has(kind)) return;
    this.#masked.add(kind);
    this.#pending.push(kind);
    this.#tell(now);
  }

  /** The host has read the page of an event. */
  acknowledge(lid: number): void {
    for (const kind of Object.values(EVENTS)) if (kind.lid === lid) this.#masked.delete(kind);
  }

  #tell(now: Nanos): void {
    while (this.#pending.length > 0 && this.#waiting.length > 0) {
      const { aet, aei, lid } = this.#pending.shift()!;
      const request = this.#waiting.shift()!;
      nvme.CQEAsyncEvent.encode({ aet, aei, lid }, request.result);
      this.admin()?.complete(now, request);
    }
  }

  /** Aborts the request with that identifier; false where none waits. */
  abort(now: Nanos, cid: number): boolean {
    const index = this.#waiting.findIndex((request) => request.cid === cid);
    if (index < 0) return false;
    this.#end(now, this.#waiting.splice(index, 1)[0]!, STATUS.abortRequested);
    return true;
  }

  /** Base 2.0 5.2: requests do not outlive a reset of their controller. */
  clear(): void {
    for (const request of this.#waiting.splice(0)) request.open = false;
    this.#pending.length = 0;
    this.#masked.clear();
    this.configuration.fill(0);
  }

  #end(now: Nanos, request: Request, status: Status): void {
    request.fail(status);
    this.admin()?.complete(now, request);
  }
}
