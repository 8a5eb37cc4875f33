// All connections of a manager, found by what messages name: our comm ID, the peer's GUID with its comm ID (trap 30),
// the peer's GUID with its queue pair (trap 28).

import type { Random } from '../../time/index.js';
import type { Connection } from './connection.js';

const pair = (guid: bigint, number: number): string => `${guid.toString(16)}/${number}`;

export class Connections {
  readonly #local = new Map<number, Connection>();
  readonly #remote = new Map<string, Connection>();
  readonly #queuePair = new Map<string, Connection>();
  #count = 0;
  readonly #operand: number;

  constructor(random: Random) {
    this.#operand = random.bits();
  }

  get size(): number {
    return this.#local.size;
  }

  /** A comm ID that nobody has: counted up and scrambled, as Linux does it, never 0. */
  nextCommId(): number {
    for (;;) {
      const id = (this.#count++ ^ this.#operand) >>> 0;
      if (id !== 0 && !this.#local.has(id)) return id;
    }
  }

  add(c: Connection): void {
    this.#local.set(c.localCommId, c);
  }

  local(commId: number): Connection | undefined {
    return this.#local.get(commId);
  }

  /** The connection of both comm IDs; 0 for a peer that did not say its own. */
  both(localCommId: number, remoteCommId: number): Connection | undefined {
    const c = this.#local.get(localCommId);
    return c && (c.remoteCommId === remoteCommId || remoteCommId === 0) ? c : undefined;
  }

  byRemote(guid: bigint, commId: number): Connection | undefined {
    return this.#remote.get(pair(guid, commId));
  }

  byQueuePair(guid: bigint, qpn: number): Connection | undefined {
    return this.#queuePair.get(pair(guid, qpn));
  }

  /** The peer said who it is. `qpn` 0: it has no queue pair. */
  know(c: Connection, guid: bigint, commId: number, qpn: number): void {
    c.remoteGuid = guid;
    c.remoteCommId = commId;
    c.remoteQpn = qpn;
    this.#remote.set(pair(guid, commId), c);
    if (qpn !== 0) this.#queuePair.set(pair(guid, qpn), c);
  }

  remove(c: Connection): void {
    this.#local.delete(c.localCommId);
    const remote = pair(c.remoteGuid, c.remoteCommId);
    if (this.#remote.get(remote) === c) this.#remote.delete(remote);
    const queuePair = pair(c.remoteGuid, c.remoteQpn);
    if (this.#queuePair.get(queuePair) === c) this.#queuePair.delete(queuePair);
  }
}
