// Addresses of a host. Every IP address is sixteen bytes here, IPv4 as ::ffff:a.b.c.d (RFC 4291 2.5.5.2), as RDMA's
// GIDs are, so that one neighbour table and one route serve both.

import { formatHex, formatIpv6, parseIpv4, parseIpv6 } from '../../protocols/index.js';

/** An address and how many of its 128 bits are the subnet's. */
export interface HostAddress {
  readonly ip: Uint8Array;
  readonly prefix: number;
}

const MAPPED = parseIpv6('::ffff:0.0.0.0');
const MAPPED_BITS = 96;
const IP_SIZE = 16;
/** Where the IPv4 address lies in a mapped one. */
export const MAPPED_AT = 12;
const LINK_LOCAL = parseIpv6('fe80::');
const LINK_LOCAL_BITS = 10;
const SOLICITED = parseIpv6('ff02::1:ff00:0');
const SOLICITED_BITS = 104;
const LOOPBACK4 = parseIpv6('::ffff:127.0.0.0');
const LOOPBACK6 = parseIpv6('::1');
const MULTICAST6 = parseIpv6('ff00::');
const MULTICAST4 = parseIpv6('::ffff:224.0.0.0');
export const ALL_NODES = parseIpv6('ff02::1');
export const UNSPECIFIED = new Uint8Array(IP_SIZE);
export const BROADCAST_MAC = Uint8Array.of(255, 255, 255, 255, 255, 255);

export function sameBytes(a: Uint8Array, b: Uint8Array, at = 0): boolean {
  // From the end: addresses of one kind begin alike.
  for (let i = a.length - 1; i >= 0; i--) if (a[i] !== b[at + i]) return false;
  return true;
}

// hot
export function isOneOf(list: readonly Uint8Array[], ip: Uint8Array): boolean {
  for (let i = 0; i < list.length; i++) if (sameBytes(list[i]!, ip)) return true;
  return false;
}

/** Whether the first `bits` bits are equal. */
export function samePrefix(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  const whole = Math.floor(bits / 8);
  for (let i = 0; i < whole; i++) if (a[i] !== b[i]) return false;
  const unit = 2 ** (8 - (bits % 8));
  return bits % 8 === 0 || Math.floor(a[whole]! / unit) === Math.floor(b[whole]! / unit);
}

export const isMapped = (ip: Uint8Array): boolean => samePrefix(ip, MAPPED, MAPPED_BITS);
export const isLinkLocal = (ip: Uint8Array): boolean => samePrefix(ip, LINK_LOCAL, LINK_LOCAL_BITS);
/** 127.0.0.0/8 and ::1 (RFC 1122 3.2.1.3, RFC 4291 2.5.3). */
export const isLoopback = (ip: Uint8Array): boolean =>
  samePrefix(ip, LOOPBACK4, MAPPED_BITS + 8) || samePrefix(ip, LOOPBACK6, 8 * IP_SIZE);
export const isMulticast = (ip: Uint8Array): boolean =>
  samePrefix(ip, MULTICAST6, 8) || samePrefix(ip, MULTICAST4, MAPPED_BITS + 4);

/** Sixteen bytes for the IPv4 address at `at`. */
export function mapped(b: Uint8Array, at: number, into = new Uint8Array(IP_SIZE)): Uint8Array {
  into.set(MAPPED);
  for (let i = 0; i < 4; i++) into[MAPPED_AT + i] = b[at + i]!;
  return into;
}

/** Reads '10.0.0.1' or 'fd00::1'. @throws RangeError */
export function parseIp(text: string): Uint8Array {
  if (text.includes(':')) return parseIpv6(text);
  parseIpv4(text); // its message names the text as it was given
  return parseIpv6(`::ffff:${text}`);
}

/** Reads '10.0.0.1/24' or 'fd00::1/64'. @throws RangeError that says what was expected */
export function parseHostAddress(text: string): HostAddress {
  const match = /^([^/]+)\/(\d+)$/.exec(text);
  if (!match) throw new RangeError(`'${text}' is no address with a prefix such as 10.0.0.1/24`);
  const ip = parseIp(match[1]!);
  const bits = isMapped(ip) ? 32 : 128;
  const prefix = Number(match[2]);
  if (prefix > bits) throw new RangeError(`'${text}': a prefix has at most ${bits} bits here`);
  if (isMulticast(ip) || sameBytes(UNSPECIFIED, ip)) {
    throw new RangeError(`'${text}' is no address that a host can have`);
  }
  return { ip, prefix: 128 - bits + prefix };
}

/** As people write it. */
export const formatIp = (ip: Uint8Array): string => formatIpv6(ip).replace(/^::ffff:(?=.*\.)/, '');

/** What tables are indexed by. */
export const keyOf = (ip: Uint8Array): string => formatHex(ip);

/** fe80:: and the modified EUI-64 of the Ethernet address (RFC 4291 2.5.6 and appendix A). */
export function linkLocalOf(mac: Uint8Array): Uint8Array {
  const ip = LINK_LOCAL.slice();
  ip.set([mac[0]! ^ 2, mac[1]!, mac[2]!, 0xff, 0xfe, mac[3]!, mac[4]!, mac[5]!], 8);
  return ip;
}

/** The group on which a host hears solicitations for its address (RFC 4291 2.7.1). */
export function solicitedNodeOf(ip: Uint8Array): Uint8Array {
  const group = SOLICITED.slice();
  group.set(ip.subarray(SOLICITED_BITS / 8), SOLICITED_BITS / 8);
  return group;
}

/** Ethernet group of a multicast address: RFC 2464 7 for IPv6, RFC 1112 6.4 for IPv4 (its low 23 bits). */
export function multicastMacOf(ip: Uint8Array): Uint8Array {
  const [a, b, c, d] = ip.subarray(MAPPED_AT) as unknown as [number, number, number, number];
  if (isMapped(ip)) return Uint8Array.of(0x01, 0x00, 0x5e, b % 128, c, d);
  return Uint8Array.of(0x33, 0x33, a, b, c, d);
}

/** The last address of an IPv4 subnet, which reaches all of it (RFC 919). */
export function broadcastOf({ ip, prefix }: HostAddress): Uint8Array {
  const all = ip.slice();
  for (let i = MAPPED_AT; i < IP_SIZE; i++) {
    const bits = Math.min(8, Math.max(0, prefix - i * 8));
    const unit = 2 ** (8 - bits);
    all[i] = Math.floor(ip[i]! / unit) * unit + unit - 1;
  }
  return all;
}
