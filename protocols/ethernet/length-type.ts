// The Length/Type field (IEEE 802.3 3.2.6), which ends an Ethernet header and a VLAN tag alike: from 600h on it
// is an EtherType, up to 1500 the number of bytes behind it, which then begin with an LLC header.

import { follower, keyOf } from '../core/bind.js';
import { uint } from '../core/field.js';
import type { Derivation, Protocol } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import { arp, arpOther } from './arp.js';
import { etherTypes } from './ether-type.js';
import { llc, RawIpx } from './llc.js';

/** The smallest EtherType. */
export const TYPE_FROM = 0x600;
/** The most that the field can mean as a length; between the two it means nothing. */
export const LENGTH_TO = 1500;

export const lengthOrType = (alias?: string) =>
  uint(16, 'type', 'EtherType, or up to 1500 the length of what follows', {
    names: etherTypes,
    format: 'hex',
    ...(alias === undefined ? {} : { alias }),
  });

/** What follows the layer taken last, whose Length/Type is `value`; a length narrows the end. */
// hot
export function readLengthOrType(walk: Walk, value: number): Protocol | null | undefined {
  if (value >= TYPE_FROM) return walk.next('ethertype', value);
  if (value > LENGTH_TO) {
    walk.fail('bad-value', 'type', LENGTH_TO, value);
    return undefined;
  }
  walk.limit(walk.at + value, `${walk.last.key}.type`);
  // Novell's frames have no LLC header; what stands there is IPX's unused checksum, which no LLC header can be.
  const raw = walk.left >= RawIpx.size && RawIpx.get.checksum(walk.bytes, walk.at) === 0xffff;
  return raw ? undefined : llc;
}

/** The EtherType of what follows. */
export const deriveEtherType: Derivation = {
  kind: 'type',
  value(scene, index) {
    const next = scene.layers[follower(scene, index)]?.protocol;
    // Both forms of ARP share one EtherType; the reader tells them apart.
    return next && keyOf(scene.bindings, 'ethertype', next === arpOther ? arp : next);
  },
};

/** Builders write a length where LLC follows, else the EtherType of what follows. */
export const deriveLengthOrType: Derivation = {
  kind: 'type',
  value(scene, index) {
    const next = scene.layers[follower(scene, index)];
    return next?.protocol === llc ? next.bodyEnd - next.at : deriveEtherType.value(scene, index);
  },
};
