// A transport that carries requests in place of InfiniBand's: the device keeps queue pairs, keys, queues, completions and
// its clock, and the transport makes and takes frames. iWARP is one (src/iwarp).

import type { Alarm, Nanos } from '../time/index.js';
import type { QpType } from './constant.js';
import type { RdmaDevice } from './device.js';
import { UsageError } from './memory-parts.js';
import type { QueuePair } from './queue-pair.js';
import type { QpAttr } from './queue-pair-verbs.js';
import type { SendWr } from './send-wr.js';

/** Things of the verbs that a transport may not have. */
export type Facility = 'multicast' | 'address handles' | 'XRC shared queues';

export interface Transport {
  readonly name: string;
  /** Why there are no such queue pairs; '' when there are. */
  refusesType(type: QpType): string;
  refusesFacility(facility: Facility): string;
  /** Why a request cannot be posted; '' when it can. */
  refusesRequest(wr: SendWr): string;
  /** ibv_modify_qp. @throws UsageError EINVAL */
  modify(qp: QueuePair, attr: QpAttr): void;
  /** A frame arrived. False when it is none of the transport's, and then its slot is not given up. */
  receive(now: Nanos, slot: number): boolean;
  /** A queue pair may have something to send: requests are turned into what `transmit` gives. */
  feed(now: Nanos, qp: QueuePair): void;
  /** The slot of the next frame, or -1. Whose it is stands in the device's `prepared`. */
  transmit(now: Nanos): number;
  readonly hasWork: boolean;
  /** The queue pair is in error, and its requests are flushed. */
  failed(now: Nanos, qp: QueuePair): void;
  destroyed(qp: QueuePair): void;
  soonest(alarm: Alarm): void;
  expire(now: Nanos): void;
}

/** @throws UsageError EOPNOTSUPP where the device's transport has no such thing */
export function demandFacility({ transport }: RdmaDevice, facility: Facility): void {
  const refused = transport?.refusesFacility(facility) ?? '';
  if (refused !== '') throw new UsageError('EOPNOTSUPP', refused);
}
