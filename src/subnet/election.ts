// Which of several subnet managers rules (IBA 14.4.1): the one with the highest priority, of equal ones that with the lowest
// GUID; the others stand by. A table of what a manager does, by its state, about those that it found.

import { SM_STATE } from './constant.js';
import { SMInfo } from './wire.js';

/** AttributeModifier of Set(SMInfo) (IBA 14.4.1). */
export const CONTROL = {
  handover: 1,
  acknowledge: 2,
  disable: 3,
  standby: 4,
  discover: 5,
} as const;

/** A manager as its SMInfo says. */
export interface Candidate {
  readonly guid: bigint;
  readonly priority: number;
  readonly state: number;
}

/** Another one, and the way to its node. */
export interface OtherManager extends Candidate {
  readonly path: readonly number[];
}

export const candidateOf = (info: Uint8Array): Candidate => ({
  guid: SMInfo.get.guid(info, 0),
  priority: SMInfo.get.priority(info, 0),
  state: SMInfo.get.smState(info, 0),
});

export const outranks = (a: Candidate, b: Candidate): boolean =>
  a.priority !== b.priority ? a.priority > b.priority : a.guid < b.guid;

/** What is to be done, about whom. */
export type Verdict =
  | { readonly act: 'rule' }
  /** It rules, yet looks again: somebody better has not made up its mind. */
  | { readonly act: 'rule for now' }
  | { readonly act: 'stand by'; readonly other: OtherManager }
  | { readonly act: 'hand over'; readonly other: OtherManager };

export function verdictOf(own: Candidate, others: readonly OtherManager[]): Verdict {
  const active = others.filter(({ state }) => state !== SM_STATE.notActive);
  const better = active.filter((other) => outranks(other, own)).sort(byRank);
  if (own.state !== SM_STATE.master) {
    const other = active.find(({ state }) => state === SM_STATE.master) ?? better[0];
    return other ? { act: 'stand by', other } : { act: 'rule' };
  }
  const ready = better.find(({ state }) => state !== SM_STATE.discovering);
  if (ready) return { act: 'hand over', other: ready };
  return { act: better.length > 0 ? 'rule for now' : 'rule' };
}

const byRank = (a: Candidate, b: Candidate): number => (outranks(a, b) ? -1 : 1);
