// What does a packet without a file around it begin with? tcpdump -x leaves the link header out, -xx does not.

import { dissect, padding, payload } from '../../protocols/index.js';

/** Link types (tcpdump's list): Ethernet, and IPv4 or IPv6 without a link header. */
export const ETHERNET = 1;
export const RAW = 101;

/** Whichever of the two is understood deeper; Ethernet when neither is. */
export function guessLinkType(packet: Uint8Array): number {
  return understood(packet, RAW) > understood(packet, ETHERNET) ? RAW : ETHERNET;
}

/** Layers that dissecting finds, none where it stopped. */
function understood(packet: Uint8Array, linkType: number): number {
  const { layers, stop } = dissect(packet, { linkType });
  const known = layers.filter((l) => l.protocol !== payload && l.protocol !== padding);
  return stop ? 0 : known.length;
}
