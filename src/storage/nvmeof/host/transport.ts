// A queue of a host over the transport that is asked for.

import type { Thread } from '../../../cpu/index.js';
import type { Digests } from '../tcp/pdu.js';
import type { ControllerOptions } from './controller-options.js';
import type { HostQueue, QueueOptions } from './host-queue.js';
import { RdmaHostQueue } from './rdma-queue.js';
import { TcpHostQueue } from './tcp-queue.js';

const PLAIN: Digests = { header: false, data: false };

export const newHostQueue = (
  transport: ControllerOptions['transport'],
  thread: Thread,
  options: QueueOptions,
  digests: Digests = PLAIN,
  r2ts = 1,
): HostQueue =>
  transport === 'rdma'
    ? new RdmaHostQueue(thread, options)
    : new TcpHostQueue(thread, options, digests, r2ts);
