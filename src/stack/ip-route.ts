// Where the packets of a connection go: their target, and, once it is known, the neighbour that takes them, so that it is
// not looked up for each.

import type { Neighbour } from './neighbour-table.js';

export interface IpRoute {
  readonly target: Uint8Array;
  /** IpOutput's: the next hop as it was found last. */
  neighbour: Neighbour | undefined;
}

export const routeTo = (target: Uint8Array): IpRoute => ({ target, neighbour: undefined });
