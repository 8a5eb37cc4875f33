// Group addresses: which bit marks them, and those that bridges do not forward (IEEE 802.1Q table 8-1), by the key of
// the layer that is sent to them.

import { parseMac } from '../core/address.js';

/** Whether the address at `at` is a group's: the first bit on the wire, the lowest of its first byte (IEEE 802.3 3.2.3). */
// hot
export const isGroupAddress = (b: Uint8Array, at = 0): boolean => b[at]! % 2 === 1;

export const groupAddresses: Readonly<Record<string, Uint8Array>> = {
  'mac-control': parseMac('01:80:c2:00:00:01'),
  lldp: parseMac('01:80:c2:00:00:0e'),
};
