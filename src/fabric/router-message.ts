// What a router itself says: ICMP errors about packets that it does not pass on (RFC 792, RFC 1812 4.3, RFC 4443), its
// link address to those who ask, and questions for theirs. These are rare, so that they are built from typed parts.

import {
  ARP,
  arp,
  build,
  Ethernet,
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
  NDNeighbourSolicitation,
  ndNeighbourAdvertisement,
  ndNeighbourSolicitation,
  ndSourceLinkLayerAddress,
  ndTargetLinkLayerAddress,
} from '../../protocols/index.js';
import { IPV4_BYTES } from './ip-address.js';

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

/** Who asks for a link address, and for whose. */
export interface Question {
  readonly kind: 'request' | 'answer';
  readonly ip: Uint8Array;
  readonly mac: Uint8Array;
  /** Whose address is asked for; in answers of no interest. */
  readonly target: Uint8Array;
}

const ARP_REPLY = 2;
const ND = { solicitation: 135, advertisement: 136 } as const;
/** Neighbour discovery's hop limit, which shows that no router was in between (RFC 4861 7.1). */
const FROM_THE_LINK = 255;
const NOBODY = new Uint8Array(16);

/** Reads an ARP frame at its ARP header. */
export function readArp(b: Uint8Array, at: number, end: number): Question | undefined {
  if (end - at < ARP.size || ARP.get.protocolSize(b, at) !== IPV4_BYTES) return undefined;
  const { senderMac, senderIp, targetMac, targetIp } = ARP.at;
  return {
    kind: ARP.get.opcode(b, at) === ARP_REPLY ? 'answer' : 'request',
    mac: b.slice(at + senderMac, at + senderIp),
    ip: b.slice(at + senderIp, at + targetMac),
    target: b.slice(at + targetIp, at + ARP.size),
  };
}

/** Reads a neighbour solicitation or advertisement in the IPv6 packet at `at`; others give undefined. */
export function readDiscovery(
  b: Uint8Array,
  frameAt: number,
  at: number,
  end: number,
): Question | undefined {
  const message = at + IPv6.size;
  const body = message + ICMPv6.size;
  if (IPv6.get.nextHeader(b, at) !== PROTOCOL.icmpv6 || IPv6.get.hopLimit(b, at) !== FROM_THE_LINK)
    return undefined;
  if (body + NDNeighbourSolicitation.size > end) return undefined;
  const type = ICMPv6.get.type(b, message);
  if (type !== ND.solicitation && type !== ND.advertisement) return undefined;
  const targetAt = body + NDNeighbourSolicitation.at.target;
  const target = b.slice(targetAt, targetAt + NOBODY.length);
  const asked = type === ND.solicitation;
  return {
    kind: asked ? 'request' : 'answer',
    ip: asked ? b.slice(at + IPv6.at.src, at + IPv6.at.dst) : target,
    // The frame's own source: what the options say is the same on a link without proxies.
    mac: b.slice(frameAt + Ethernet.at.src, frameAt + Ethernet.at.type),
    target,
  };
}

/** The answer of the router, whose link address is `mac`, to a question for its address. */
export function answerFrame({ ip, mac: asker, target }: Question, mac: Uint8Array): Uint8Array {
  const link = eth({ src: mac, dst: asker });
  if (target.length === IPV4_BYTES) {
    const senderIp = numberOf(target);
    const fields = { opcode: ARP_REPLY, senderMac: mac, senderIp, targetMac: asker };
    return build([link, arp({ ...fields, targetIp: numberOf(ip) })]).bytes;
  }
  return build([
    link,
    ipv6({ src: target, dst: ip, hopLimit: FROM_THE_LINK }),
    icmpv6(),
    ndNeighbourAdvertisement({ r: 1, s: 1, o: 1, target }),
    ndTargetLinkLayerAddress({ address: mac }),
  ]).bytes;
}

/** The question for the link address of `target`, from the router's address `ip` with the link address `mac`. */
export function questionFrame(target: Uint8Array, ip: Uint8Array, mac: Uint8Array): Uint8Array {
  if (target.length === IPV4_BYTES) {
    const asked = { senderMac: mac, senderIp: numberOf(ip), targetIp: numberOf(target) };
    return build([
      eth({ src: mac, dst: 'ff:ff:ff:ff:ff:ff' }),
      arp({ ...asked, targetMac: new Uint8Array(6) }),
    ]).bytes;
  }
  const group = solicitedNode(target);
  return build([
    eth({ src: mac, dst: Uint8Array.of(0x33, 0x33, ...group.subarray(-4)) }),
    ipv6({ src: ip, dst: group, hopLimit: FROM_THE_LINK }),
    icmpv6(),
    ndNeighbourSolicitation({ target }),
    ndSourceLinkLayerAddress({ address: mac }),
  ]).bytes;
}

/** ff02::1:ffXX:XXXX with the last three bytes of the address (RFC 4291 2.7.1). */
function solicitedNode(ip: Uint8Array): Uint8Array {
  const group = Uint8Array.of(0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0);
  group.set(ip.subarray(-3), group.length - 3);
  return group;
}
