// Addresses as people write them. ip-num reads and prints IP addresses; it takes microseconds each, so what
// was printed is kept in a bounded table (a capture has few addresses).

import { collapseIPv6Number, IPv4, IPv6 } from 'ip-num';
import { HEX_BYTES } from './hex.js';
import { Printed } from './printed.js';

/** Printed addresses kept; the tables are emptied when full, so that hostile captures cannot grow them. */
const KEPT = 4096;
const printed4 = new Map<number, string>();
const printed6 = new Map<string, string>();

function kept<K>(table: Map<K, string>, key: K, print: () => string): string {
  const known = table.get(key);
  if (known !== undefined) return known;
  if (table.size >= KEPT) table.clear();
  const made = print();
  table.set(key, made);
  return made;
}

/** Dotted decimal of a 32-bit number. */
// hot
export function formatIpv4(address: number): string {
  return lately4.of(address);
}

/** In front of the table that never prints twice, those printed last, which are found faster. */
const lately4 = new Printed((address) => printIpv4(address));

// Tables find signed numbers of 32 bits faster than those above 2^31.
const printIpv4 = (address: number): string =>
  kept(printed4, address | 0, () => IPv4.fromNumber(BigInt(address)).toString());

/** RFC 5952 text of sixteen bytes. IPv4-mapped addresses (::ffff:a.b.c.d) keep their dots. */
// hot
export function formatIpv6(b: Uint8Array): string {
  return printed6.get(ipv6Key(b)) ?? printIpv6(b);
}

/** A character for each byte, in one step; a spread or hex would take ten times as long. */
const ipv6Key = (b: Uint8Array): string =>
  // biome-ignore format: one list
  String.fromCharCode(b[0]!, b[1]!, b[2]!, b[3]!, b[4]!, b[5]!, b[6]!, b[7]!,
    b[8]!, b[9]!, b[10]!, b[11]!, b[12]!, b[13]!, b[14]!, b[15]!);

function printIpv6(b: Uint8Array): string {
  const hex = formatHex(b);
  return kept(printed6, ipv6Key(b), () => {
    if (hex.startsWith('00000000000000000000ffff')) {
      return `::ffff:${IPv4.fromNumber(BigInt(`0x${hex.slice(24)}`)).toString()}`;
    }
    return collapseIPv6Number(IPv6.fromBigInt(BigInt(`0x${hex}`)).toString());
  });
}

/** @throws RangeError when `text` is no dotted decimal address */
export function parseIpv4(text: string): number {
  try {
    return Number(IPv4.fromString(text).value);
  } catch {
    throw new RangeError(`'${text}' is not an IPv4 address`);
  }
}

/** Reads an IPv6 address, one with a dotted IPv4 tail included. @throws RangeError when it is none */
export function parseIpv6(text: string): Uint8Array {
  if (text.includes('%')) throw new RangeError(`'${text}' has a zone, which no frame carries`);
  try {
    const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
    const tail = dotted ? parseIpv4(dotted[2]!).toString(16).padStart(8, '0') : '';
    const whole = dotted ? `${dotted[1]}${tail.slice(0, 4)}:${tail.slice(4)}` : text;
    return parseHex(IPv6.fromString(whole).value.toString(16).padStart(32, '0'));
  } catch {
    throw new RangeError(`'${text}' is not an IPv6 address`);
  }
}

/** Six bytes as 02:00:00:00:00:01. */
export const formatMac = (b: Uint8Array): string => formatHex(b, ':');

/** @throws RangeError when `text` is not six bytes in hex with colons or hyphens */
export function parseMac(text: string): Uint8Array {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) {
    throw new RangeError(`'${text}' is not an Ethernet address`);
  }
  return parseHex(text.replaceAll(/[:-]/g, ''));
}

/** Two digits a byte. */
export function formatHex(b: Uint8Array, separator = '', from = 0, to = b.length): string {
  let text = '';
  for (let i = from; i < to; i++)
    text += i > from ? separator + HEX_BYTES[b[i]!]! : HEX_BYTES[b[i]!]!;
  return text;
}

/** @throws RangeError when `text` is not whole bytes in hex */
export function parseHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(text)) {
    throw new RangeError(`'${text.slice(0, 40)}' is not whole bytes in hex`);
  }
  const b = new Uint8Array(text.length / 2);
  for (let i = 0; i < b.length; i++) b[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return b;
}
