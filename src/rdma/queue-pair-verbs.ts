// The verbs for queue pairs: create, modify by the table of states, query, destroy.

import { type AhAttr, pathOf, udpSourcePort } from './address.js';
import type { CompletionQueue } from './completion-queue.js';
import { capable } from './congestion.js';
import { type Mtu, mtuBytes, type QpState, type QpType, qpTypes } from './constant.js';
import { GSI_QKEY } from './datagram.js';
import type { RdmaDevice } from './device.js';
import { isDrained } from './finish.js';
import { releaseWindows, UsageError } from './memory-parts.js';
import type { Context, Pd, Srq } from './objects.js';
import { type QpAttribute, refuseTransition } from './qp-states.js';
import { type QpCap, QueuePair, sendStride } from './queue-pair.js';
import { ReceiveQueue } from './receive-queue.js';
import { rewind } from './requester.js';
import { Ring } from './ring.js';
import { attachRepeat } from './selective-repeat.js';

/** struct ibv_qp_init_attr. */
export interface QpInit {
  readonly qpType: QpType;
  readonly sendCq: CompletionQueue;
  readonly recvCq: CompletionQueue;
  readonly srq?: Srq;
  readonly cap?: Partial<QpCap>;
  readonly sqSigAll?: boolean;
  /** The number, for replaying what was captured; otherwise the device chooses. */
  readonly qpn?: number;
}

const defaultCap: QpCap = {
  maxSendWr: 64,
  maxRecvWr: 64,
  maxSendSge: 4,
  maxRecvSge: 4,
  maxInlineData: 64,
};

/** struct ibv_qp_attr, by our names; which are given is what attr_mask says in C. */
export interface QpAttr {
  readonly qpState?: QpState;
  readonly curQpState?: QpState;
  readonly enSqdAsyncNotify?: boolean;
  readonly qpAccessFlags?: number;
  readonly pkeyIndex?: number;
  readonly portNum?: number;
  readonly qkey?: number;
  readonly ahAttr?: AhAttr;
  readonly pathMtu?: Mtu;
  readonly timeout?: number;
  readonly retryCnt?: number;
  readonly rnrRetry?: number;
  readonly rqPsn?: number;
  readonly maxRdAtomic?: number;
  readonly minRnrTimer?: number;
  readonly sqPsn?: number;
  readonly maxDestRdAtomic?: number;
  readonly destQpNum?: number;
  /** iWARP: the stream that carries the queue pair, by the number that its connection's event says. */
  readonly llpStream?: number;
}

/** The largest value of each number, exclusive. */
const bounds: Partial<Record<QpAttribute, number>> = {
  timeout: 32,
  retryCnt: 8,
  rnrRetry: 8,
  minRnrTimer: 32,
  rqPsn: 2 ** 24,
  sqPsn: 2 ** 24,
  destQpNum: 2 ** 24,
  qkey: 2 ** 32,
};

function capOf(device: RdmaDevice, cap: Partial<QpCap> | undefined): QpCap {
  const whole = { ...defaultCap, ...cap };
  const { maxQpWr, maxSge, maxInlineData } = device.profile;
  const most = Math.max(whole.maxSendWr, whole.maxRecvWr);
  const parts = Math.max(whole.maxSendSge, whole.maxRecvSge);
  if (most > maxQpWr || parts > maxSge || whole.maxInlineData > maxInlineData)
    throw new UsageError('EINVAL', `the device has no queue of ${JSON.stringify(whole)}`);
  return whole;
}

/** ibv_create_qp. */
export function createQp(pd: Pd, init: QpInit): QueuePair {
  const { device, space } = pd.context;
  if (device.failed) throw new UsageError('EIO', 'the device has failed');
  if (!qpTypes.includes(init.qpType)) throw new UsageError('EINVAL', `type ${init.qpType}`);
  const refused = device.transport?.refusesType(init.qpType) ?? '';
  if (refused !== '') throw new UsageError('EOPNOTSUPP', refused);
  if (device.qps.size >= device.profile.maxQp) throw new UsageError('ENOMEM', 'queue pairs');
  const cap = capOf(device, init.cap);
  const sends = init.qpType !== 'IBV_QPT_XRC_RECV' && cap.maxSendWr > 0;
  const receives = !init.qpType.startsWith('IBV_QPT_XRC');
  const qpn = init.qpType === 'IBV_QPT_GSI' ? 1 : (init.qpn ?? device.nextQpn());
  if (device.qps.has(qpn)) throw new UsageError('EBUSY', `queue pair ${qpn} exists`);
  const own = receives && !init.srq;
  const qp = new QueuePair(
    qpn,
    init.qpType,
    pd.domain,
    init.sendCq,
    init.recvCq,
    sends ? new Ring(space, cap.maxSendWr, sendStride(init.qpType, cap), 'send queue') : null,
    own ? new ReceiveQueue(space, cap.maxRecvWr, cap.maxRecvSge) : (init.srq?.queue ?? null),
    cap,
    init.sqSigAll ?? false,
  );
  if (qp.datagram) qp.mtu = device.mtu;
  if (qp.type === 'IBV_QPT_GSI') qp.qkey = GSI_QKEY;
  device.qps.set(qpn, qp);
  pd.domain.uses++;
  init.sendCq.users++;
  init.recvCq.users++;
  return qp;
}

/** @throws UsageError EINVAL when the transition or an attribute is not allowed */
export function modifyQp({ device }: Context, qp: QueuePair, attr: QpAttr): void {
  const to = attr.qpState ?? qp.state;
  if (device.failed && to !== 'RESET') throw new UsageError('EIO', 'the device has failed');
  if (device.transport !== null) {
    device.transport.modify(qp, attr);
    return;
  }
  const given = Object.keys(attr).filter((name) => name !== 'qpState') as QpAttribute[];
  if (attr.curQpState !== undefined && attr.curQpState !== qp.state)
    throw new UsageError('EINVAL', `the queue pair is in ${qp.state}, not ${attr.curQpState}`);
  const refused = refuseTransition(qp.type, qp.state, to, given);
  if (refused !== '') throw new UsageError('EINVAL', refused);
  // IBA 10.3.1.5: nothing changes before the queue is drained; only the ways out are open (rxe_qp_chk_attr).
  if (qp.state === 'SQD' && !isDrained(qp) && to !== 'ERR' && to !== 'RESET')
    throw new UsageError('EINVAL', 'the send queue is not drained yet');
  checkValues(device, attr);
  const from = qp.state;
  const path = attr.ahAttr && newPath(device, qp, attr);
  apply(qp, attr);
  if (path) {
    qp.path = path;
    device.congestion.attach(qp);
    if (qp.repeat === null) attachRepeat(device, qp);
  }
  enter(device, qp, from, to);
}

function checkValues(device: RdmaDevice, attr: QpAttr): void {
  for (const [name, bound] of Object.entries(bounds)) {
    const value = attr[name as keyof QpAttr] as number | undefined;
    if (value === undefined) continue;
    if (!(Number.isInteger(value) && value >= 0 && value < bound))
      throw new UsageError('EINVAL', `${name} is ${value}, not below ${bound}`);
  }
  const { maxQpRdAtom, maxQpInitRdAtom } = device.profile;
  if ((attr.maxDestRdAtomic ?? 0) > maxQpRdAtom || (attr.maxRdAtomic ?? 0) > maxQpInitRdAtom)
    throw new UsageError('EINVAL', `the device has ${maxQpRdAtom} READs and atomics at a time`);
  if ((attr.pkeyIndex ?? 0) >= device.pkeyCount || (attr.portNum ?? 1) !== 1)
    throw new UsageError('EINVAL', 'no such partition key or port');
  if (attr.pathMtu && mtuBytes[attr.pathMtu] > device.mtu)
    throw new UsageError('EINVAL', `${attr.pathMtu} is more than the port's ${device.mtu}`);
}

function newPath(device: RdmaDevice, qp: QueuePair, attr: QpAttr) {
  const { ahAttr } = attr;
  const destination = attr.destQpNum ?? qp.destQpn;
  const label = ahAttr!.grh?.flowLabel ?? 0;
  const port = udpSourcePort(label, qp.qpn, destination);
  const { migReq } = device.profile;
  const id = device.firstIdentification();
  const vector = capable(device, qp, ahAttr!);
  return pathOf(device.address, device.neighbours, vector, port, migReq, id);
}

function apply(qp: QueuePair, attr: QpAttr): void {
  qp.accessFlags = attr.qpAccessFlags ?? qp.accessFlags;
  qp.pkeyIndex = attr.pkeyIndex ?? qp.pkeyIndex;
  qp.portNum = attr.portNum ?? qp.portNum;
  qp.qkey = attr.qkey ?? qp.qkey;
  qp.destQpn = attr.destQpNum ?? qp.destQpn;
  if (attr.pathMtu) qp.mtu = mtuBytes[attr.pathMtu];
  qp.timeoutCode = attr.timeout ?? qp.timeoutCode;
  qp.retryCount = attr.retryCnt ?? qp.retryCount;
  qp.rnrRetry = attr.rnrRetry ?? qp.rnrRetry;
  qp.rqPsn = attr.rqPsn ?? qp.rqPsn;
  qp.sqPsn = attr.sqPsn ?? qp.sqPsn;
  qp.maxRdAtomic = attr.maxRdAtomic ?? qp.maxRdAtomic;
  qp.maxDestRdAtomic = attr.maxDestRdAtomic ?? qp.maxDestRdAtomic;
  qp.minRnrTimer = attr.minRnrTimer ?? qp.minRnrTimer;
  qp.notifyDrained = attr.enSqdAsyncNotify ?? qp.notifyDrained;
}

/** What a state brings with it. */
function enter(device: RdmaDevice, qp: QueuePair, from: QpState, to: QpState): void {
  if (to === 'ERR') {
    qp.responseCount = 0; // nothing more is said (IBA 10.3.1.7)
    device.toError(device.now, qp);
    return;
  }
  qp.state = to;
  if (to === 'RESET') {
    qp.reset();
    device.forget(qp.qpn);
    qp.sendCq.clean(qp.qpn);
    qp.recvCq.clean(qp.qpn);
  } else if (to === 'RTR' && from === 'INIT') qp.startResponder();
  else if (to === 'RTS' && from === 'RTR') qp.startRequester();
  else if (to === 'SQD' && qp.notifyDrained && isDrained(qp)) {
    qp.notifyDrained = false;
    device.event('IBV_EVENT_SQ_DRAINED', qp);
  } else if (to === 'RTS' && from === 'SQE') rewind(qp);
  device.activate(qp);
}

/** struct ibv_qp_attr as it stands. */
export function queryQp(qp: QueuePair): Required<Pick<QpAttr, 'qpState' | 'rqPsn' | 'sqPsn'>> &
  Pick<QpAttr, 'destQpNum' | 'qpAccessFlags' | 'timeout' | 'retryCnt' | 'rnrRetry'> & {
    readonly sqDraining: boolean;
    readonly pathMtuBytes: number;
    readonly maxRdAtomic: number;
    readonly maxDestRdAtomic: number;
    readonly minRnrTimer: number;
    readonly qkey: number;
    readonly cap: QpCap;
  } {
  return {
    qpState: qp.state,
    // What is expected and sent next, as devices report it.
    rqPsn: qp.expectedPsn,
    sqPsn: qp.newPsn,
    destQpNum: qp.destQpn,
    qpAccessFlags: qp.accessFlags,
    timeout: qp.timeoutCode,
    retryCnt: qp.retryCount,
    rnrRetry: qp.rnrRetry,
    sqDraining: qp.state === 'SQD' && !isDrained(qp),
    pathMtuBytes: qp.mtu,
    maxRdAtomic: qp.maxRdAtomic,
    maxDestRdAtomic: qp.maxDestRdAtomic,
    minRnrTimer: qp.minRnrTimer,
    qkey: qp.qkey,
    cap: qp.cap,
  };
}

/** ibv_destroy_qp. */
export function destroyQp(pd: Pd, qp: QueuePair): void {
  const { device } = pd.context;
  if (qp.destroyed) throw new UsageError('EINVAL', `queue pair ${qp.qpn} is gone already`);
  for (const group of device.groups.values())
    if (group.has(qp)) throw new UsageError('EBUSY', `queue pair ${qp.qpn} is in a group`);
  qp.destroyed = true;
  device.transport?.destroyed(qp);
  qp.kept?.clear();
  qp.state = 'RESET';
  qp.sendCq.clean(qp.qpn);
  qp.recvCq.clean(qp.qpn);
  qp.sendCq.users--;
  qp.recvCq.users--;
  qp.sq?.release();
  if (qp.rq !== null && !qp.rq.shared) qp.rq.ring.release();
  releaseWindows(device.memory.keys, qp.qpn);
  device.qps.delete(qp.qpn);
  device.forget(qp.qpn);
  pd.domain.uses--;
}
