// Addresses of ports and paths: GID tables, address vectors, and the header templates that follow from them for each
// carrier: RoCE v2 over IPv4 or IPv6, RoCE v1, InfiniBand.

import { header, ipv4Address, reserved, uint } from '../../protocols/core/index.js';
import { UsageError } from './memory-parts.js';
import {
  bth,
  build,
  eth,
  grh,
  ipv4,
  ipv6,
  lrh,
  PathTemplate,
  parseIpv4,
  parseIpv6,
  udp,
  vlan,
} from './wire.js';

export type GidType = 'RoCE v2' | 'RoCE v1' | 'IB' | 'iWARP';

export interface Gid {
  /** Sixteen bytes; IPv4 addresses as ::ffff:a.b.c.d. */
  readonly bytes: Uint8Array;
  readonly type: GidType;
}

/** RFC 4291 2.5.5.2 */
const MappedAddress = header('MappedAddress', [
  reserved(80),
  uint(16, 'ones', 'all ones'),
  ipv4Address('ipv4', 'the IPv4 address'),
]);

/** A GID as people write it: an IPv6 address, or an IPv4 address for its mapped form. */
export function gidOf(text: string): Uint8Array {
  if (text.includes(':') && !text.includes('.')) return parseIpv6(text);
  const ipv4 = parseIpv4(text.slice(text.lastIndexOf(':') + 1));
  return MappedAddress.encode({ ones: 0xffff, ipv4 });
}

/** Is it an IPv4 address in IPv6's clothes (RFC 4291 2.5.5.2)? */
export const isMapped = (gid: Uint8Array): boolean =>
  gid.subarray(0, 10).every((byte) => byte === 0) && gid[10] === 0xff && gid[11] === 0xff;

// hot
export function sameBytes(
  a: Uint8Array,
  aAt: number,
  b: Uint8Array,
  bAt: number,
  count: number,
): boolean {
  for (let i = 0; i < count; i++) if (a[aAt + i] !== b[bAt + i]) return false;
  return true;
}

/** Global part of an address vector, struct ibv_global_route. */
export interface GlobalRoute {
  readonly dgid: Uint8Array | string;
  readonly sgidIndex?: number;
  readonly flowLabel?: number;
  readonly hopLimit?: number;
  readonly trafficClass?: number;
}

/** struct ibv_ah_attr. */
export interface AhAttr {
  readonly grh?: GlobalRoute;
  readonly dlid?: number;
  readonly sl?: number;
  readonly srcPathBits?: number;
  readonly portNum?: number;
  /** Ethernet only: where the next hop is, if the neighbour table is not to be asked. */
  readonly dmac?: Uint8Array;
  readonly vlanId?: number;
}

/** What the device knows of itself. */
export interface PortAddress {
  readonly mac: Uint8Array;
  /** A subnet manager may give another prefix, and does give the LID. */
  gids: readonly Gid[];
  lid: number;
  readonly native: boolean;
  /** Of a function that shares a port's LID: what comes for it is told by GID, and so must its answers be. */
  readonly grhRequired?: boolean;
  /** Where the subnet manager is; 0 or left out where there is none. */
  managerLid?: number;
  managerSl?: number;
  /** How often it has asked clients to register again. */
  reregistrations?: number;
}

/** MAC of the next hop to a GID; undefined when nobody knows it (yet). */
export type Neighbours = (gid: Uint8Array) => Uint8Array | undefined;

const SPORT_FIRST = 0xc000;
const SPORT_BITS = 14;
const FLOW_LABEL_BITS = 20n;
const GOLDEN_RATIO_32 = 0x61c88647;
const DEFAULT_HOPS = 64;

/** UDP source port of a flow label, or of two queue pairs (Linux: rdma_get_udp_sport). */
export function udpSourcePort(flowLabel: number, qpn: number, destQpn: number): number {
  let label = flowLabel;
  if (label === 0) {
    let mixed = BigInt(qpn) * BigInt(destQpn);
    mixed ^= mixed >> FLOW_LABEL_BITS;
    mixed ^= mixed >> (2n * FLOW_LABEL_BITS);
    label = Number(BigInt.asUintN(Number(FLOW_LABEL_BITS), mixed));
  }
  const range = 2 ** SPORT_BITS;
  return SPORT_FIRST + ((label % range) ^ Math.floor(label / range));
}

/** The same of a queue pair without a connection (rxe: hash_32 of its number). */
export const datagramSourcePort = (qpn: number): number =>
  SPORT_FIRST + (Math.imul(qpn, GOLDEN_RATIO_32) >>> (32 - SPORT_BITS));

export interface Path {
  readonly template: PathTemplate;
  readonly dgid: Uint8Array;
  readonly sgid: Uint8Array;
  readonly attr: AhAttr;
}

/** The MAC that a multicast GID goes to (RFC 2464 7, RFC 1112 6.4; IBA A17.9.2). */
function multicastMac(gid: Uint8Array): Uint8Array {
  if (isMapped(gid)) {
    return Uint8Array.of(0x01, 0x00, 0x5e, gid[13]! % 128, gid[14]!, gid[15]!);
  }
  return Uint8Array.of(0x33, 0x33, gid[12]!, gid[13]!, gid[14]!, gid[15]!);
}

export const isMulticast = (gid: Uint8Array): boolean =>
  gid[0] === 0xff || (isMapped(gid) && gid[12]! >= 224 && gid[12]! < 240);

/** @throws UsageError when the address vector cannot be used from this port */
export function pathOf(
  port: PortAddress,
  neighbours: Neighbours,
  attr: AhAttr,
  sourcePort: number,
  migReq: number,
  identification: number,
): Path {
  const { grh: route } = attr;
  const gid = port.gids[route?.sgidIndex ?? 0];
  if (route && !gid) throw new UsageError('EINVAL', `there is no GID ${route.sgidIndex ?? 0}`);
  if (!route && !port.native) throw new UsageError('EINVAL', 'RoCE needs a global route');
  const dgid = typeof route?.dgid === 'string' ? gidOf(route.dgid) : route?.dgid;
  const sgid = gid?.bytes ?? new Uint8Array(16);
  const head = bth({ opcode: 0, migReq, destQp: 0, psn: 0 });
  const global = () =>
    grh({
      sgid,
      dgid: dgid!,
      tClass: route!.trafficClass ?? 0,
      flowLabel: route!.flowLabel ?? 0,
      hopLmt: route!.hopLimit ?? DEFAULT_HOPS,
    });
  const make = (layers: Parameters<typeof build>[0]): Path => ({
    template: new PathTemplate(build([...layers, head], { complete: false }), identification),
    dgid: dgid ?? new Uint8Array(16),
    sgid,
    attr,
  });
  if (port.native) {
    const slid = port.lid + (attr.srcPathBits ?? 0);
    const link = lrh({ vl: 0, sl: attr.sl ?? 0, dlid: attr.dlid ?? 0, slid });
    return make(route ? [link, global()] : [link]);
  }
  const dst = attr.dmac ?? (isMulticast(dgid!) ? multicastMac(dgid!) : neighbours(dgid!));
  if (!dst) throw new UsageError('EINVAL', 'the next hop is not known to the neighbour table');
  const outer = [eth({ dst, src: port.mac })];
  if (attr.vlanId !== undefined) outer.push(vlan({ vid: attr.vlanId, pcp: attr.sl ?? 0 }));
  if (gid!.type === 'RoCE v1') return make([...outer, global()]);
  if (isMapped(dgid!) !== isMapped(sgid))
    throw new UsageError('EINVAL', 'source and destination are of different IP versions');
  const traffic = route!.trafficClass ?? 0;
  const network = {
    dscp: Math.floor(traffic / 4),
    ecn: traffic % 4,
  };
  const hops = route!.hopLimit ?? DEFAULT_HOPS;
  const ports = udp({ srcPort: sourcePort, dstPort: 4791 });
  if (isMapped(dgid!)) {
    const word = (gid: Uint8Array) => MappedAddress.get.ipv4(gid, 0);
    const ends = { src: word(sgid), dst: word(dgid!) };
    return make([...outer, ipv4({ ...network, ...ends, ttl: hops, df: 1 }), ports]);
  }
  const ends = { src: sgid, dst: dgid!, flowLabel: route!.flowLabel ?? 0 };
  return make([...outer, ipv6({ ...network, ...ends, hopLimit: hops }), ports]);
}
