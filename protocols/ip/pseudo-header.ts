// The pseudo header of UDP, TCP and ICMPv6 checksums: addresses, length and protocol of the IP packet outside
// (RFC 768, RFC 9293 3.1, RFC 8200 8.1). It works on the layers of a scene and relies on the field names that
// both IP versions share (src, dst, mf, fragmentOffset); lengths beyond the bytes make a sum unknowable.

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
  let target: Uint8Array | undefined;
  for (let i = ip; i < index; i++) {
    const layer = layers[i]!;
    if (isFragment(layer)) return undefined;
    target = finalDestination(layer) ?? target;
  }
  const addresses = layers[ip]!;
  const sum =
    sumOfBytes(addressOf(addresses, 'src')) +
    sumOfBytes(target ?? addressOf(addresses, 'dst')) +
    protocolNumber +
    (length >>> 16) +
    (length & 0xffff);
  return fold(sum);
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

function finalDestination(layer: Layer): Uint8Array | undefined {
  const { header } = layer.protocol;
  if (!header.span('segmentsLeft') || layer.number('segmentsLeft') === 0) return undefined;
  if (!header.tail || !header.span('routingType')) return undefined;
  const addresses = layer.get(header.tail.name) as Uint8Array;
  if (addresses.length < ADDRESS_SIZE) return undefined;
  // RFC 8754 2: Segment List[0] is the last segment; RFC 8200 4.4 and RFC 6275 6.4: the last address is.
  return layer.number('routingType') === SEGMENT_ROUTING
    ? addresses.subarray(0, ADDRESS_SIZE)
    : addresses.subarray(addresses.length - ADDRESS_SIZE);
}

/** The bytes of an address, which IPv4 declares as a number. */
function addressOf(ip: Layer, field: 'src' | 'dst'): Uint8Array {
  const [from, to] = ip.range(ip.protocol.header.span(field)!);
  return ip.bytes.subarray(from, to);
}

function sumOfBytes(b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i + 1 < b.length; i += 2) sum += b[i]! * 256 + b[i + 1]!;
  return sum;
}

function fold(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}
