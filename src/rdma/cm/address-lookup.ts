// What rdma_cm asks of the host that it runs on.

import type { Nanos } from '../../time/index.js';
import type { Path } from './connection.js';

/** What knows the way to an address: routes, neighbours, GIDs of our ports. */
export interface AddressLookup {
  /** 'pending' while neighbours are being asked; undefined when there is no way. */
  path(now: Nanos, target: Uint8Array, source?: Uint8Array): ResolvedPath | 'pending' | undefined;
  /**
   * InfiniBand: the path that subnet administration knows between the two GIDs of `path`; 'pending' while it is asked.
   * Where this is left out, the path is whole already.
   */
  route?(now: Nanos, path: Path): Path | 'pending' | undefined;
}

export interface ResolvedPath extends Path {
  /** Our IP address, where it is not the GID itself. */
  readonly localIp?: Uint8Array;
}
