// What all questions to subnet administration have in common: each is repeated until it is answered, and not for ever.

import type { Alarm, Nanos } from '../time/index.js';
import { type OutgoingMad, Transactions } from './transactions.js';

/** Four questions within the 2 s that rdma_cm's programs usually give, and one that is for nobody any more. */
const TIMEOUT_NS = 500e6;
const RETRIES = 4;
const WINDOW = 8;
const GSI = 1;

/** The manager that a port was told of. */
export interface Administration {
  readonly managerLid: number;
  readonly managerSl: number;
}

export abstract class AdministrationQueries {
  readonly #transactions = new Transactions({
    ...{ timeoutNs: TIMEOUT_NS, retries: RETRIES, window: WINDOW },
  });

  /** `done` gets the answer, or undefined when nobody gave one. */
  protected send(
    bytes: Uint8Array,
    { managerLid: lid, managerSl: sl }: Administration,
    done: (answer: Uint8Array | undefined) => void,
  ): void {
    this.#transactions.ask({ bytes, lid, sl, qp: GSI }, done);
  }

  /** An answer of subnet administration arrived; false when nobody waits for it. */
  receive(mad: Uint8Array): boolean {
    return this.#transactions.answered(mad);
  }

  take(now: Nanos): OutgoingMad | undefined {
    return this.#transactions.take(now);
  }

  wakeAt(): Nanos {
    return this.#transactions.wakeAt();
  }

  // hot
  soonest(alarm: Alarm): void {
    if (this.#transactions.isOpen) alarm.lower(this.#transactions.wakeAt());
  }

  expire(now: Nanos): void {
    this.#transactions.expire(now);
  }
}
