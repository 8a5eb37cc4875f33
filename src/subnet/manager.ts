// A subnet manager (IBA 14.4): finds the subnet by directed routes, gives LIDs, programs forwarding tables, brings ports
// to ACTIVE, and does so again when a link goes down or comes up. A machine of MADs: it is told of those that came in
// for queue pair 0 and of queries of subnet administration, and gives those that go out.

import type { Machine, Nanos } from '../time/index.js';
import { Administration, type AdministrationOptions, type SaQuery } from './administration.js';
import { ATTRIBUTE, METHOD, RESPONSE, SM_STATE } from './constant.js';
import { dataOf, smpOf } from './smp.js';
import { Sweep } from './sweep.js';
import { type OutgoingMad, type TransactionOptions, Transactions } from './transactions.js';
import { CLASS_SUBN_ADM, MAD, SMInfo } from './wire.js';

export interface ManagerOptions extends TransactionOptions, AdministrationOptions {
  /** GUID of the port at which it is. */
  readonly portGuid: bigint;
  /** Of the subnet's GIDs; fe80:: unless given. */
  readonly gidPrefix?: bigint;
  /** LIDs that ports shall have, by port GUID (opensm's guid2lid file); others get the first that is free. */
  readonly lids?: ReadonlyMap<bigint, number>;
  /** Key that it protects all ports with; none unless given. */
  readonly mKey?: bigint;
  /** Lane of each service level, where a link has it; the levels in turn over the lanes of each link unless given. 15 drops. */
  readonly slToVl?: readonly number[];
  /** 0 to 15; 0 unless given. */
  readonly priority?: number;
}

/** Where a MAD came from. */
export interface MadOrigin {
  readonly lid: number;
  readonly sl: number;
  readonly qp: number;
}

const SM_QP = 0;

export class SubnetManager implements Machine {
  readonly transactions: Transactions;
  readonly sweep: Sweep;
  readonly administration: Administration;
  /** Traps that came in. */
  traps = 0;
  #acts = 0;
  readonly #outgoing: OutgoingMad[] = [];

  constructor(readonly options: ManagerOptions) {
    this.transactions = new Transactions(options);
    this.sweep = new Sweep(this.transactions, options);
    this.administration = new Administration(this.sweep, options);
    this.sweep.start();
  }

  /** All ports that were found are ACTIVE and all tables as they shall be. */
  get up(): boolean {
    return this.sweep.done;
  }

  /** A MAD for the manager or for subnet administration. */
  receive(_now: Nanos, mad: Uint8Array, from: MadOrigin): void {
    if (MAD.get.mgmtClass(mad, 0) === CLASS_SUBN_ADM) return this.#query({ mad, from });
    const method = MAD.get.method(mad, 0);
    if (method >= RESPONSE) this.transactions.answered(mad);
    else if (method === METHOD.trap) this.#trap(mad, from);
    this.sweep.advance();
  }

  /** The link of the manager's own port went down or came up. */
  portChanged(): void {
    this.sweep.again();
    this.sweep.advance();
  }

  /** SMInfo of this manager, for its node's agent. */
  info(): Uint8Array {
    return SMInfo.encode({
      guid: this.options.portGuid,
      actCount: ++this.#acts,
      priority: this.options.priority ?? 0,
      smState: this.up ? SM_STATE.master : SM_STATE.discovering,
    });
  }

  #trap(mad: Uint8Array, from: MadOrigin): void {
    this.traps++;
    const data = dataOf(mad);
    const { mKey } = this.options;
    const repress = smpOf(
      { lid: from.lid, sl: from.sl },
      {
        method: 'trapRepress',
        attribute: ATTRIBUTE.notice,
        data,
        ...(mKey !== undefined && { mKey }),
      },
      MAD.get.transactionId(mad, 0),
    );
    this.#outgoing.push({ bytes: repress, lid: from.lid, sl: from.sl, qp: SM_QP });
    this.sweep.again();
  }

  #query(query: SaQuery): void {
    const answer = this.administration.answer(query);
    if (answer) this.#outgoing.push(answer);
  }

  /** What is to be sent, oldest first; undefined when nothing is. */
  take(now: Nanos): OutgoingMad | undefined {
    this.sweep.advance();
    if (this.sweep.done) this.#outgoing.push(...this.administration.settled());
    return this.#outgoing.shift() ?? this.transactions.take(now);
  }

  wakeAt(): Nanos {
    return this.transactions.wakeAt();
  }

  expire(now: Nanos): void {
    this.transactions.expire(now);
    this.sweep.advance();
  }
}
