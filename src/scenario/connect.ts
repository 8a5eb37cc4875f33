// Queue pairs made ready without connection management: who writes a scenario about something else says which two belong
// together. Neighbours are asked for over the wire all the same.

import type { Host } from '../host/index.js';
import {
  type AhAttr,
  type Context,
  isMapped,
  type Mtu,
  modifyQp,
  type QpAttr,
  type QueuePair,
} from '../rdma/index.js';
import type { Lab } from './lab.js';

/** One end of a connection. */
export interface QueuePairEnd {
  readonly context: Context;
  readonly qp: QueuePair;
}

/** What may be asked for beside what is usual. */
export interface ConnectOptions {
  /** Rights of the other side, IBV_ACCESS_*. All remote rights unless given. */
  readonly access?: number;
  readonly mtu?: Mtu;
  readonly timeout?: number;
  readonly retryCnt?: number;
  readonly rnrRetry?: number;
  readonly minRnrTimer?: number;
  readonly sl?: number;
  readonly trafficClass?: number;
  readonly ipv6?: boolean;
}

/** The first sequence number of each side; equal ones would hide mistakes. */
const FIRST_PSN = { left: 0x10_0000, right: 0x20_0000 } as const;
const DEFAULT_TIMEOUT = 14;
const RETRIES = 7;
const RNR_TIMER = 12;
const MOST_READS = 16;

/** The host that a context is of. @throws RangeError when it is none of the lab's */
export function hostOf(lab: Lab, { device }: Context): Host {
  const host = lab.hosts.find((one) => one.device === device);
  if (!host) throw new RangeError(`'${device.name}' is no device of this lab`);
  return host;
}

/**
 * An address vector from one host to another. The next hop is asked for first, which takes the time that it takes.
 * @throws RangeError when there is no way
 */
export function wayTo(lab: Lab, from: Host, to: Host, options: ConnectOptions = {}): AhAttr {
  const { sl = 0, trafficClass = 0, ipv6 = false } = options;
  const there = to.device.address;
  if (from.device.address.native) return { dlid: there.lid, sl };
  const kind = ({ bytes }: { readonly bytes: Uint8Array }) => isMapped(bytes) !== ipv6;
  const dgid = there.gids.find(kind)?.bytes;
  const sgidIndex = from.device.address.gids.findIndex(kind);
  const { stack } = from;
  if (!dgid || sgidIndex < 0 || !stack)
    throw new RangeError(`${from.name} and ${to.name} have no address in common`);
  const asked = () => stack.way(lab.now, dgid) === 'pending';
  if (asked()) {
    lab.settle(from);
    lab.sim.run(undefined, asked);
  }
  if (typeof stack.way(lab.now, dgid) !== 'object')
    throw new RangeError(`${from.name} finds no way to ${to.name}`);
  return { grh: { dgid, sgidIndex, trafficClass, hopLimit: 64 }, sl };
}

/** Takes two queue pairs (RC or UC) from RESET to RTS, towards each other. */
export function connectQueuePairs(
  lab: Lab,
  left: QueuePairEnd,
  right: QueuePairEnd,
  options: ConnectOptions = {},
): void {
  const hosts = [hostOf(lab, left.context), hostOf(lab, right.context)] as const;
  const { left: a, right: b } = FIRST_PSN;
  ready(left, right, wayTo(lab, hosts[0], hosts[1], options), a, b, options);
  ready(right, left, wayTo(lab, hosts[1], hosts[0], options), b, a, options);
}

function ready(
  { context, qp }: QueuePairEnd,
  peer: QueuePairEnd,
  ahAttr: AhAttr,
  sqPsn: number,
  rqPsn: number,
  options: ConnectOptions,
): void {
  const reliable = qp.reliable;
  const { access = ALL_REMOTE, mtu = 'IBV_MTU_1024', minRnrTimer = RNR_TIMER } = options;
  const initial: QpAttr = { qpState: 'INIT', pkeyIndex: 0, portNum: 1, qpAccessFlags: access };
  modifyQp(context, qp, initial);
  modifyQp(context, qp, {
    qpState: 'RTR',
    ahAttr,
    pathMtu: mtu,
    destQpNum: peer.qp.qpn,
    rqPsn,
    ...(reliable && { maxDestRdAtomic: MOST_READS, minRnrTimer }),
  });
  const { timeout = DEFAULT_TIMEOUT, retryCnt = RETRIES, rnrRetry = RETRIES } = options;
  modifyQp(context, qp, {
    qpState: 'RTS',
    sqPsn,
    ...(reliable && { timeout, retryCnt, rnrRetry, maxRdAtomic: MOST_READS }),
  });
}

/** LOCAL_WRITE, REMOTE_WRITE, REMOTE_READ and REMOTE_ATOMIC. */
const ALL_REMOTE = 15;

/** Takes a queue pair for datagrams (UD) from RESET to RTS. */
export function readyDatagrams({ context, qp }: QueuePairEnd, qkey: number): void {
  modifyQp(context, qp, { qpState: 'INIT', pkeyIndex: 0, portNum: 1, qkey });
  modifyQp(context, qp, { qpState: 'RTR' });
  modifyQp(context, qp, { qpState: 'RTS', sqPsn: 0 });
}
