// Table of queue pair states (IBA 10.3.1, 11.2.5.2): which attributes each transition needs and which it takes, by
// service, as libibverbs and Linux's qp_state_table have them; and what a queue pair does in each state.

import type { QpState, QpType } from './constant.js';

/** The attributes of ibv_modify_qp, by our names. */
export type QpAttribute =
  | 'curQpState'
  | 'enSqdAsyncNotify'
  | 'qpAccessFlags'
  | 'pkeyIndex'
  | 'portNum'
  | 'qkey'
  | 'ahAttr'
  | 'pathMtu'
  | 'timeout'
  | 'retryCnt'
  | 'rnrRetry'
  | 'rqPsn'
  | 'maxRdAtomic'
  | 'minRnrTimer'
  | 'sqPsn'
  | 'maxDestRdAtomic'
  | 'destQpNum';

type ByType = Partial<Record<QpType, string>>;

export interface Transition {
  readonly from: QpState;
  readonly to: QpState;
  readonly required: ByType;
  readonly optional: ByType;
}

const XRC = (send: string, receive: string): ByType => ({
  IBV_QPT_XRC_SEND: send,
  IBV_QPT_XRC_RECV: receive,
});

const initial = 'pkeyIndex portNum qpAccessFlags';
const route = 'ahAttr pathMtu destQpNum rqPsn';
const routeOfResponder = `${route} maxDestRdAtomic minRnrTimer`;
const ready = 'timeout retryCnt rnrRetry sqPsn maxRdAtomic';
const live = 'curQpState qpAccessFlags';
const liveOfResponder = `${live} minRnrTimer`;
const liveDatagram = { IBV_QPT_UD: 'curQpState qkey', IBV_QPT_GSI: 'curQpState qkey' };
const liveAll: ByType = {
  ...liveDatagram,
  IBV_QPT_UC: live,
  IBV_QPT_RC: liveOfResponder,
  ...XRC(live, liveOfResponder),
};

export const transitions: readonly Transition[] = [
  {
    from: 'RESET',
    to: 'INIT',
    required: {
      IBV_QPT_RC: initial,
      IBV_QPT_UC: initial,
      IBV_QPT_UD: 'pkeyIndex portNum qkey',
      IBV_QPT_GSI: 'pkeyIndex qkey',
      ...XRC(initial, initial),
    },
    optional: {},
  },
  {
    from: 'INIT',
    to: 'INIT',
    required: {},
    optional: {
      IBV_QPT_RC: initial,
      IBV_QPT_UC: initial,
      IBV_QPT_UD: 'pkeyIndex portNum qkey',
      IBV_QPT_GSI: 'pkeyIndex qkey',
      ...XRC(initial, initial),
    },
  },
  {
    from: 'INIT',
    to: 'RTR',
    required: {
      IBV_QPT_RC: routeOfResponder,
      IBV_QPT_UC: route,
      ...XRC(route, routeOfResponder),
    },
    optional: {
      IBV_QPT_RC: 'qpAccessFlags pkeyIndex',
      IBV_QPT_UC: 'qpAccessFlags pkeyIndex',
      IBV_QPT_UD: 'pkeyIndex qkey',
      IBV_QPT_GSI: 'pkeyIndex qkey',
      ...XRC('qpAccessFlags pkeyIndex', 'qpAccessFlags pkeyIndex'),
    },
  },
  {
    from: 'RTR',
    to: 'RTS',
    required: {
      IBV_QPT_RC: ready,
      IBV_QPT_UC: 'sqPsn',
      IBV_QPT_UD: 'sqPsn',
      IBV_QPT_GSI: 'sqPsn',
      ...XRC(ready, 'timeout sqPsn'),
    },
    optional: liveAll,
  },
  { from: 'RTS', to: 'RTS', required: {}, optional: liveAll },
  {
    from: 'RTS',
    to: 'SQD',
    required: {},
    optional: {
      IBV_QPT_RC: 'enSqdAsyncNotify',
      IBV_QPT_UC: 'enSqdAsyncNotify',
      IBV_QPT_UD: 'enSqdAsyncNotify',
      IBV_QPT_GSI: 'enSqdAsyncNotify',
      ...XRC('enSqdAsyncNotify', 'enSqdAsyncNotify'),
    },
  },
  { from: 'SQD', to: 'RTS', required: {}, optional: liveAll },
  {
    from: 'SQD',
    to: 'SQD',
    required: {},
    optional: {
      IBV_QPT_RC:
        'portNum ahAttr timeout retryCnt rnrRetry maxRdAtomic maxDestRdAtomic qpAccessFlags pkeyIndex minRnrTimer',
      IBV_QPT_UC: 'ahAttr qpAccessFlags pkeyIndex',
      IBV_QPT_UD: 'pkeyIndex qkey',
      IBV_QPT_GSI: 'pkeyIndex qkey',
      ...XRC(
        'portNum ahAttr timeout retryCnt rnrRetry maxRdAtomic qpAccessFlags pkeyIndex',
        'portNum ahAttr timeout maxDestRdAtomic qpAccessFlags pkeyIndex minRnrTimer',
      ),
    },
  },
  // Only services without acknowledgement come to SQE (IBA 10.3.1.6).
  {
    from: 'SQE',
    to: 'RTS',
    required: {},
    optional: { ...liveDatagram, IBV_QPT_UC: live },
  },
];

/** What the state lets the queue pair do (IBA 10.3.1). */
export interface Allows {
  readonly state: QpState;
  /** ibv_post_recv is taken. */
  readonly postRecv: boolean;
  /** ibv_post_send is taken. */
  readonly postSend: boolean;
  /** Packets from the peer are looked at. */
  readonly receives: boolean;
  /** Requests are sent. SQD finishes what was begun. */
  readonly sends: 'no' | 'begun' | 'yes';
  /** Work requests are completed as flushed: those of the send queue, those of the receive queue. */
  readonly flushesSend: boolean;
  readonly flushesRecv: boolean;
}

const allows = (
  state: QpState,
  postRecv: boolean,
  postSend: boolean,
  receives: boolean,
  sends: Allows['sends'],
  flushesSend = false,
  flushesRecv = false,
): Allows => ({ state, postRecv, postSend, receives, sends, flushesSend, flushesRecv });

export const stateAllows: Readonly<Record<QpState, Allows>> = {
  RESET: allows('RESET', false, false, false, 'no'),
  INIT: allows('INIT', true, false, false, 'no'),
  RTR: allows('RTR', true, false, true, 'no'),
  RTS: allows('RTS', true, true, true, 'yes'),
  SQD: allows('SQD', true, true, true, 'begun'),
  SQE: allows('SQE', true, true, true, 'no', true),
  ERR: allows('ERR', true, true, false, 'no', true, true),
};

const words = (list: string | undefined): readonly string[] => (list ? list.split(' ') : []);

/**
 * What is wrong with going from one state to another with these attributes; '' when nothing is. RESET and ERR are
 * reached from everywhere, and take no attributes.
 */
export function refuseTransition(
  type: QpType,
  from: QpState,
  to: QpState,
  given: readonly string[],
): string {
  if (to === 'RESET' || to === 'ERR') {
    return given.length === 0 ? '' : `${to} takes no attributes, not ${given.join(', ')}`;
  }
  const row = transitions.find((t) => t.from === from && t.to === to);
  if (!row) return `there is no way from ${from} to ${to}`;
  const required = words(row.required[type]);
  const missing = required.filter((name) => !given.includes(name));
  if (missing.length > 0) return `${from} to ${to} needs ${missing.join(', ')}`;
  const taken = [...required, ...words(row.optional[type])];
  const alien = given.filter((name) => !taken.includes(name));
  return alien.length === 0 ? '' : `${from} to ${to} does not take ${alien.join(', ')}`;
}
