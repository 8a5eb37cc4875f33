// The invariant CRC (IBA 7.8.1; A16.5.1 for RoCE v1, A17.3.3 for RoCE v2): CRC-32 over everything from the
// outermost InfiniBand or IP header to the pad, with every field that may change on the way counted as ones.
// The masks are made from the declared fields. A RoCE packet has no LRH: eight bytes FFh stand for it.

import { byteSwap32 } from '../core/byte-order.js';
import { crc32, crc32Masked, crc32OfAbsentLrh } from '../core/checksum/index.js';
import type { AnyHeader, FieldValue } from '../core/index.js';
import type { Scene } from '../core/protocol.js';
import { IPv4 } from '../ip/ipv4.js';
import { IPv6 } from '../ip/ipv6.js';
import { UDP } from '../udp/udp.js';
import { BTH } from './base-transport.js';
import { GRH, LRH } from './link-header.js';

/** Headers that an ICRC begins with. */
export interface IcrcCover {
  /** Bytes up to the end of BTH. */
  readonly size: number;
  /** Their bits that count as ones. */
  readonly ones: Uint8Array;
  /** CRC of what stands before them. */
  readonly seed: number;
  /** Where those bits are: bytes from the beginning. */
  readonly places: Uint8Array;
}

/** The bytes of `header` with all bits of those fields set. */
function onesOf(header: Pick<AnyHeader, 'spans' | 'encode'>, ...fields: string[]): Uint8Array {
  const ones = (bits: number): FieldValue =>
    bits > 48 ? (1n << BigInt(bits)) - 1n : 2 ** bits - 1;
  const masked = header.spans.filter((span) => fields.includes(span.name));
  if (masked.length !== fields.length) throw new RangeError(`no such fields: ${fields}`);
  return header.encode(Object.fromEntries(masked.map((s) => [s.name, ones(s.bits)])));
}

function cover(seed: number, ...parts: Uint8Array[]): IcrcCover {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const ones = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    ones.set(part, at);
    at += part.length;
  }
  const places = Uint8Array.from([...ones.keys()].filter((i) => ones[i] !== 0));
  return { size, ones, seed, places };
}

const bthOnes = onesOf(BTH, 'fecn', 'becn', 'reserved');
const udpOnes = onesOf(UDP, 'checksum');
const ipv4Ones = onesOf(IPv4, 'dscp', 'ecn', 'ttl', 'headerChecksum');
const ipv6Ones = onesOf(IPv6, 'dscp', 'ecn', 'flowLabel', 'hopLimit');
const grhOnes = onesOf(GRH, 'tClass', 'flowLabel', 'hopLmt');
const lrhOnes = onesOf(LRH, 'vl');

/** Between the address header and UDP or BTH: IPv4 options, IPv6 extension headers; covered as they are. */
const between = (size: number): Uint8Array => new Uint8Array(size);

const IPV4 = 4;

const v4 = cover(crc32OfAbsentLrh, ipv4Ones, udpOnes, bthOnes);
const v6 = cover(crc32OfAbsentLrh, ipv6Ones, udpOnes, bthOnes);
/** Behind a GRH: RoCE v1, and InfiniBand's global packets, whose whole LRH counts as ones (IBA 7.8.1). */
export const globalCover = cover(crc32OfAbsentLrh, grhOnes, bthOnes);
/** InfiniBand's local packets. */
export const localCover = cover(0, lrhOnes, bthOnes);

/**
 * What the ICRC of a RoCE v2 packet begins with.
 * @param ipAt, bthAt first bytes of the IP header and of BTH
 * @param isIpv4 which IP header that is; its version says so unless given (a version may be wrong on purpose)
 */
// hot
export function roceV2Cover(
  b: Uint8Array,
  ipAt: number,
  bthAt: number,
  isIpv4 = IPv4.get.version(b, ipAt) === IPV4,
): IcrcCover {
  const plain = isIpv4 ? v4 : v6;
  const extra = bthAt + BTH.size - ipAt - plain.size;
  if (extra === 0) return plain;
  const address = plain === v4 ? ipv4Ones : ipv6Ones;
  return cover(plain.seed, address, between(extra), udpOnes, bthOnes);
}

/**
 * CRC of a packet, as a CRC-32 (its bytes on the wire: least significant first).
 * @param from where `c` begins: the IP header, the GRH or the LRH
 * @param end first byte behind the pad, where the ICRC lies
 */
// hot
export function icrcWith(c: IcrcCover, b: Uint8Array, from: number, end: number): number {
  return crc32(b, from + c.size, end, crc32Masked(b, from, from + c.size, c.ones, c.seed));
}

/** What stood in the places that count as ones: no cover has more of them. */
const kept = new Uint8Array(64);

/**
 * The same where the bytes may be changed for a moment: the bits are set, everything is one run, and they are put back.
 * It costs less than half of a masked run over the headers.
 */
// hot
export function icrcInPlace(c: IcrcCover, b: Uint8Array, from: number, end: number): number {
  const { places, ones } = c;
  if (places.length > kept.length) return icrcWith(c, b, from, end);
  for (let i = 0; i < places.length; i++) {
    const place = places[i]!;
    kept[i] = b[from + place]!;
    b[from + place] = kept[i]! | ones[place]!;
  }
  const crc = crc32(b, from, end, c.seed);
  for (let i = 0; i < places.length; i++) b[from + places[i]!] = kept[i]!;
  return crc;
}

/** The same of a RoCE v2 packet over IPv4 or IPv6. */
// hot
export const icrcRoceV2 = (b: Uint8Array, ipAt: number, bthAt: number, end: number): number =>
  icrcWith(roceV2Cover(b, ipAt, bthAt), b, ipAt, end);

/** The covers of packets without anything between their headers: RoCE v2 over IPv4 and IPv6, behind a GRH, local. */
export const icrcCovers: readonly IcrcCover[] = [v4, v6, globalCover, localCover];

/** ICRC.icrc of the trailer in layer `index`; undefined where the packet stands in nothing that defines one. */
// hot
export function icrcOf(scene: Pick<Scene, 'bytes' | 'layers'>, index: number): number | undefined {
  const { layers, bytes } = scene;
  const trailer = layers[index]!;
  const { owner } = trailer;
  const packet = layers[owner];
  if (packet?.key !== 'bth') return undefined;
  for (let i = owner - 1; i >= 0; i--) {
    const { key, at } = layers[i]!;
    switch (key) {
      case 'ipv4':
      case 'ipv6':
        if (layers[owner - 1]!.key !== 'udp') return undefined;
        return byteSwap32(
          icrcWith(roceV2Cover(bytes, at, packet.at, key === 'ipv4'), bytes, at, trailer.at),
        );
      case 'grh':
        return byteSwap32(icrcWith(globalCover, bytes, at, trailer.at));
      case 'lrh':
        return byteSwap32(icrcWith(localCover, bytes, at, trailer.at));
    }
  }
  return undefined;
}
