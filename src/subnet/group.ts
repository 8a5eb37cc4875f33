// Multicast groups (IBA 15.2.5.17): created and joined by Set(MCMemberRecord), left by Delete. A group lives as long as it
// has full members.

import { formatHex } from '../../protocols/core/index.js';
import { FIRST_MULTICAST, SA_STATUS } from './constant.js';
import { guidOfGid } from './gid.js';
import type { Members } from './multicast-tree.js';
import type { QueryScene } from './record.js';
import { GROUP_COMPONENT, isGiven } from './sa-query.js';
import type { Sweep } from './sweep.js';
import { MCMemberRecord } from './wire.js';

/** Bits of JoinState: full member, non member, send-only member; 8 is a full member that only sends. */
const FULL = 1;
const SEND_ONLY_FULL = 8;
const RECEIVES = [1, 3, 5, 7, 9, 11, 13, 15, 2, 6, 10, 14];
/** Multicast LIDs that switches have entries for; as many groups there can be. */
export const MOST_GROUPS = 1024;
/** A group's MTU of 2048 and rate, as the first member of it has them unless it says otherwise (opensm's defaults). */
const DEFAULT_MTU = 4;
const DEFAULT_RATE = 3;
const EXACTLY = 2;

interface Group {
  readonly index: number;
  /** MCMemberRecord without PortGID and JoinState. */
  readonly record: Uint8Array;
  /** JoinState by port GUID. */
  readonly members: Map<bigint, number>;
}

/** Components without which nobody can create a group (IBA 15.2.5.17.2). */
const TO_CREATE = ['qKey', 'tClass', 'pKey', 'sl', 'flowLabel'] as const;

export class Groups {
  /** By MGID in hex. */
  readonly #groups = new Map<string, Group>();
  readonly #indices = new Set<number>();

  constructor(
    readonly sweep: Sweep,
    readonly lifeTime: number,
  ) {}

  get size(): number {
    return this.#groups.size;
  }

  /** A member more, or more of what a member is; its record, or a status. */
  join(scene: QueryScene): Uint8Array | number {
    const { record, mask } = scene;
    const given = (component: keyof typeof GROUP_COMPONENT) =>
      isGiven(mask, GROUP_COMPONENT[component]);
    if (!given('portGid') || !given('joinState')) return SA_STATUS.insufficientComponents;
    const guid = guidOfGid(record, MCMemberRecord.at.portGid);
    if (!this.sweep.subnet.byGuid.has(guid)) return SA_STATUS.requestInvalid;
    const join = MCMemberRecord.get.joinState(record, 0);
    if (join === 0) return SA_STATUS.requestInvalid;
    const known = this.#groups.get(keyOf(record));
    const isFull = join % 2 === FULL || join >= SEND_ONLY_FULL;
    if (!known && !isFull) return SA_STATUS.requestInvalid;
    if (!known && !(given('mGid') && TO_CREATE.every(given)))
      return SA_STATUS.insufficientComponents;
    if (known && given('qKey') && differs(known.record, record, 'qKey'))
      return SA_STATUS.requestInvalid;
    if (known && given('pKey') && differs(known.record, record, 'pKey'))
      return SA_STATUS.requestInvalid;
    const group = known ?? this.#create(record);
    if (!group) return SA_STATUS.noResources;
    const before = group.members.get(guid) ?? 0;
    group.members.set(guid, union(before, join));
    return memberRecord(group, record, union(before, join));
  }

  /** A member less, or less of what a member is. */
  leave({ record }: QueryScene): Uint8Array | number {
    const group = this.#groups.get(keyOf(record));
    const guid = guidOfGid(record, MCMemberRecord.at.portGid);
    const before = group?.members.get(guid);
    const leaves = MCMemberRecord.get.joinState(record, 0);
    if (!group || before === undefined || union(before, leaves) !== before)
      return SA_STATUS.requestInvalid;
    const left = before - leaves;
    if (left === 0) group.members.delete(guid);
    else group.members.set(guid, left);
    const full = [...group.members.values()].some((s) => s % 2 === FULL || s >= SEND_ONLY_FULL);
    if (!full) {
      this.#groups.delete(keyOf(record));
      this.#indices.delete(group.index);
    }
    return memberRecord(group, record, left);
  }

  /** Get and GetTable: of a group by MGID or MLID, of a member by PortGID; all without. */
  records({ record, mask }: QueryScene): Uint8Array[] {
    const { mGid, mLid, portGid } = GROUP_COMPONENT;
    const guid = guidOfGid(record, MCMemberRecord.at.portGid);
    return [...this.#groups.values()]
      .filter((group) => !isGiven(mask, mGid) || keyOf(group.record) === keyOf(record))
      .filter((group) => !isGiven(mask, mLid) || !differs(group.record, record, 'mLid'))
      .filter((group) => !isGiven(mask, portGid) || group.members.has(guid))
      .map((group) => {
        const join = group.members.get(guid) ?? 0;
        return isGiven(mask, portGid) ? memberRecord(group, record, join) : group.record.slice();
      });
  }

  /** By index of the multicast LID, the members that are in the subnet now. */
  members(): Map<number, Members> {
    return new Map(
      [...this.#groups.values()].map(({ index, members }) => [
        index,
        new Map(
          [...members].flatMap(([guid, state]) => {
            const end = this.sweep.subnet.byGuid.get(guid);
            return end ? [[end.lid, { receives: RECEIVES.includes(state) }] as const] : [];
          }),
        ),
      ]),
    );
  }

  #create(wanted: Uint8Array): Group | undefined {
    let index = 0;
    while (this.#indices.has(index)) index++;
    if (index >= MOST_GROUPS) return undefined;
    const record = wanted.slice(0, MCMemberRecord.size);
    record.fill(0, MCMemberRecord.at.portGid, MCMemberRecord.at.qKey);
    MCMemberRecord.set.joinState(record, 0, 0);
    MCMemberRecord.set.mLid(record, 0, FIRST_MULTICAST + index);
    MCMemberRecord.set.mtuSelector(record, 0, EXACTLY);
    MCMemberRecord.set.mtu(record, 0, MCMemberRecord.get.mtu(wanted, 0) || DEFAULT_MTU);
    MCMemberRecord.set.rateSelector(record, 0, EXACTLY);
    MCMemberRecord.set.rate(record, 0, MCMemberRecord.get.rate(wanted, 0) || DEFAULT_RATE);
    MCMemberRecord.set.packetLifeTimeSelector(record, 0, EXACTLY);
    MCMemberRecord.set.packetLifeTime(record, 0, this.lifeTime);
    const group: Group = { index, record, members: new Map() };
    this.#groups.set(keyOf(record), group);
    this.#indices.add(index);
    return group;
  }
}

const keyOf = (record: Uint8Array): string =>
  formatHex(record, '', MCMemberRecord.at.mGid, MCMemberRecord.at.portGid);

const differs = (a: Uint8Array, b: Uint8Array, field: 'qKey' | 'pKey' | 'mLid'): boolean =>
  MCMemberRecord.get[field](a, 0) !== MCMemberRecord.get[field](b, 0);

/** JoinState is a set of bits. */
const union = (a: number, b: number): number => a | b;

function memberRecord(group: Group, asked: Uint8Array, joinState: number): Uint8Array {
  const record = group.record.slice();
  const { portGid, qKey } = MCMemberRecord.at;
  record.set(asked.subarray(portGid, qKey), portGid);
  MCMemberRecord.set.joinState(record, 0, joinState);
  return record;
}
