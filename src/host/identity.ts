// What a host is called on its wire: MACs, GUIDs, GIDs, and the MTU that follows from its link's.

import { header, isBytes, parseMac, uint } from '../../protocols/index.js';
import { type Gid, type GidType, mtuBytes } from '../rdma/index.js';
import type { HostStack } from '../stack/index.js';
import { linkLocalOf } from '../stack/index.js';

export const parsedMac = (mac: Uint8Array | string): Uint8Array =>
  isBytes(mac) ? mac : parseMac(mac);

/** A GID is the subnet's prefix and a GUID (IBA 4.1.1). */
const PortGid = header('PortGid', [
  uint(64, 'prefix', 'of the subnet'),
  uint(64, 'guid', 'of the port'),
]);
/** Of a subnet without a manager that says otherwise (IBA 4.1.1). */
const DEFAULT_PREFIX = 0xfe80_0000_0000_0000n;

export const portGidOf = (guid: bigint): Uint8Array =>
  PortGid.encode({ prefix: DEFAULT_PREFIX, guid });

/** The modified EUI-64 of a MAC, which Linux's RoCE drivers take for their node GUID (addrconf_addr_eui48). */
export const guidOf = (mac: Uint8Array): bigint => PortGid.decode(linkLocalOf(mac), 0).guid;

/** One GID an address, as in a RoCE port's table; the link-local one last. */
export const roceGids = (stack: HostStack, type: GidType): Gid[] =>
  stack.addresses.map(({ ip }) => ({ bytes: ip, type }));

/** Headers that rxe leaves room for (rxe_param.h, eth_mtu_int_to_enum). */
const RXE_HEADERS = 80;

/** The largest MTU of InfiniBand's that fits an Ethernet link's. */
export const largestMtu = (linkMtu: number): number =>
  Math.max(256, ...Object.values(mtuBytes).filter((size) => size <= linkMtu - RXE_HEADERS));
