// Addresses that bridges do not forward (IEEE 802.1Q table 8-1), by the key of the layer that is sent to them.

import { parseMac } from '../core/address.js';

export const groupAddresses: Readonly<Record<string, Uint8Array>> = {
  'mac-control': parseMac('01:80:c2:00:00:01'),
  lldp: parseMac('01:80:c2:00:00:0e'),
};
