// Connections of an iWARP host: rdma_cm over MPA. There is no queue pair 1 and there are no MADs; addresses are asked of
// the stack.

import type { Rnic } from '../iwarp/index.js';
import { pathMtuFor, RdmaCm, type ResolvedPath } from '../rdma/cm/index.js';
import { type Alarm, isDue, type Nanos } from '../time/index.js';
import type { Adapter } from './adapter.js';

export class IwarpServices {
  readonly rdmaCm: RdmaCm;
  readonly #adapter: Adapter;

  constructor(
    adapter: Adapter,
    readonly rnic: Rnic,
  ) {
    this.#adapter = adapter;
    this.rdmaCm = new RdmaCm(rnic.connector, this, adapter.machine.random.fork('cm'));
  }

  // AddressLookup

  path(now: Nanos, target: Uint8Array, source?: Uint8Array): ResolvedPath | 'pending' | undefined {
    const { stack, mtu } = this.#adapter;
    const way = stack!.way(now, target);
    if (way === undefined || way === 'pending') return way;
    const localGid = source ?? stack!.sourceFor(target);
    if (!localGid) return undefined;
    return { localGid, remoteGid: target, mtu: pathMtuFor(mtu) };
  }

  // hot
  soonest(alarm: Alarm): void {
    this.rdmaCm.soonest(alarm);
    this.rnic.connector.soonest(alarm);
  }

  expire(now: Nanos): void {
    if (isDue(this.rdmaCm, now)) this.rdmaCm.expire(now);
    this.rdmaCm.settle(now);
  }

  // hot
  settle(now: Nanos): void {
    if (this.rnic.connector.hasEvents) this.rdmaCm.settle(now);
  }
}
