// What our messages say: from the parameters of the application and the state of a connection to fields, with the
// values that Linux uses where nothing is given.

import type {
  AcceptParameters,
  Connection,
  ConnectParameters,
  MadAddress,
  Path,
  QueuePairSettings,
} from './connection.js';
import type { Fields } from './message.js';
import type { State } from './states.js';

/** Exponents of 4.096 us x 2^t, and counts, as Linux's rdma_cm has them. */
export const usual = {
  /** CMA_CM_RESPONSE_TIMEOUT: 4.3 s. */
  cmResponseTimeout: 20,
  /** CMA_MAX_CM_RETRIES. */
  maxCmRetries: 15,
  /** CMA_IBOE_PACKET_LIFETIME. */
  packetLifeTime: 18,
  /** CMA_CM_MRA_SETTING: 69 s. */
  mraServiceTimeout: 24,
  targetAckDelay: 15,
  /** For ever. */
  retryCount: 7,
  hopLimit: 64,
  pkey: 0xffff,
} as const;

/** Links without LIDs say so with the permissive one (IBA A17.4). */
const PERMISSIVE_LID = 0xffff;
const LONGEST_TIMEOUT = 31;

/** 4.096 us x 2^t in nanoseconds. */
export const timeoutNs = (exponent: number): number => 4096 * 2 ** exponent;

const bit = (given: boolean | undefined, otherwise = false): number =>
  (given ?? otherwise) ? 1 : 0;

/** There and back within the path's life time. */
export const localAckTimeout = (path: Path): number =>
  Math.min(LONGEST_TIMEOUT, (path.lifeTime ?? usual.packetLifeTime) + 1);

/** Where the MADs of a path go. */
export const addressOf = (path: Path): MadAddress => ({
  lid: path.remoteLid ?? PERMISSIVE_LID,
  gid: path.remoteGid,
  localGid: path.localGid,
  sl: path.sl ?? 0,
  flowLabel: path.flowLabel ?? 0,
  trafficClass: path.trafficClass ?? 0,
  hopLimit: path.hopLimit ?? usual.hopLimit,
});

/** The fields of a REQ; those not named are zero. */
export function requestOf(
  p: ConnectParameters,
  localCommId: number,
  localCaGuid: bigint,
): Partial<Fields<'REQ'>> {
  const { path } = p;
  const hopLimit = path.hopLimit ?? usual.hopLimit;
  return {
    localCommId,
    serviceId: p.serviceId,
    localCaGuid,
    localQpn: p.localQpn,
    responderResources: p.responderResources ?? 0,
    initiatorDepth: p.initiatorDepth ?? 0,
    remoteCmResponseTimeout: p.remoteCmResponseTimeout ?? usual.cmResponseTimeout,
    transportServiceType: p.transportServiceType ?? 0,
    endToEndFlowControl: bit(p.flowControl),
    startingPsn: p.startingPsn,
    localCmResponseTimeout: p.localCmResponseTimeout ?? usual.cmResponseTimeout,
    retryCount: p.retryCount ?? usual.retryCount,
    partitionKey: p.pkey ?? usual.pkey,
    pathPacketPayloadMtu: path.mtu,
    rnrRetryCount: p.rnrRetryCount ?? usual.retryCount,
    maxCmRetries: p.maxCmRetries ?? usual.maxCmRetries,
    srq: bit(p.srq),
    // The one extended transport that there is: XRC (IBA A14).
    extendedTransportType: p.transportServiceType === 3 ? 1 : 0,
    primaryLocalLid: path.localLid ?? PERMISSIVE_LID,
    primaryRemoteLid: path.remoteLid ?? PERMISSIVE_LID,
    primaryLocalGid: path.localGid,
    primaryRemoteGid: path.remoteGid,
    primaryFlowLabel: path.flowLabel ?? 0,
    primaryPacketRate: path.packetRate ?? 0,
    primaryTrafficClass: path.trafficClass ?? 0,
    primaryHopLimit: hopLimit,
    primarySl: path.sl ?? 0,
    primarySubnetLocal: hopLimit <= 1 ? 1 : 0,
    primaryLocalAckTimeout: p.localAckTimeout ?? localAckTimeout(path),
  };
}

/** The fields of a REP: depths are crossed over unless the application wants less (trap 27). */
export function replyOf(
  p: AcceptParameters,
  c: Connection,
  localCaGuid: bigint,
): Partial<Fields<'REP'>> {
  return {
    localCommId: c.localCommId,
    remoteCommId: c.remoteCommId,
    localQpn: p.localQpn,
    startingPsn: p.startingPsn,
    responderResources: p.responderResources ?? c.request!.initiatorDepth,
    initiatorDepth: p.initiatorDepth ?? c.request!.responderResources,
    targetAckDelay: p.targetAckDelay ?? usual.targetAckDelay,
    endToEndFlowControl: bit(p.flowControl),
    rnrRetryCount: p.rnrRetryCount ?? usual.retryCount,
    srq: bit(p.srq),
    localCaGuid,
  };
}

/** Codes of Message REJected (IBA 12.6.7.1). */
export const REJECTED_REQ = 0;
export const REJECTED_REP = 1;
const REJECTED_OTHER = 2;

/** Which message a REJ out of each state rejects; out of all others it is no message of the peer's. */
const rejectedIn: Partial<Record<State, number>> = {
  REQ_RCVD: REJECTED_REQ,
  MRA_REQ_SENT: REJECTED_REQ,
  TIMEWAIT: REJECTED_REQ,
  REP_RCVD: REJECTED_REP,
  MRA_REP_SENT: REJECTED_REP,
};

export interface Rejection {
  readonly reason: number;
  readonly ari?: Uint8Array;
}

export const ARI_SIZE = 72;

/** The fields of a REJ out of a state. While the peer has not heard of our comm ID, it is 0, as Linux has it. */
export function rejectionOf(c: Connection, state: State, why: Rejection): Partial<Fields<'REJ'>> {
  return {
    localCommId: state === 'REQ_RCVD' ? 0 : c.localCommId,
    remoteCommId: c.remoteCommId,
    messageRejected: rejectedIn[state] ?? REJECTED_OTHER,
    reason: why.reason,
    ...reasonOf(why.ari),
  };
}

/** Additional information with its length. @throws RangeError when it is too long */
function reasonOf(ari: Uint8Array | undefined) {
  if (ari === undefined) return {};
  const room = new Uint8Array(ARI_SIZE);
  if (ari.length > ARI_SIZE) throw new RangeError(`${ARI_SIZE} bytes of ARI at most`);
  room.set(ari);
  return { rejectInfoLength: ari.length, ari: room };
}

/** What the queue pair must be set to, once both sides have spoken (IBA 12.7). */
export function settingsOf(c: Connection): QueuePairSettings | undefined {
  const { request, reply } = c;
  if (!request || !reply) return undefined;
  if (c.role === 'passive') return settingsToAccept(c, reply);
  return {
    destQpNum: reply.localQpn,
    rqPsn: request.startingPsn,
    sqPsn: reply.startingPsn,
    pathMtu: request.pathPacketPayloadMtu,
    maxRdAtomic: reply.responderResources,
    maxDestRdAtomic: reply.initiatorDepth,
    ...common(request, true),
    rnrRetry: reply.rnrRetryCount,
  };
}

/** What the queue pair must be set to before a request is accepted with these parameters. */
export function settingsToAccept(
  c: Connection,
  p: Pick<AcceptParameters, 'startingPsn' | 'responderResources' | 'initiatorDepth'>,
): QueuePairSettings | undefined {
  const { request } = c;
  if (!request) return undefined;
  return {
    destQpNum: request.localQpn,
    rqPsn: p.startingPsn,
    sqPsn: request.startingPsn,
    pathMtu: request.pathPacketPayloadMtu,
    maxRdAtomic: p.initiatorDepth ?? request.responderResources,
    maxDestRdAtomic: p.responderResources ?? request.initiatorDepth,
    ...common(request, false),
    rnrRetry: request.rnrRetryCount,
  };
}

const common = (request: Fields<'REQ'>, active: boolean) => ({
  timeout: request.primaryLocalAckTimeout,
  retryCnt: request.retryCount,
  minRnrTimer: 0,
  pkey: request.partitionKey,
  address: dataAddress(request, active),
});

/** Data goes to the GIDs that the REQ names, not to where its packet came from (cm_format_paths_from_req). */
function dataAddress(request: Fields<'REQ'>, active: boolean): MadAddress {
  const [local, remote] = active
    ? (['primaryLocalGid', 'primaryRemoteGid'] as const)
    : (['primaryRemoteGid', 'primaryLocalGid'] as const);
  return {
    lid: active ? request.primaryRemoteLid : request.primaryLocalLid,
    gid: request[remote],
    localGid: request[local],
    sl: request.primarySl,
    flowLabel: request.primaryFlowLabel,
    trafficClass: request.primaryTrafficClass,
    hopLimit: request.primaryHopLimit,
  };
}
