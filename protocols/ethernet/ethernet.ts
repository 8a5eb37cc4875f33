// Ethernet frames (IEEE 802.3 3.1 and 3.2): two addresses, and a field that is an EtherType (Ethernet II) or a
// length (LLC follows). Behind what they carry stand padding and, where the context says so, the FCS.

import { formatMac } from '../core/address.js';
import { follower } from '../core/bind.js';
import { mac } from '../core/field.js';
import { header } from '../core/header.js';
import { padding } from '../core/payload.js';
import { type Derivation, protocol, type Report, type Scene } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import { IPv4 } from '../ip/ipv4.js';
import { endsInFcs, FCS, fcs } from './fcs.js';
import { groupAddresses, isGroupAddress } from './group-address.js';
import { deriveLengthOrType, lengthOrType, readLengthOrType } from './length-type.js';

export const Ethernet = header(
  'Ethernet',
  [
    mac('dst', 'destination address', { alias: 'eth.dst' }),
    mac('src', 'source address', { alias: 'eth.src' }),
    lengthOrType('eth.type'),
  ],
  { key: 'eth', title: 'Ethernet', section: 'IEEE 802.3 3.2' },
);

/** The shortest frame without its FCS, and what it carries then (IEEE 802.3 3.2.8, 4A.4.2). */
export const MIN_FRAME = 60;
const MIN_DATA = MIN_FRAME - Ethernet.size;

/** Frames to the link partner go to an address of their own; others must be told where. */
const destination: Derivation = {
  kind: 'type',
  value: (scene, index) => groupAddresses[scene.layers[follower(scene, index)]?.key ?? ''],
};

export const eth = protocol(Ethernet, {
  label: 'Ethernet',
  // hot
  read(walk) {
    const at = walk.take(eth);
    if (at < 0) return null;
    const type = Ethernet.get.type(walk.bytes, at);
    const known = walk.context.fcs;
    // A frame inside another one (a tunnel's) has no FCS of its own.
    if (known && walk.layers.length === 1 && (known === true || seemsToHaveFcs(walk, at, type))) {
      walk.trailer(fcs);
    }
    return readLengthOrType(walk, type);
  },
  derive: { dst: destination, type: deriveLengthOrType },
  // Both only where they are written down: captures are taken before padding and FCS as often as behind.
  trailers: [
    { protocol: padding, onRequest: true, size: (_owner, data) => Math.max(0, MIN_DATA - data) },
    { protocol: fcs, onRequest: true, size: () => FCS.size },
  ],
  verify,
  addresses: (layer) => [
    formatMac(layer.get('src') as Uint8Array),
    formatMac(layer.get('dst') as Uint8Array),
  ],
});

/** Bytes behind what the frame carries that are its CRC. Where IPv4 leaves too few, none need be computed. */
function seemsToHaveFcs(walk: Walk, at: number, type: number): boolean {
  const { bytes, boundary } = walk;
  const data = at + Ethernet.size;
  if (type === 0x0800 && boundary - data >= IPv4.size) {
    if (data + IPv4.get.totalLength(bytes, data) + FCS.size > boundary) return false;
  }
  return endsInFcs(bytes, at, boundary);
}

function verify(scene: Scene, index: number, report: Report): void {
  const layer = scene.layers[index]!;
  const source = layer.get('src') as Uint8Array;
  if (isGroupAddress(source)) report('src', 'the source address is a group address');
  const trailer = scene.layers.find((l) => l.owner === index && l.protocol === fcs);
  if (trailer && trailer.at - layer.at < MIN_FRAME) {
    const size = trailer.end - layer.at;
    report('', `the frame has ${size} bytes with its FCS, the least is ${MIN_FRAME + FCS.size}`);
  }
}
