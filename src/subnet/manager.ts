// A subnet manager (IBA 14.4): finds the subnet by directed routes, gives LIDs, programs forwarding tables, brings ports
// to ACTIVE, and does so again when a link goes down or comes up. A machine of MADs: it is told of those that came in
// for queue pair 0 and of queries of subnet administration, and gives those that go out.

import { after, earlier, type Machine, type Nanos, NEVER, START } from '../time/index.js';
import { Administration, type AdministrationOptions, type SaQuery } from './administration.js';
import { ATTRIBUTE, METHOD, RESPONSE, SM_STATE, STATUS } from './constant.js';
import { CONTROL, candidateOf, type OtherManager, verdictOf } from './election.js';
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
  /** 0 to 15; 0 unless given. The highest rules, the others stand by. */
  readonly priority?: number;
  /** How often one that stands by asks whether the master lives; opensm's sminfo_polling_timeout is 10 s. */
  readonly pollNs?: number;
  /** Answers that it misses before it takes over; opensm's polling_retry_number is 4. */
  readonly pollRetries?: number;
}

/** Where a MAD came from. */
export interface MadOrigin {
  readonly lid: number;
  readonly sl: number;
  readonly qp: number;
}

const SM_QP = 0;
const POLL_NS = 10e9;
const POLL_RETRIES = 4;

export class SubnetManager implements Machine {
  readonly transactions: Transactions;
  readonly sweep: Sweep;
  readonly administration: Administration;
  /** Traps that came in. */
  traps = 0;
  /** One of SM_STATE. */
  state: number = SM_STATE.discovering;
  #acts = 0;
  #now: Nanos = START;
  /** Whom it stands by for, when it asks next, and answers missed. */
  #master: OtherManager | undefined;
  #pollAt: Nanos = NEVER;
  #missed = 0;
  #others: readonly OtherManager[] = [];
  readonly #outgoing: OutgoingMad[] = [];

  constructor(readonly options: ManagerOptions) {
    this.transactions = new Transactions(options);
    this.sweep = new Sweep(this.transactions, options);
    this.administration = new Administration(this.sweep, options);
    this.sweep.elect = (others) => this.#elect(others);
    this.sweep.start();
  }

  /** It rules, all ports that were found are ACTIVE, and all tables as they shall be. */
  get up(): boolean {
    return this.state === SM_STATE.master && this.sweep.done;
  }

  /** A MAD for the manager or for subnet administration. */
  receive(now: Nanos, mad: Uint8Array, from: MadOrigin): void {
    this.#now = now;
    const rules = this.state === SM_STATE.master;
    if (MAD.get.mgmtClass(mad, 0) === CLASS_SUBN_ADM)
      return rules ? this.#query({ mad, from }) : undefined;
    const method = MAD.get.method(mad, 0);
    if (method >= RESPONSE) this.transactions.answered(mad);
    else if (method === METHOD.trap && rules) this.#trap(mad, from);
    this.sweep.advance();
  }

  /** The link of the manager's own port went down or came up. */
  portChanged(): void {
    if (this.state === SM_STATE.standby) this.#discover();
    else if (this.state !== SM_STATE.notActive) this.sweep.again();
    this.sweep.advance();
  }

  /** SMInfo of this manager, for its node's agent. */
  info(): Uint8Array {
    return SMInfo.encode({
      guid: this.options.portGuid,
      actCount: ++this.#acts,
      priority: this.options.priority ?? 0,
      smState: this.state,
    });
  }

  // Which of several rules (IBA 14.4.1)

  /** What a sweep found; true when this manager rules. */
  #elect(others: readonly OtherManager[]): boolean {
    this.#others = others;
    const verdict = verdictOf(candidateOf(this.info()), others);
    switch (verdict.act) {
      case 'stand by':
        this.#standBy(verdict.other);
        return false;
      case 'hand over':
        // Until that is acknowledged this one rules, and it looks again in case it never is.
        this.#tell(verdict.other, CONTROL.handover, () => this.sweep.again());
        return false;
      case 'rule for now':
        this.sweep.again();
        break;
    }
    this.state = SM_STATE.master;
    return true;
  }

  #tell(other: OtherManager, modifier: number, done = () => {}): void {
    const data = this.info();
    const request = { method: 'set', attribute: ATTRIBUTE.smInfo, modifier, data } as const;
    this.sweep.ask(other.path, request, done);
  }

  #standBy(master: OtherManager): void {
    this.state = SM_STATE.standby;
    this.#master = master;
    this.#missed = 0;
    this.#pollAt = after(this.#now, this.options.pollNs ?? POLL_NS);
  }

  #discover(): void {
    this.state = SM_STATE.discovering;
    this.#pollAt = NEVER;
    this.sweep.start();
  }

  #poll(): void {
    const { options } = this;
    this.#pollAt = after(this.#now, options.pollNs ?? POLL_NS);
    const get = { method: 'get', attribute: ATTRIBUTE.smInfo } as const;
    this.sweep.ask(this.#master!.path, get, (info) => {
      if (this.state !== SM_STATE.standby) return;
      const state = info && candidateOf(info).state;
      // One that is still discovering is about to rule.
      if (state === SM_STATE.master || state === SM_STATE.discovering) this.#missed = 0;
      else if (info || ++this.#missed >= (options.pollRetries ?? POLL_RETRIES)) this.#discover();
    });
  }

  /** Another manager says what is to be: rows of IBA's table of states, which refuses all others. */
  control(modifier: number, info: Uint8Array): number {
    const { state } = this;
    const sender = this.#others.find(({ guid }) => guid === candidateOf(info).guid);
    // Of two masters, as when two subnets are joined, the lower one hands over to the other.
    const mayRule = state === SM_STATE.standby || state === SM_STATE.master;
    if (modifier === CONTROL.handover && mayRule) {
      this.state = SM_STATE.master;
      this.#pollAt = NEVER;
      if (sender) this.#tell(sender, CONTROL.acknowledge);
      this.sweep.again();
    } else if (modifier === CONTROL.acknowledge && state === SM_STATE.master && sender)
      this.#standBy(sender);
    else if (modifier === CONTROL.disable && state === SM_STATE.standby) {
      this.state = SM_STATE.notActive;
      this.#pollAt = NEVER;
    } else if (modifier === CONTROL.standby && state === SM_STATE.notActive && sender)
      this.#standBy(sender);
    else if (modifier === CONTROL.discover && state === SM_STATE.standby) this.#discover();
    else return STATUS.invalidValue;
    return STATUS.ok;
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
    this.#now = now;
    this.sweep.advance();
    if (this.sweep.done) this.#outgoing.push(...this.administration.settled());
    return this.#outgoing.shift() ?? this.transactions.take(now);
  }

  wakeAt(): Nanos {
    return earlier(this.transactions.wakeAt(), this.#pollAt);
  }

  expire(now: Nanos): void {
    this.#now = now;
    if (this.#pollAt <= now) this.#poll();
    this.transactions.expire(now);
    this.sweep.advance();
  }
}
