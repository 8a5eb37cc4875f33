// The pseudo header of UDP, TCP and ICMPv6 checksums: addresses, length and protocol of the IP packet outside
// (RFC 768, RFC 9293 3.1, RFC 8200 8.1). It works on the layers of a scene and relies on the field names that
// both IP versions share (src, dst, mf, fragmentOffset); lengths beyond the bytes make a sum unknowable.

import { partsOf } from '../core/bind.js';
import { pseudoSumIpv4, pseudoSumIpv6 } from '../core/checksum/index.js';
import { type Layer, outer } from '../core/layer.js';
import type { Scene } from '../core/protocol.js';

/**
 * The ones' complement sum (16 bits, not complemented) of the pseudo header of layer `index`, which carries
 * `protocolNumber` and has `length` bytes. Undefined where the frame does not tell: no IP layer outside,
 * a fragment, or a packet of which only a part is there (quoted in an ICMP error, cut by the capture).
 */
export function pseudoHeaderSum(
  scene: Scene,
  index: number,
  protocolNumber: number,
  length: number,
): number | undefined {
  const ip = ipOutside(scene, index);
  if (ip < 0 || isCut(scene.layers[ip]!)) return undefined;
  return sumWith(scene, ip, index, protocolNumber, length);
}

/** The same over what is there, for the builder: a wrong IP length given on purpose does not stop it. */
export function pseudoHeaderSumOfBytes(
  scene: Scene,
  index: number,
  protocolNumber: number,
  length: number,
): number | undefined {
  const ip = ipOutside(scene, index);
  return ip < 0 ? undefined : sumWith(scene, ip, index, protocolNumber, length);
}

const ipOutside = ({ layers }: Scene, index: number): number =>
  outer(layers, index, 'ipv4', 'ipv6');

/** Does the packet say that it is longer than what is there? */
export function isCut(ip: Layer): boolean {
  const there = ip.bodyEnd - ip.at;
  if (ip.key === 'ipv4') return ip.number('totalLength') > there;
  return ip.number('payloadLength') > there - ip.protocol.header.size;
}

function sumWith(
  scene: Scene,
  ip: number,
  index: number,
  protocolNumber: number,
  length: number,
): number | undefined {
  const { layers } = scene;
  const { bytes, at, key, protocol } = layers[ip]!;
  const { src, dst } = protocol.header.offset;
  let sourceAt = at + src!;
  let targetAt = at + dst!;
  for (let i = ip; i < index; i++) {
    const layer = layers[i]!;
    if (isFragment(layer)) return undefined;
    targetAt = finalDestinationAt(scene, i) ?? targetAt;
    // RFC 6275 11.3.1: a mobile node counts with its home address.
    if (layer.key === 'ipv6-home-address') sourceAt = addressAt(layer, 'homeAddress');
  }
  if (key === 'ipv6') return pseudoSumIpv6(bytes, sourceAt, targetAt, protocolNumber, length);
  if (targetAt === at + dst!) return pseudoSumIpv4(bytes, sourceAt, protocolNumber, length);
  const addresses = new Uint8Array(ADDRESSES_SIZE); // both of IPv4, one behind the other
  addresses.set(bytes.subarray(sourceAt, at + dst!));
  addresses.set(bytes.subarray(targetAt, targetAt + ADDRESSES_SIZE / 2), ADDRESSES_SIZE / 2);
  return pseudoSumIpv4(addresses, 0, protocolNumber, length);
}

/** IPv4 itself or an IPv6 fragment header; one that is first and last at once (RFC 6946) is whole. */
function isFragment(layer: Layer): boolean {
  const { header } = layer.protocol;
  if (!header.span('fragmentOffset') || !header.span('mf')) return false;
  return layer.number('fragmentOffset') !== 0 || layer.number('mf') !== 0;
}

const ADDRESSES_SIZE = 8;

/** Routes count with the final destination, as long as it is not reached. */
const SEGMENT_ROUTING = 4;

function finalDestinationAt(scene: Scene, index: number): number | undefined {
  const layer = scene.layers[index]!;
  const final = layer.key === 'ipv4' ? lastOfRoute(scene, index) : lastSegment(scene, index);
  return final && addressAt(final, 'address');
}

/** A routing header's last node (RFC 8200 4.4). */
function lastSegment(scene: Scene, index: number): Layer | undefined {
  const layer = scene.layers[index]!;
  const { header } = layer.protocol;
  if (!header.span('segmentsLeft') || layer.number('segmentsLeft') === 0) return undefined;
  const addresses = partsOf(scene, index).filter((part) => part.protocol.header.span('address'));
  // RFC 8754 2: the first segment of the list is the last to visit; RFC 8200 4.4 and RFC 6275 6.4: the last is.
  const isReversed = layer.number('routingType') === SEGMENT_ROUTING;
  return isReversed ? addresses[0] : addresses.at(-1);
}

/** The last address of a source route of IPv4 whose pointer has not passed it (RFC 791 3.1). */
function lastOfRoute(scene: Scene, index: number): Layer | undefined {
  const parts = partsOf(scene, index);
  const option = parts.findIndex(({ key }) => key === 'ipv4-lsrr' || key === 'ipv4-ssrr');
  const route = parts[option];
  if (!route || route.number('pointer') > route.number('length')) return undefined;
  let last = option;
  while (parts[last + 1]?.key === 'ipv4-route') last++;
  return last === option ? undefined : parts[last];
}

const addressAt = (layer: Layer, field: string): number =>
  layer.at + layer.protocol.header.offset[field]!;
