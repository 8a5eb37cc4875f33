// Which end port has which LID. What was given once stays, so that a port that comes back is where it was.

import { LAST_UNICAST } from './constant.js';

export class LidTable {
  readonly #byGuid: Map<bigint, number>;
  readonly #taken: Set<number>;
  #next = 1;

  /** @param wanted LIDs that are kept for port GUIDs */
  constructor(wanted: ReadonlyMap<bigint, number> = new Map()) {
    this.#byGuid = new Map(wanted);
    this.#taken = new Set(wanted.values());
  }

  /** The LID of a port, which may have one already from another manager; undefined when all are taken. */
  lidOf(guid: bigint, has: number): number | undefined {
    const known = this.#byGuid.get(guid);
    if (known !== undefined) return known;
    const lid = has > 0 && has <= LAST_UNICAST && !this.#taken.has(has) ? has : this.#free();
    if (lid === undefined) return undefined;
    this.#byGuid.set(guid, lid);
    this.#taken.add(lid);
    return lid;
  }

  #free(): number | undefined {
    while (this.#taken.has(this.#next)) this.#next++;
    return this.#next <= LAST_UNICAST ? this.#next : undefined;
  }
}
