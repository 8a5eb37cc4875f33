// States of an iWARP queue pair by libibverbs' names: RESET and INIT are RDMA Verbs' IDLE, and with a stream it is RTS at
// once. CLOSING and TERMINATE are the stream's (stream.ts): to the consumer the queue pair is in ERR then.

import type { DeviceProfile, QpAttr, QpState, QueuePair } from '../rdma/index.js';

const transitions: Readonly<Partial<Record<QpState, readonly QpState[]>>> = {
  RESET: ['RESET', 'INIT', 'ERR'],
  INIT: ['RESET', 'INIT', 'RTS', 'ERR'],
  RTS: ['RESET', 'RTS', 'ERR'],
  ERR: ['RESET', 'ERR'],
};

/** What InfiniBand's transport needs, and no stream has. */
const foreign: readonly (keyof QpAttr)[] = [
  'ahAttr',
  'pathMtu',
  'destQpNum',
  'rqPsn',
  'sqPsn',
  'qkey',
  'timeout',
  'retryCnt',
  'rnrRetry',
  'minRnrTimer',
];

/** States of InfiniBand's queue pairs that RDMA Verbs do not have: no path to learn of, no draining of a send queue. */
const strangers: readonly QpState[] = ['RTR', 'SQD', 'SQE'];

/** Why a modification is refused; '' when it is not. */
export function refusesModification(qp: QueuePair, attr: QpAttr, profile: DeviceProfile): string {
  const to = attr.qpState ?? qp.state;
  if (attr.curQpState !== undefined && attr.curQpState !== qp.state)
    return `the queue pair is in ${qp.state}, not ${attr.curQpState}`;
  if (strangers.includes(to)) return `iWARP has no state ${to}`;
  if (!transitions[qp.state]?.includes(to)) return `${qp.state} to ${to} is not allowed`;
  const strange = foreign.find((name) => attr[name] !== undefined);
  if (strange !== undefined) return `iWARP has no ${strange}`;
  const becomesReady = to === 'RTS' && qp.state === 'INIT';
  if (becomesReady !== (attr.llpStream !== undefined))
    return becomesReady ? 'RTS needs llpStream' : 'llpStream goes with INIT to RTS alone';
  const { maxQpRdAtom, maxQpInitRdAtom } = profile;
  if ((attr.maxDestRdAtomic ?? 0) > maxQpRdAtom || (attr.maxRdAtomic ?? 0) > maxQpInitRdAtom)
    return `the device has ${maxQpRdAtom} READs and atomics at a time`;
  return '';
}
