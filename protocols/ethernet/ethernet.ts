// Ethernet II frames (IEEE 802.3 3.1 and 3.2): two addresses and a type.

import { formatMac } from '../core/address.js';
import { following } from '../core/bind.js';
import { mac, uint } from '../core/field.js';
import { header } from '../core/header.js';
import { padding } from '../core/payload.js';
import { protocol } from '../core/protocol.js';
import { etherTypes } from './ether-type.js';

export const Ethernet = header(
  'Ethernet',
  [
    mac('dst', 'destination address', { alias: 'eth.dst' }),
    mac('src', 'source address', { alias: 'eth.src' }),
    uint(16, 'type', 'EtherType', { names: etherTypes, format: 'hex', alias: 'eth.type' }),
  ],
  { key: 'eth', title: 'Ethernet II', section: 'IEEE 802.3 3.2' },
);

export const eth = protocol(Ethernet, {
  label: 'Ethernet',
  read(walk) {
    const at = walk.take(eth);
    return at < 0 ? null : walk.next('ethertype', Ethernet.get.type(walk.bytes, at));
  },
  derive: { type: following('ethertype') },
  trailers: [{ protocol: padding, size: () => 0 }],
  addresses: (layer) => [
    formatMac(layer.get('src') as Uint8Array),
    formatMac(layer.get('dst') as Uint8Array),
  ],
});
