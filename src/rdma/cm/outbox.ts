// MADs that wait for QP1 and what each connection says in them.

import { byteSwap32 } from '../../../protocols/core/byte-order.js';
import { type Rejection, rejectionOf, usual } from './compose.js';
import type { AnswerParameters, Connection, MadAddress } from './connection.js';
import { writeMessage } from './message.js';
import { reasons } from './receive.js';
import type { Send, State } from './states.js';

/** What the application or the peer gave for a message. */
export interface Saying {
  readonly privateData?: Uint8Array | undefined;
  readonly rejection?: Rejection;
  readonly answer?: AnswerParameters;
}

interface Waiting {
  readonly bytes: Uint8Array;
  readonly to: MadAddress;
}

/** MADs that wait at most; QP1 is slow when it holds that many, and every message comes again. */
const MAX_WAITING = 4096;

export class Outbox {
  readonly #waiting: Waiting[] = [];
  #taken = 0;
  /** MADs that found no room. */
  lost = 0;

  get size(): number {
    return this.#waiting.length - this.#taken;
  }

  put(bytes: Uint8Array, to: MadAddress): void {
    if (this.size >= MAX_WAITING) this.lost++;
    else this.#waiting.push({ bytes, to });
  }

  take(): Waiting | undefined {
    const next = this.#waiting[this.#taken];
    if (next === undefined) return undefined;
    this.#taken++;
    // Taken ones are dropped once they are the greater part, so that taking costs the same however many wait.
    if (this.#taken * 2 > this.#waiting.length) {
      this.#waiting.splice(0, this.#taken);
      this.#taken = 0;
    }
    return next;
  }
}

/** Refused because the application wants no connection of this kind at all: SIDR status 2 (IBA 12.11.2.1). */
const SIDR_REJECTED = 2;
/** There is no alternate path in Ethernet fabrics and none in ours: AP status 2 (IBA 12.8.2.1). */
const AP_NOT_SUPPORTED = 2;
/** Codes of Message MRAed (IBA 12.6.6). */
const MRAED_REQ = 0;
const MRAED_REP = 1;

/** Transactions that we begin, as Linux numbers them: the agent, then our comm ID with its bytes swapped. */
export const transactionOf = (agent: number, localCommId: number): bigint =>
  BigInt(agent) * 2n ** 32n + BigInt(byteSwap32(localCommId));

/** Who composes: what stands in messages of all connections. */
export interface Speaker {
  readonly agent: number;
  /** Channel adapter, in the eight bytes of a REJ's additional information. */
  readonly guidBytes: Uint8Array;
}

/** The bytes of a message out of a state. Requests and REPs were composed when they were asked for. */
export function compose(
  by: Speaker,
  c: Connection,
  send: Send,
  state: State,
  said: Saying,
): Uint8Array {
  const ids = { localCommId: c.localCommId, remoteCommId: c.remoteCommId };
  const rejecting = (why: Rejection) =>
    writeMessage('REJ', c.tid, rejectionOf(c, state, why), said.privateData);
  switch (send) {
    case 'RTU':
      return writeMessage('RTU', c.tid, ids, c.answerData);
    case 'MRA': {
      const messageMraed = c.role === 'active' ? MRAED_REP : MRAED_REQ;
      const serviceTimeout = usual.mraServiceTimeout;
      return writeMessage('MRA', c.tid, { ...ids, messageMraed, serviceTimeout });
    }
    case 'REJ':
      return rejecting(said.rejection ?? { reason: reasons.CONSUMER_REJECT });
    case 'REJ timeout':
      return rejecting({ reason: reasons.TIMEOUT, ari: by.guidBytes });
    case 'REJ stale':
      return rejecting({ reason: reasons.STALE_CONNECTION });
    case 'DREQ': {
      const tid = transactionOf(by.agent, c.localCommId);
      c.message = writeMessage(
        'DREQ',
        tid,
        { ...ids, remoteQpnEecn: c.remoteQpn },
        said.privateData,
      );
      return c.message;
    }
    case 'DREP':
      return writeMessage('DREP', c.tid, ids, c.answerData);
    case 'APR':
      return writeMessage('APR', c.tid, { ...ids, apStatus: AP_NOT_SUPPORTED });
    case 'SIDR_REP': {
      const { status = SIDR_REJECTED, qpn = 0, qkey: qKey = 0 } = said.answer ?? {};
      const { requestId, serviceId } = c.sidrRequest!;
      const fields = { requestId, status, qpn, qKey, serviceId };
      return writeMessage('SIDR_REP', c.tid, fields, said.answer?.privateData);
    }
    default:
      return c.message!;
  }
}
