// Connections by their four numbers. Looked up for each segment, so nothing is made to look: a map by both ports, and
// behind each the few connections that share them.

import { sameBytes } from '../stack/index.js';
import type { TcpConnection } from './connection.js';

const PORTS = 0x10000;

export class ConnectionTable {
  size = 0;
  readonly #byPorts = new Map<number, TcpConnection[]>();
  readonly #byId: (TcpConnection | undefined)[] = [];
  readonly #free: number[] = [];
  /** The one that was found last: segments come in runs. */
  #last: TcpConnection | undefined;

  // hot
  find(
    local: Uint8Array,
    localPort: number,
    remote: Uint8Array,
    remotePort: number,
  ): TcpConnection | undefined {
    const last = this.#last;
    if (last !== undefined && last.localPort === localPort && last.remotePort === remotePort) {
      if (sameBytes(last.remote, remote) && sameBytes(last.local, local)) return last;
    }
    const list = this.#byPorts.get(localPort * PORTS + remotePort);
    if (list === undefined) return undefined;
    for (let i = 0; i < list.length; i++) {
      const one = list[i]!;
      if (!sameBytes(one.remote, remote) || !sameBytes(one.local, local)) continue;
      this.#last = one;
      return one;
    }
    return undefined;
  }

  byId(id: number): TcpConnection {
    return this.#byId[id]!;
  }

  /** Those there are, in the order of their numbers. */
  get all(): readonly TcpConnection[] {
    return this.#byId.filter((c) => c !== undefined);
  }

  add(connection: TcpConnection): void {
    const key = connection.localPort * PORTS + connection.remotePort;
    const list = this.#byPorts.get(key);
    if (list) list.push(connection);
    else this.#byPorts.set(key, [connection]);
    connection.id = this.#free.pop() ?? this.#byId.length;
    this.#byId[connection.id] = connection;
    this.size++;
  }

  remove(connection: TcpConnection): void {
    const key = connection.localPort * PORTS + connection.remotePort;
    const left = this.#byPorts.get(key)!.filter((one) => one !== connection);
    if (left.length > 0) this.#byPorts.set(key, left);
    else this.#byPorts.delete(key);
    this.#byId[connection.id] = undefined;
    if (this.#last === connection) this.#last = undefined;
    this.#free.push(connection.id);
    connection.id = -1;
    this.size--;
  }
}
