// A connection as the manager keeps it, and what the application and the owner of QP1 know of it.

import { type Nanos, NEVER } from '../../time/index.js';
import type { Fields } from './message.js';
import type { State, Told } from './states.js';

/** Where a MAD came from or goes to; who owns QP1 makes an address vector of it. */
export interface MadAddress {
  /** 0 or the permissive LID on Ethernet. */
  readonly lid: number;
  /** The other port's GID, if there is a global route. */
  readonly gid?: Uint8Array;
  /** Our GID. */
  readonly localGid?: Uint8Array;
  readonly sl?: number;
  readonly flowLabel?: number;
  readonly trafficClass?: number;
  readonly hopLimit?: number;
}

/** The way that the data of a connection takes (IBA 12.7.11 to 12.7.20). */
export interface Path {
  readonly localGid: Uint8Array;
  readonly remoteGid: Uint8Array;
  /** The permissive LID on Ethernet. */
  readonly localLid?: number;
  readonly remoteLid?: number;
  readonly flowLabel?: number;
  readonly trafficClass?: number;
  readonly hopLimit?: number;
  readonly sl?: number;
  readonly packetRate?: number;
  /** Code of the path MTU: 1 for 256 to 5 for 4096. */
  readonly mtu: number;
  /** Exponent of the packet life time: 4.096 us x 2^t. */
  readonly lifeTime?: number;
}

/** What the queue pair must be set to; names as in struct ibv_qp_attr. */
export interface QueuePairSettings {
  readonly destQpNum: number;
  /** The PSN that we expect first: our own message named it. */
  readonly rqPsn: number;
  /** The PSN that the peer expects first: we begin with it (trap 10). */
  readonly sqPsn: number;
  /** Code of the path MTU. */
  readonly pathMtu: number;
  /** READs and atomics that we may have under way. */
  readonly maxRdAtomic: number;
  /** READs and atomics of the peer that we serve at once. */
  readonly maxDestRdAtomic: number;
  readonly timeout: number;
  readonly retryCnt: number;
  readonly rnrRetry: number;
  /** 0, the longest, as Linux leaves it (trap 17). */
  readonly minRnrTimer: number;
  readonly pkey: number;
  readonly address: MadAddress;
  /** iWARP: the stream that is to carry the queue pair; nothing else but the numbers of READs counts then. */
  readonly llpStream?: number;
}

/** What the application is told. Events wait in order until they are taken. */
export interface ConnectionEvent {
  readonly type: Told;
  readonly connection: Connection;
  /** 0, a negative errno, or the reason of a REJ or the status of a SIDR_REP, as struct rdma_cm_event has it. */
  readonly status: number;
  readonly privateData: Uint8Array;
  /** Of CONNECT_REQUEST: which listener it is for. */
  readonly listener?: Listener;
  /** Of CONNECT_REQUEST, CONNECT_RESPONSE and ESTABLISHED: READs and atomics as the receiver sees them, crossed over. */
  readonly responderResources?: number;
  readonly initiatorDepth?: number;
  /** Of CONNECT_RESPONSE, and of ESTABLISHED. */
  readonly settings?: QueuePairSettings;
  /** Of ESTABLISHED after a resolution of a service ID. */
  readonly datagram?: { readonly qpn: number; readonly qkey: number };
  /** Additional information of a REJ. */
  readonly ari?: Uint8Array;
}

export interface Listener {
  readonly serviceId: bigint;
  /** Requests that may wait for an answer; more are dropped, and come again. */
  readonly backlog: number;
  pending: number;
  state: State;
}

/** What the active side says of itself in a REQ. */
export interface ConnectParameters {
  readonly serviceId: bigint;
  readonly path: Path;
  readonly localQpn: number;
  /** The PSN that this side expects first. */
  readonly startingPsn: number;
  readonly privateData?: Uint8Array;
  readonly responderResources?: number;
  readonly initiatorDepth?: number;
  readonly flowControl?: boolean;
  readonly retryCount?: number;
  readonly rnrRetryCount?: number;
  readonly srq?: boolean;
  readonly pkey?: number;
  /** 0 RC, 1 UC, 3 extended (XRC). */
  readonly transportServiceType?: number;
  readonly remoteCmResponseTimeout?: number;
  readonly localCmResponseTimeout?: number;
  readonly maxCmRetries?: number;
  readonly localAckTimeout?: number;
}

/** What the passive side says of itself in a REP. */
export interface AcceptParameters {
  readonly localQpn: number;
  readonly startingPsn: number;
  readonly privateData?: Uint8Array;
  /** What the request asks for unless given. */
  readonly responderResources?: number;
  readonly initiatorDepth?: number;
  readonly flowControl?: boolean;
  readonly rnrRetryCount?: number;
  readonly srq?: boolean;
  readonly targetAckDelay?: number;
}

/** What a service ID is asked for. */
export interface ResolveParameters {
  readonly serviceId: bigint;
  readonly path: Path;
  readonly pkey?: number;
  readonly privateData?: Uint8Array;
  readonly remoteCmResponseTimeout?: number;
  readonly maxCmRetries?: number;
}

/** The answer to a SIDR_REQ. */
export interface AnswerParameters {
  readonly status: number;
  readonly qpn?: number;
  readonly qkey?: number;
  readonly privateData?: Uint8Array;
}

/** One connection. The application reads it and passes it to the manager, which alone changes it. */
export interface Connection {
  readonly localCommId: number;
  readonly role: 'active' | 'passive';
  readonly serviceId: bigint;
  state: State;
  remoteCommId: number;
  remoteGuid: bigint;
  /** 0 while it is not known. */
  remoteQpn: number;
  localQpn: number;
  /** Transaction of the exchange under way. */
  tid: bigint;
  address: MadAddress;
  listener: Listener | undefined;
  /** REQ and REP, whoever sent them. */
  request: Fields<'REQ'> | undefined;
  reply: Fields<'REP'> | undefined;
  sidrRequest: Fields<'SIDR_REQ'> | undefined;
  /** The message that waits for an answer. */
  message: Uint8Array | undefined;
  retries: number;
  maxRetries: number;
  responseNs: number;
  timewaitNs: number;
  deadline: Nanos;
  /** Private data of the last answer, for when it is asked for again. */
  answerData: Uint8Array | undefined;
  /** The application does not want to hear of it any more. */
  abandoned: boolean;
}

/** A connection of which nothing happened yet. */
export const newConnection = (
  localCommId: number,
  role: Connection['role'],
  serviceId: bigint,
  address: MadAddress,
): Connection => ({
  localCommId,
  role,
  serviceId,
  state: 'IDLE',
  remoteCommId: 0,
  remoteGuid: 0n,
  remoteQpn: 0,
  localQpn: 0,
  tid: 0n,
  address,
  listener: undefined,
  request: undefined,
  reply: undefined,
  sidrRequest: undefined,
  message: undefined,
  retries: 0,
  maxRetries: 0,
  responseNs: 0,
  timewaitNs: 0,
  deadline: NEVER,
  answerData: undefined,
  abandoned: false,
});
