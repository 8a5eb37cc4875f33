// The asking side of multicast groups (IBA 15.2.5.17): a port joins or leaves by a record, which subnet administration answers
// with all that the group is.

import { type Administration, AdministrationQueries } from './administration-queries.js';
import { RECORD, STATUS } from './constant.js';
import { GROUP_COMPONENT, maskOf, RECORD_AT, saRequest } from './sa-query.js';
import { MAD, MCMemberRecord } from './wire.js';

/** JoinState of who sends and receives. */
const FULL_MEMBER = 1;
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

export interface GroupQuestion extends Administration {
  readonly mgid: Uint8Array;
  readonly portGid: Uint8Array;
  /** Of the group, if it is created; a group that is there must have it. */
  readonly qKey: number;
  readonly sl: number;
}

export class GroupQueries extends AdministrationQueries {
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
    question: GroupQuestion,
    mask: bigint,
    done: (answer: Uint8Array | undefined) => void,
  ): void {
    const { mgid, portGid: port, qKey: key, sl: level } = question;
    const { at } = MCMemberRecord;
    const fields = { qKey: key, pKey: DEFAULT_P_KEY, sl: level, joinState: FULL_MEMBER };
    const record = MCMemberRecord.encode(fields);
    record.set(mgid, at.mGid);
    record.set(port, at.portGid);
    const bytes = saRequest(method, RECORD.mcMember, record, mask, this.#tid++);
    this.send(bytes, question, done);
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
