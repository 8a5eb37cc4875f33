// The asking side of multicast groups (IBA 15.2.5.17): a port joins or leaves by a record, which subnet administration answers
// with all that the group is. Each question is repeated until it is answered, and not for ever.

import type { Alarm, Nanos } from '../time/index.js';
import { RECORD, STATUS } from './constant.js';
import { GROUP_COMPONENT, maskOf, RECORD_AT, saRequest } from './sa-query.js';
import { type OutgoingMad, Transactions } from './transactions.js';
import { MAD, MCMemberRecord } from './wire.js';

/** JoinState of who sends and receives. */
const FULL_MEMBER = 1;
const TIMEOUT_NS = 500e6;
const RETRIES = 4;
const GSI = 1;
const DEFAULT_P_KEY = 0xffff;
/** Beside those of path queries, which count from 1 at the same port. */
const FIRST_TID = 2n ** 32n;
const { mGid, portGid, joinState, qKey, pKey, tClass, sl, flowLabel } = GROUP_COMPONENT;
/** With these a group is created that is not there yet (IBA 15.2.5.17.2). */
const CREATES = maskOf(mGid, portGid, joinState, qKey, pKey, tClass, sl, flowLabel);
const LEAVES = maskOf(mGid, portGid, joinState);

/** What a group is to its members. */
export interface SubnetGroup {
  readonly mLid: number;
  readonly qKey: number;
  readonly sl: number;
}

export interface GroupQuestion {
  readonly mgid: Uint8Array;
  readonly portGid: Uint8Array;
  /** Of the group, if it is created; a group that is there must have it. */
  readonly qKey: number;
  readonly sl: number;
  readonly managerLid: number;
  readonly managerSl: number;
}

export class GroupQueries {
  readonly #transactions = new Transactions({ timeoutNs: TIMEOUT_NS, retries: RETRIES, window: 8 });
  #tid = FIRST_TID;

  /** `done` gets the group, or undefined when it was refused or nobody answered. */
  join(question: GroupQuestion, done: (group: SubnetGroup | undefined) => void): void {
    this.#ask('set', question, CREATES, (answer) => done(answer && groupIn(answer)));
  }

  leave(question: GroupQuestion): void {
    this.#ask('delete', question, LEAVES, () => {});
  }

  #ask(
    method: 'set' | 'delete',
    { mgid, portGid: port, qKey: key, sl: level, managerLid, managerSl }: GroupQuestion,
    mask: bigint,
    done: (answer: Uint8Array | undefined) => void,
  ): void {
    const { at } = MCMemberRecord;
    const fields = { qKey: key, pKey: DEFAULT_P_KEY, sl: level, joinState: FULL_MEMBER };
    const record = MCMemberRecord.encode(fields);
    record.set(mgid, at.mGid);
    record.set(port, at.portGid);
    const bytes = saRequest(method, RECORD.mcMember, record, mask, this.#tid++);
    this.#transactions.ask({ bytes, lid: managerLid, sl: managerSl, qp: GSI }, done);
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

function groupIn(answer: Uint8Array): SubnetGroup | undefined {
  if (MAD.get.status(answer, 0) !== STATUS.ok) return undefined;
  const { get } = MCMemberRecord;
  return {
    mLid: get.mLid(answer, RECORD_AT),
    qKey: get.qKey(answer, RECORD_AT),
    sl: get.sl(answer, RECORD_AT),
  };
}
