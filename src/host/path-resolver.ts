// Path records for connections over InfiniBand (IBA 15.2.5.16): asked of the subnet manager's port, each when it is
// wanted. A subnet without a manager has none, and paths are what the host's directory says.

import { formatHex } from '../../protocols/index.js';
import type { Path } from '../rdma/cm/index.js';
import type { ManagementPort, PortAddress } from '../rdma/index.js';
import { PathQueries, type SubnetPath } from '../subnet/index.js';
import type { Nanos } from '../time/index.js';
import { Inquiry } from './inquiry.js';

export class PathResolver extends Inquiry<PathQueries> {
  /** By remote GID: undefined while it is asked for, null where there is none. */
  readonly #found = new Map<string, SubnetPath | null | undefined>();

  constructor(address: PortAddress, port: ManagementPort) {
    super(address, port, new PathQueries());
  }

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
        this.queries.ask({ ...ends, managerLid, managerSl }, (answer) => {
          this.#found.set(key, answer ?? null);
        });
        this.send(now);
      }
      return 'pending';
    }
    this.#found.delete(key);
    if (found === null) return undefined;
    const { dlid, sl, mtu, rate, lifeTime } = found;
    return { ...path, remoteLid: dlid, localLid: lid, sl, mtu, packetRate: rate, lifeTime };
  }
}
