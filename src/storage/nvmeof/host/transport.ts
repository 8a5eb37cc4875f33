// A queue of a host over the transport that is asked for.

import type { Thread } from '../../../cpu/index.js';
import type { Digests } from '../tcp/pdu.js';
import type { ControllerOptions } from './controller-options.js';
import type { HostQueue, QueueOptions } from './host-queue.js';
import { RdmaHostQueue } from './rdma-queue.js';

export function newHostQueue(
  transport: ControllerOptions['transport'],
  thread: Thread,
  options: QueueOptions,
  _digests?: Digests,
): HostQueue {
  if (transport === 'rdma') return new RdmaHostQueue(thread, options);
  throw new RangeError('NVMe/TCP is not there yet');
}
