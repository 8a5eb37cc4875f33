// Path records for connections over InfiniBand (IBA 15.2.5.16): asked of the subnet manager's port, each when it is
// wanted. A subnet without a manager has none, and paths are what the host's directory says.

import { formatHex } from '../../protocols/index.js';
import type { Path } from '../rdma/cm/index.js';
import type { ManagementPort, PortAddress } from '../rdma/index.js';
import { PathQueries, type SubnetPath } from '../subnet/index.js';
import type { Alarm, Nanos } from '../time/index.js';

export class PathResolver {
  readonly #queries = new PathQueries();
  /** By remote GID: undefined while it is asked for, null where there is none. */
  readonly #found = new Map<string, SubnetPath | null | undefined>();

  constructor(
    readonly address: PortAddress,
    readonly port: ManagementPort,
  ) {}

  /** An answer is given once: who asks later may get another. */
  route(now: Nanos, path: Path): Path | 'pending' | undefined {
    const { managerLid = 0, managerSl = 0, lid } = this.address;
    if (managerLid === 0) return path;
    const key = formatHex(path.remoteGid);
    const found = this.#found.get(key);
    if (found === undefined) {
      if (!this.#found.has(key)) {
        this.#found.set(key, undefined);
        const ends = { sgid: path.localGid, dgid: path.remoteGid };
        this.#queries.ask({ ...ends, managerLid, managerSl }, (answer) => {
          this.#found.set(key, answer ?? null);
        });
        this.#send(now);
      }
      return 'pending';
    }
    this.#found.delete(key);
    if (found === null) return undefined;
    const { dlid, sl, mtu, rate, lifeTime } = found;
    return { ...path, remoteLid: dlid, localLid: lid, sl, mtu, packetRate: rate, lifeTime };
  }

  /** A MAD of subnet administration arrived; true when it was the answer to a question. */
  receive(now: Nanos, mad: Uint8Array): boolean {
    const awaited = this.#queries.receive(mad);
    this.#send(now);
    return awaited;
  }

  #send(now: Nanos): void {
    for (let mad = this.#queries.take(now); mad; mad = this.#queries.take(now))
      this.port.send({ dlid: mad.lid!, sl: mad.sl }, mad.bytes);
  }

  wakeAt(): Nanos {
    return this.#queries.wakeAt();
  }

  // hot
  soonest(alarm: Alarm): void {
    this.#queries.soonest(alarm);
  }

  expire(now: Nanos): void {
    this.#queries.expire(now);
    this.#send(now);
  }
}
