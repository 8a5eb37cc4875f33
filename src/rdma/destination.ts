// Whether a packet is for an address: GIDs as they stand in IPv4, IPv6 and GRH.

import { sameBytes } from './address.js';
import type { Packet } from './packet.js';

// hot
export function addressedTo(pkt: Packet, gid: Uint8Array): boolean {
  return pkt.network === 'ipv4'
    ? isMappedGid(gid) && sameBytes(pkt.bytes, pkt.destinationAt, gid, 12, 4)
    : sameBytes(pkt.bytes, pkt.destinationAt, gid, 0, 16);
}

// hot
export const isMappedGid = (gid: Uint8Array): boolean => gid[10] === 0xff && gid[0] === 0;

/** The group that a packet goes to, as `groups` names it. */
export function groupKey(pkt: Packet): string {
  const gid = new Uint8Array(16);
  const at = pkt.destinationAt;
  if (pkt.network === 'ipv4') {
    gid.fill(0xff, 10, 12);
    gid.set(pkt.bytes.subarray(at, at + 4), 12);
  } else gid.set(pkt.bytes.subarray(at, at + 16));
  return gid.join();
}
