// What devices differ in, as data: limits and habits. Those here are Linux's rdma_rxe and siw, against whose
// captures the device is judged, and two with the habits of an HCA and of an RNIC.

import type { CongestionProfile } from './congestion-profile.js';

/** What devices differ in: limits and habits. */
export interface DeviceProfile {
  readonly name: string;
  readonly maxQp: number;
  readonly maxQpWr: number;
  readonly maxSge: number;
  readonly maxInlineData: number;
  readonly maxCq: number;
  readonly maxCqe: number;
  readonly maxSrq: number;
  readonly maxSrqWr: number;
  readonly maxPd: number;
  readonly maxAh: number;
  readonly maxMcastGrp: number;
  readonly maxMcastQpAttach: number;
  readonly maxTotalMcastQpAttach: number;
  /** READs and atomics outstanding, as responder and as requester. */
  readonly maxQpRdAtom: number;
  readonly maxQpInitRdAtom: number;
  /** Packets that a requester has under way without having heard of them. */
  readonly maxUnackedPackets: number;
  /** A requester asks for an acknowledgement at the end of each message, and after so many packets. */
  readonly packetsPerAckReq: number;
  /** AETH tells how many receive requests wait; otherwise it says nothing (1fh). */
  readonly givesCredits: boolean;
  /** The requester heeds credits that it is given. */
  readonly heedsCredits: boolean;
  /** BTH.MigReq: hardware sends 1, rxe 0 (docs/rdma-rules.md, trap 20). */
  readonly migReq: number;
  /** A retry count of 7 means for ever, as rxe has it; in the standard that is so for RNR alone. */
  readonly retrySevenIsForever: boolean;
  /** GSI packets ask for acknowledgements, which nobody gives (trap 21). */
  readonly gsiAckReq: number;
  /** IBV_EVENT_COMM_EST at the first packet in RTR; rxe has none. */
  readonly tellsEstablished: boolean;
  /** False: no atomic operations. */
  readonly atomics?: boolean;
  /** How it meets congestion; without, it counts marks and ignores CNPs, as rxe does. */
  readonly congestion?: CongestionProfile;
  /** Selective repeat, which the standard does not have: packets that may be under way; a power of two. Both ends must have it. */
  readonly selectiveRepeat?: number;
}

/** drivers/infiniband/sw/rxe/rxe_param.h of Linux 6.1. */
export const rxeProfile: DeviceProfile = {
  name: 'rxe',
  maxQp: 65536,
  maxQpWr: 16384,
  maxSge: 32,
  maxInlineData: 512,
  maxCq: 65536,
  maxCqe: 32767,
  maxSrq: 65536,
  maxSrqWr: 16384,
  maxPd: 65536,
  maxAh: 65536,
  maxMcastGrp: 8192,
  maxMcastQpAttach: 56,
  maxTotalMcastQpAttach: 0x70000,
  maxQpRdAtom: 128,
  maxQpInitRdAtom: 128,
  maxUnackedPackets: 128,
  packetsPerAckReq: 64,
  givesCredits: false,
  heedsCredits: false,
  migReq: 0,
  retrySevenIsForever: true,
  gsiAckReq: 1,
  tellsEstablished: false,
};

/** Limits of ConnectX-class devices as `ibv_devinfo -v` prints them, rounded; the habits are the standard's. */
export const hcaProfile: DeviceProfile = {
  name: 'hca',
  maxQp: 262144,
  maxQpWr: 32768,
  maxSge: 30,
  maxInlineData: 1024,
  maxCq: 16777216,
  maxCqe: 4194303,
  maxSrq: 8388608,
  maxSrqWr: 32767,
  maxPd: 8388608,
  maxAh: 2147483647,
  maxMcastGrp: 2097152,
  maxMcastQpAttach: 240,
  maxTotalMcastQpAttach: 503316480,
  maxQpRdAtom: 16,
  maxQpInitRdAtom: 16,
  maxUnackedPackets: 4096,
  packetsPerAckReq: 64,
  givesCredits: true,
  heedsCredits: true,
  migReq: 1,
  retrySevenIsForever: false,
  gsiAckReq: 0,
  tellsEstablished: true,
};

/** drivers/infiniband/sw/siw of Linux 6.1 (siw.h): 32,768 requests a queue, six entries each, no atomic operations. */
export const siwProfile: DeviceProfile = {
  ...rxeProfile,
  name: 'siw',
  maxQpWr: 32768,
  maxSge: 6,
  maxInlineData: 96,
  maxMcastGrp: 0,
  maxMcastQpAttach: 0,
  maxTotalMcastQpAttach: 0,
  maxAh: 0,
  atomics: false,
};

/** An RNIC with all that RFC 5040 and RFC 7306 have; limits as those of HCAs. */
export const rnicProfile: DeviceProfile = {
  ...hcaProfile,
  name: 'rnic',
  maxMcastGrp: 0,
  maxMcastQpAttach: 0,
  maxTotalMcastQpAttach: 0,
  maxAh: 0,
  maxQpRdAtom: 128,
  maxQpInitRdAtom: 128,
  atomics: true,
};
