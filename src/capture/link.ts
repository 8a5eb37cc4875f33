// What does a packet without a file around it begin with? tcpdump -x leaves the link header out, -xx does not; what
// comes from elsewhere may begin with InfiniBand's own headers, or with what `tcpdump -i any` writes.

import { check, dissect, padding, payload } from '../../protocols/index.js';
import { LINKTYPE_INFINIBAND_FLOW } from '../../protocols/infiniband/flow-control.js';

/** Link types (tcpdump's list): Ethernet, and IPv4 or IPv6 without a link header. */
export const ETHERNET = 1;
export const RAW = 101;
const INFINIBAND = 247;
const LINUX_SLL = 113;
const LINUX_SLL2 = 276;

/** Believed only where nothing is wrong with the packet: their checksums tell, or those of what they carry. */
const rare = [INFINIBAND, LINKTYPE_INFINIBAND_FLOW, LINUX_SLL, LINUX_SLL2];

/** Whichever is understood deepest; Ethernet when none is. */
export function guessLinkType(packet: Uint8Array): number {
  const usual = understood(packet, RAW) > understood(packet, ETHERNET) ? RAW : ETHERNET;
  let best = usual;
  let most = Math.max(1, understood(packet, usual));
  for (const linkType of rare) {
    const depth = understood(packet, linkType);
    const right = depth > most || (depth === 1 && linkType === LINKTYPE_INFINIBAND_FLOW);
    if (!right || check(dissect(packet, { linkType })).findings.length > 0) continue;
    best = linkType;
    most = depth;
  }
  return best;
}

/** Layers that dissecting finds, none where it stopped. */
function understood(packet: Uint8Array, linkType: number): number {
  const { layers, stop } = dissect(packet, { linkType });
  const known = layers.filter((l) => l.protocol !== payload && l.protocol !== padding);
  return stop ? 0 : known.length;
}
