// Addresses of routers and hosts as they stand in headers: four bytes or sixteen.

import { IPv4, IPv6, parseIpv4, parseIpv6 } from '../../protocols/index.js';
import { PrefixTable } from './prefix-table.js';

export const IPV4_BYTES = IPv4.size - IPv4.at.dst;
export const IPV6_BYTES = IPv6.size - IPv6.at.dst;

/** An address and how many of its bits are the subnet's. */
export interface Prefix {
  readonly ip: Uint8Array;
  readonly bits: number;
}

/** Reads '10.0.0.1' or 'fd00::1'. @throws RangeError */
export function parseAddress(text: string): Uint8Array {
  if (text.includes(':')) return parseIpv6(text);
  const value = parseIpv4(text);
  // Bytes take numbers modulo 256.
  return Uint8Array.of(value / 2 ** 24, value / 2 ** 16, value / 2 ** 8, value);
}

/** Reads '10.0.0.0/8' or 'fd00::/64'. @throws RangeError that says what was expected */
export function parsePrefix(text: string): Prefix {
  const match = /^([^/]+)\/(\d+)$/.exec(text);
  if (!match) throw new RangeError(`'${text}' is no prefix such as 10.0.0.0/24 or fd00::/64`);
  const ip = parseAddress(match[1]!);
  const bits = Number(match[2]);
  if (bits > 8 * ip.length)
    throw new RangeError(`'${text}': a prefix has at most ${8 * ip.length} bits here`);
  return { ip, bits };
}

/** Whether the address at `at` begins as the prefix does. */
export function inPrefix({ ip, bits }: Prefix, b: Uint8Array, at: number, size: number): boolean {
  if (size !== ip.length) return false;
  const whole = Math.floor(bits / 8);
  for (let i = 0; i < whole; i++) if (ip[i] !== b[at + i]) return false;
  if (whole === size) return true;
  const unit = 2 ** (8 - (bits % 8));
  return Math.floor(ip[whole]! / unit) === Math.floor(b[at + whole]! / unit);
}

export function sameAddress(ip: Uint8Array, b: Uint8Array, at: number): boolean {
  for (let i = 0; i < ip.length; i++) if (ip[i] !== b[at + i]) return false;
  return true;
}

export const versionOf = (ip: Uint8Array): 4 | 6 => (ip.length === IPV4_BYTES ? 4 : 6);

export const equalAddress = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && sameAddress(a, b, 0);

const LINK_LOCAL = [parsePrefix('169.254.0.0/16'), parsePrefix('fe80::/10')];
const GROUPS = [parsePrefix('224.0.0.0/4'), parsePrefix('ff00::/8')];
const NOWHERE = [parsePrefix('127.0.0.0/8'), parsePrefix('255.255.255.255/32')];

const local = new PrefixTable();
const local6 = new PrefixTable();
for (const { ip, bits } of [...LINK_LOCAL, ...GROUPS, ...NOWHERE])
  (ip.length === IPV4_BYTES ? local : local6).set(ip, bits, 0);

/** Packets from or to link-local addresses, and to groups, are not for routers (RFC 3927 7, RFC 4291 2.5.6). */
// hot
export const staysOnLink = (b: Uint8Array, at: number, version: 4 | 6): boolean =>
  version === 4
    ? local.find(b, at + IPv4.at.dst, IPV4_BYTES) >= 0 ||
      local.find(b, at + IPv4.at.src, IPV4_BYTES) >= 0
    : local6.find(b, at + IPv6.at.dst, IPV6_BYTES) >= 0 ||
      local6.find(b, at + IPv6.at.src, IPV6_BYTES) >= 0;
