// What the library of sockets over RDMA takes, in cycles of its core.

import type { StreamCosts } from '../apps/rsocket/rsocket.js';

/**
 * librdmacm's rsocket, of SocksDirect (SIGCOMM 2019, table 2): 209 ns for a message's two operations, 138 of them for locks, and 370
 * for its buffers, on 2.3 GHz. Fitted on these.
 */
export const rsocketCosts: StreamCosts = { call: 82, lock: 159, buffers: 425 };
