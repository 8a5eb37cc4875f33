// The pseudo header of UDP, TCP and ICMPv6 checksums: addresses, length and protocol of the IP packet outside
// (RFC 768, RFC 9293 3.1, RFC 8200 8.1). It works on the layers of a scene and relies on the field names that
// both IP versions share (src, dst, mf, fragmentOffset); lengths beyond the bytes make a sum unknowable.

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
  { layers }: Scene,
  ip: number,
  index: number,
  protocolNumber: number,
  length: number,
): number | undefined {
  const { bytes, at, key, protocol } = layers[ip]!;
  const { src, dst } = protocol.header.offset;
  let targetAt = at + dst!;
  for (let i = ip; i < index; i++) {
    const layer = layers[i]!;
    if (isFragment(layer)) return undefined;
    targetAt = finalDestinationAt(layer) ?? targetAt;
  }
  const sourceAt = at + src!;
  return key === 'ipv4'
    ? pseudoSumIpv4(bytes, sourceAt, protocolNumber, length)
    : pseudoSumIpv6(bytes, sourceAt, targetAt, protocolNumber, length);
}

/** IPv4 itself or an IPv6 fragment header; one that is first and last at once (RFC 6946) is whole. */
function isFragment(layer: Layer): boolean {
  const { header } = layer.protocol;
  if (!header.span('fragmentOffset') || !header.span('mf')) return false;
  return layer.number('fragmentOffset') !== 0 || layer.number('mf') !== 0;
}

/** Routing headers (RFC 8200 4.4) count with the final destination, as long as it is not reached. */
const SEGMENT_ROUTING = 4;
const ADDRESS_SIZE = 16;

function finalDestinationAt(layer: Layer): number | undefined {
  const { header } = layer.protocol;
  if (!header.span('segmentsLeft') || layer.number('segmentsLeft') === 0) return undefined;
  if (!header.tail || !header.span('routingType')) return undefined;
  const [from, to] = layer.range(header.tail);
  if (to - from < ADDRESS_SIZE) return undefined;
  // RFC 8754 2: Segment List[0] is the last segment; RFC 8200 4.4 and RFC 6275 6.4: the last address is.
  return layer.number('routingType') === SEGMENT_ROUTING ? from : to - ADDRESS_SIZE;
}
