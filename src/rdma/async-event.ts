// Table of asynchronous events (enum ibv_event_type; IBA 11.6.3): when the device reports each, and why some never come.

import type { AsyncEventType } from './constant.js';

/** Those of libibverbs that this device has no cause to report. */
export type UnusedEvent =
  | 'IBV_EVENT_PATH_MIG'
  | 'IBV_EVENT_PATH_MIG_ERR'
  | 'IBV_EVENT_SRQ_ERR'
  | 'IBV_EVENT_LID_CHANGE'
  | 'IBV_EVENT_PKEY_CHANGE'
  | 'IBV_EVENT_SM_CHANGE'
  | 'IBV_EVENT_GID_CHANGE'
  | 'IBV_EVENT_WQ_FATAL';

export const asyncEvents: Readonly<Record<AsyncEventType, string>> = {
  IBV_EVENT_CQ_ERR: 'a completion queue ran over',
  IBV_EVENT_QP_FATAL:
    'a completion could not be written, or the receive buffer or an invalidation of a peer was refused',
  IBV_EVENT_QP_REQ_ERR: 'a request of the peer was invalid, and the queue pair is in error',
  IBV_EVENT_QP_ACCESS_ERR: 'a request of the peer was for memory that it may not reach',
  IBV_EVENT_COMM_EST: 'the first packet came in RTR (devices that tell; rxe does not)',
  IBV_EVENT_SQ_DRAINED:
    'in SQD everything that was begun is complete, and en_sqd_async_notify was given',
  IBV_EVENT_DEVICE_FATAL: 'the device failed',
  IBV_EVENT_PORT_ACTIVE: 'the link came up',
  IBV_EVENT_PORT_ERR: 'the link went down',
  IBV_EVENT_CLIENT_REREGISTER:
    'a subnet manager that is new asks for what was registered with the one before',
  IBV_EVENT_SRQ_LIMIT_REACHED: 'fewer requests than the limit wait; once, until it is set again',
  IBV_EVENT_QP_LAST_WQE_REACHED:
    'a queue pair of a shared queue is in error and takes no more of it',
};

export const unusedEvents: Readonly<Record<UnusedEvent, string>> = {
  IBV_EVENT_PATH_MIG: 'no automatic path migration',
  IBV_EVENT_PATH_MIG_ERR: 'no automatic path migration',
  IBV_EVENT_SRQ_ERR:
    'entries of a shared queue can always be read; what is wrong in them is a completion',
  IBV_EVENT_LID_CHANGE: 'the device takes its LID when it is made',
  IBV_EVENT_PKEY_CHANGE: 'the device takes its partition keys when it is made',
  IBV_EVENT_SM_CHANGE: 'the subnet manager deals with the port outside of the device',
  IBV_EVENT_GID_CHANGE: 'the device takes its GIDs when it is made',
  IBV_EVENT_WQ_FATAL: 'no work queues outside of queue pairs (ibv_create_wq)',
};
