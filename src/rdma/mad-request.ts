// Requests by management datagrams: each is asked again until an answer with its transaction comes, and ends with a
// status of its own, as Linux's ib_mad has it (timeout_sends): IBV_WC_RESP_TIMEOUT_ERR when nobody answered.

import { MAD } from '../../protocols/infiniband/mad/index.js';
import { after, type Machine, type Nanos, NEVER } from '../time/index.js';
import type { AhAttr } from './address.js';
import type { WcStatus } from './constant.js';
import type { ManagementPort, ReceivedMad } from './management-port.js';
import { UsageError } from './memory-parts.js';

/** Requests that may wait for their answers. */
const MOST = 1024;

export interface MadOptions {
  readonly timeoutNs: number;
  /** Times that it is asked again. */
  readonly retries: number;
  readonly remoteQpn?: number;
}

export interface MadEnd {
  readonly id: number;
  readonly status: WcStatus;
}

interface Waiting {
  readonly to: AhAttr;
  readonly mad: Uint8Array;
  readonly options: MadOptions;
  readonly id: number;
  at: Nanos;
  left: number;
}

export class MadRequests implements Machine {
  /** How requests ended, in the order of their endings. */
  readonly ends: MadEnd[] = [];
  readonly #waiting = new Map<bigint, Waiting>();
  #nextId = 0;

  constructor(readonly port: ManagementPort) {}

  /**
   * Sends a request and waits for its answer. The transaction ID in the datagram tells answers apart.
   * @returns the number by which `ends` will name it
   */
  ask(now: Nanos, to: AhAttr, mad: Uint8Array, options: MadOptions): number {
    const transaction = MAD.get.transactionId(mad, 0);
    if (this.#waiting.has(transaction)) throw new UsageError('EBUSY', 'the transaction is open');
    if (this.#waiting.size >= MOST) throw new UsageError('ENOMEM', `${MOST} requests wait`);
    const id = this.#nextId++;
    const at = after(now, options.timeoutNs);
    const one = { to, mad: mad.slice(), options, id, at, left: options.retries };
    this.#waiting.set(transaction, one);
    this.#send(one);
    return id;
  }

  #send({ to, mad, options }: Waiting): void {
    this.port.send(to, mad, options.remoteQpn); // one that finds no room is asked again like one that was lost
  }

  /** Is it the answer to a request? Then that has ended well. */
  take(mad: ReceivedMad): boolean {
    const transaction = MAD.get.transactionId(mad.bytes, 0);
    const one = this.#waiting.get(transaction);
    if (one === undefined) return false;
    this.#waiting.delete(transaction);
    this.ends.push({ id: one.id, status: 'IBV_WC_SUCCESS' });
    return true;
  }

  wakeAt(): Nanos {
    let earliest = NEVER;
    for (const { at } of this.#waiting.values()) if (at < earliest) earliest = at;
    return earliest;
  }

  expire(now: Nanos): void {
    for (const [transaction, one] of this.#waiting) {
      if (one.at > now) continue;
      if (one.left > 0) {
        one.left--;
        one.at = after(now, one.options.timeoutNs);
        this.#send(one);
        continue;
      }
      this.#waiting.delete(transaction);
      this.ends.push({ id: one.id, status: 'IBV_WC_RESP_TIMEOUT_ERR' });
    }
  }
}
