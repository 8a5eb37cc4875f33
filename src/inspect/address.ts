// Addresses as keys: numbers for IPv4 and LIDs, text for the rest. Printing them is the business of others.

import { formatHex, IPv4, type Layer } from '../../protocols/index.js';

export type Address = number | string;

/** Address of the packet in which layer `index` stands; undefined where nothing carries one. */
// hot
export function addressAt(
  layers: readonly Layer[],
  index: number,
  which: 'source' | 'target',
): Address | undefined {
  for (let i = index - 1; i >= 0; i--) {
    const { bytes, at, key } = layers[i]!;
    const isTarget = which === 'target';
    switch (key) {
      case 'ipv4':
        return isTarget ? IPv4.get.dst(bytes, at) : IPv4.get.src(bytes, at);
      case 'ipv6':
        return formatHex(layers[i]!.get(isTarget ? 'dst' : 'src') as Uint8Array);
      case 'grh':
        return formatHex(layers[i]!.get(isTarget ? 'dgid' : 'sgid') as Uint8Array);
      case 'lrh':
        // LIDs are kept apart from IPv4 addresses by their sign.
        return -layers[i]!.number(isTarget ? 'dlid' : 'slid');
    }
  }
  return undefined;
}
