// The MTU of a link under a host.

import { Ethernet } from '../../protocols/index.js';

/** Of Ethernet. */
export const DEFAULT_MTU = 1500;
/** What every link under IPv6 carries (RFC 8200 5), and the longest IPv4 packet. */
const LEAST_MTU = 1280;
const MOST_MTU = 65_535;

/** @throws RangeError when the MTU is none that fits into frames of `slotBytes` */
export function demandMtu(mtu: number, slotBytes: number): void {
  const most = Math.min(MOST_MTU, slotBytes - Ethernet.size);
  if (!(mtu >= LEAST_MTU)) throw new RangeError(`mtu: IPv6 wants ${LEAST_MTU}, found ${mtu}`);
  if (mtu > most) throw new RangeError(`mtu: expected at most ${most}, found ${mtu}`);
}
