// ICMP errors about packets of ours, of both versions (RFC 792, RFC 4443 3): what went wrong, and what is quoted.

import { ICMP, ICMPUnreachable, ICMPv6TooBig, IPv4, IPv6 } from '../../protocols/index.js';
import { mapped } from './address.js';
import { PROTOCOL } from './ip-packet.js';

/** What an error comes to, whichever version it is of. */
export type IcmpKind =
  | 'too big'
  | 'net unreachable'
  | 'host unreachable'
  | 'port unreachable'
  | 'protocol unreachable'
  | 'prohibited'
  | 'time exceeded'
  | 'parameter problem'
  | 'source quench';

/** One object that is filled again for each error. */
export class IcmpError {
  kind: IcmpKind = 'host unreachable';
  /** The MTU that was named; 0 when none was. */
  mtu = 0;
  /** Of the packet that is quoted: ours first. */
  readonly source = new Uint8Array(16);
  readonly target = new Uint8Array(16);
  protocol = 0;
  bytes: Uint8Array = new Uint8Array(0);
  /** The quoted transport header, as far as it is there: eight bytes at least. */
  at = 0;
  end = 0;
}

/** Destination unreachable by code (RFC 792, RFC 1122 3.2.2.1; RFC 4443 3.1). */
const unreachable4: Readonly<Record<number, IcmpKind>> = {
  0: 'net unreachable',
  1: 'host unreachable',
  2: 'protocol unreachable',
  3: 'port unreachable',
  4: 'too big',
  6: 'net unreachable',
  7: 'host unreachable',
  9: 'prohibited',
  10: 'prohibited',
  13: 'prohibited',
};
const unreachable6: Readonly<Record<number, IcmpKind>> = {
  0: 'net unreachable',
  1: 'prohibited',
  3: 'host unreachable',
  4: 'port unreachable',
  5: 'prohibited',
  6: 'prohibited',
};

function kindOf(version6: boolean, type: number, code: number): IcmpKind | undefined {
  if (version6) {
    if (type === 1) return unreachable6[code];
    if (type === 2) return 'too big';
    if (type === 3) return 'time exceeded';
    if (type === 4) return code === 1 ? 'protocol unreachable' : 'parameter problem';
    return undefined;
  }
  if (type === 3) return unreachable4[code];
  if (type === 4) return 'source quench';
  if (type === 11) return 'time exceeded';
  return type === 12 ? 'parameter problem' : undefined;
}

/** ICMP's head and the word behind it, which all errors have. */
const ERROR_BYTES = 8;
/** What is quoted of the transport at least (RFC 792). */
const QUOTED = 8;
const WORD = 4;

/** Reads a message whose checksum is right; false when it is no error, or quotes too little. */
export function readIcmpError(
  into: IcmpError,
  protocol: number,
  b: Uint8Array,
  at: number,
  end: number,
): boolean {
  const version6 = protocol === PROTOCOL.icmpv6;
  const kind = kindOf(version6, ICMP.get.type(b, at), ICMP.get.code(b, at));
  const quoteAt = at + ERROR_BYTES;
  const size = version6 ? IPv6.size : IPv4.size;
  if (kind === undefined || end - quoteAt < size) return false;
  into.kind = kind;
  into.mtu = 0;
  into.bytes = b;
  into.end = end;
  if (version6) {
    if (IPv6.get.version(b, quoteAt) !== 6) return false;
    if (kind === 'too big') into.mtu = ICMPv6TooBig.get.mtu(b, at + ICMP.size);
    into.protocol = IPv6.get.nextHeader(b, quoteAt);
    into.at = quoteAt + IPv6.size;
    into.source.set(b.subarray(quoteAt + IPv6.at.src, quoteAt + IPv6.at.dst));
    into.target.set(b.subarray(quoteAt + IPv6.at.dst, quoteAt + IPv6.size));
  } else {
    if (IPv4.get.version(b, quoteAt) !== 4 || IPv4.get.fragmentOffset(b, quoteAt) !== 0)
      return false;
    if (kind === 'too big') into.mtu = ICMPUnreachable.get.nextHopMtu(b, at + ICMP.size);
    into.protocol = IPv4.get.protocol(b, quoteAt);
    into.at = quoteAt + IPv4.get.ihl(b, quoteAt) * WORD;
    mapped(b, quoteAt + IPv4.at.src, into.source);
    mapped(b, quoteAt + IPv4.at.dst, into.target);
  }
  return into.at + QUOTED <= end;
}
