// What a router itself says of packets that it does not pass on: ICMP errors (RFC 792, RFC 1812 4.3, RFC 4443). These are
// rare, so that they are built from typed parts.

import {
  build,
  eth,
  ICMPv6,
  IPv4,
  IPv6,
  icmp,
  icmpTimeExceeded,
  icmpUnreachable,
  icmpv6,
  icmpv6TimeExceeded,
  icmpv6TooBig,
  icmpv6Unreachable,
  ipv4,
  ipv6,
  type LayerInput,
} from '../../protocols/index.js';

/** What a router tells the sender of a packet that it does not pass on. */
export type Refusal = 'time exceeded' | 'no route' | 'host unreachable' | 'too big';

const ERROR_BYTES = 8;
/** Longest packet with an error: RFC 1812 4.3.2.3; the least MTU of IPv6 (RFC 4443 2.4 c). */
const MOST_BYTES = { 4: 576, 6: 1280 } as const;
const PROTOCOL = { icmp: 1, icmpv6: 58 } as const;
/** ICMPv6 types from here on are no errors (RFC 4443 2.1). */
const FIRST_INFORMATION = 128;
/** ICMP's questions and answers, about which errors may be told (RFC 1122 3.2.2). */
const icmpInformation = new Set([0, 8, 9, 10, 13, 14, 15, 16, 17, 18]);

type Message = (mtu: number) => readonly LayerInput[];

const messages: Readonly<Record<Refusal, { readonly 4: Message; readonly 6: Message }>> = {
  'time exceeded': {
    4: () => [icmp({ code: 0 }), icmpTimeExceeded()],
    6: () => [icmpv6({ code: 0 }), icmpv6TimeExceeded()],
  },
  'no route': {
    4: () => [icmp({ code: 0 }), icmpUnreachable()],
    6: () => [icmpv6({ code: 0 }), icmpv6Unreachable()],
  },
  'host unreachable': {
    4: () => [icmp({ code: 1 }), icmpUnreachable()],
    6: () => [icmpv6({ code: 3 }), icmpv6Unreachable()],
  },
  'too big': {
    4: (mtu) => [icmp({ code: 4 }), icmpUnreachable({ nextHopMtu: mtu })],
    6: (mtu) => [icmpv6({ code: 0 }), icmpv6TooBig({ mtu })],
  },
};

/** Errors are never told about errors, nor about fragments behind the first (RFC 1122 3.2.2, RFC 4443 2.4 e). */
export function mayComplain(b: Uint8Array, at: number, end: number, version: 4 | 6): boolean {
  if (version === 6) {
    if (IPv6.get.nextHeader(b, at) !== PROTOCOL.icmpv6) return true;
    const message = at + IPv6.size;
    return message < end && ICMPv6.get.type(b, message) >= FIRST_INFORMATION;
  }
  if (IPv4.get.fragmentOffset(b, at) !== 0) return false;
  if (IPv4.get.protocol(b, at) !== PROTOCOL.icmp) return true;
  const message = at + IPv4.get.ihl(b, at) * 4;
  return message < end && icmpInformation.has(ICMPv6.get.type(b, message));
}

/** A frame with an error about the packet from `at` to `end`, from the router's address `source` to its sender. */
export function errorFrame(
  why: Refusal,
  b: Uint8Array,
  at: number,
  end: number,
  version: 4 | 6,
  source: Uint8Array,
  mtu: number,
): Uint8Array {
  const head = version === 4 ? IPv4.size : IPv6.size;
  const quote = b.slice(at, Math.min(end, at + MOST_BYTES[version] - head - ERROR_BYTES));
  const link = eth({ src: new Uint8Array(6), dst: new Uint8Array(6) });
  const message = messages[why][version](mtu);
  if (version === 4) {
    const ip = ipv4({ src: numberOf(source), dst: IPv4.get.src(b, at) });
    return build([link, ip, ...message, quote]).bytes;
  }
  const target = b.slice(at + IPv6.at.src, at + IPv6.at.dst);
  return build([link, ipv6({ src: source, dst: target }), ...message, quote]).bytes;
}

const numberOf = (ip: Uint8Array): number => ip.reduce((value, byte) => value * 256 + byte, 0);
