// Identifiers of ports and services: GUIDs as bytes, IP addresses as GIDs, and the service IDs that rdma_cm makes of port
// spaces and ports (IBA A11.2; numbers as in Linux's rdma_user_cm.h).

import {
  bytes,
  formatIpv4,
  formatIpv6,
  header,
  ipv4Address,
  parseIpv4,
  parseIpv6,
  uint,
} from '../../../protocols/core/index.js';

const GUID = header('GUID', [uint(64, 'guid', 'of a channel adapter', { format: 'eui64' })]);

export const bytesOfGuid = (guid: bigint): Uint8Array => GUID.encode({ guid });

/** An IPv4 address in the form of an IPv6 address (RFC 4291 2.5.5.2). */
const Mapped = header('Mapped', [
  bytes(10, 'zero', 'always zero'),
  uint(16, 'marker', 'all ones'),
  ipv4Address('ipv4', 'the address'),
]);
const MARKER = 0xffff;

/** The GID of an IP address in text. */
export const gidOfIp = (text: string): Uint8Array =>
  text.includes(':') ? parseIpv6(text) : Mapped.encode({ marker: MARKER, ipv4: parseIpv4(text) });

/** The IPv4 address of a GID; undefined when it is an IPv6 address. */
export const ipv4OfGid = (gid: Uint8Array): number | undefined =>
  Mapped.get.marker(gid, 0) === MARKER && gid.subarray(0, Mapped.at.marker).every((b) => b === 0)
    ? Mapped.get.ipv4(gid, 0)
    : undefined;

export const gidOfIpv4 = (ipv4: number): Uint8Array => Mapped.encode({ marker: MARKER, ipv4 });

export function formatGid(gid: Uint8Array): string {
  const ipv4 = ipv4OfGid(gid);
  return ipv4 === undefined ? formatIpv6(gid) : formatIpv4(ipv4);
}

export const portSpaces = {
  RDMA_PS_IPOIB: 0x0002,
  RDMA_PS_TCP: 0x0106,
  RDMA_PS_UDP: 0x0111,
  RDMA_PS_IB: 0x013f,
} as const;

export type PortSpace = keyof typeof portSpaces;

/** Port space and port, one behind the other. */
export const serviceIdOf = (space: PortSpace, port: number): bigint =>
  BigInt(portSpaces[space] * 2 ** 16 + port);
