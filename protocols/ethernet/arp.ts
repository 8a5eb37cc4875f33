// ARP (RFC 826, RFC 5227). Nearly all of it maps IPv4 to Ethernet, which has a layer with an address a field;
// other sizes of addresses are kept as the bytes that they are.

import { formatIpv4, formatMac } from '../core/address.js';
import { ipv4Address, mac, rest, uint } from '../core/field.js';
import { header } from '../core/header.js';
import type { Layer } from '../core/layer.js';
import { type Derivation, protocol } from '../core/protocol.js';
import { etherTypes } from './ether-type.js';

/** IANA's ARP parameters. */
const hardwareTypes = { 1: 'ETHERNET', 6: 'IEEE_802', 24: 'IEEE_1394', 32: 'INFINIBAND' } as const;
const opcodes = {
  1: 'REQUEST',
  2: 'REPLY',
  3: 'REVERSE_REQUEST',
  4: 'REVERSE_REPLY',
  8: 'INVERSE_REQUEST',
  9: 'INVERSE_REPLY',
} as const;

const start = [
  uint(16, 'hardwareType', 'kind of the link', { names: hardwareTypes, alias: 'arp.hw.type' }),
  uint(16, 'protocolType', 'EtherType of the addresses to be resolved', {
    names: etherTypes,
    format: 'hex',
    alias: 'arp.proto.type',
  }),
  uint(8, 'hardwareSize', 'of a link address', { unit: 'bytes', alias: 'arp.hw.size' }),
  uint(8, 'protocolSize', 'of a protocol address', { unit: 'bytes', alias: 'arp.proto.size' }),
  uint(16, 'opcode', 'request or reply', { names: opcodes, alias: 'arp.opcode' }),
] as const;

export const ARP = header(
  'ARP',
  [
    ...start,
    mac('senderMac', "sender's Ethernet address", { alias: 'arp.src.hw_mac' }),
    ipv4Address('senderIp', "sender's IPv4 address", { alias: 'arp.src.proto_ipv4' }),
    mac('targetMac', "target's Ethernet address; zero where it is asked for", {
      alias: 'arp.dst.hw_mac',
    }),
    ipv4Address('targetIp', "target's IPv4 address", { alias: 'arp.dst.proto_ipv4' }),
  ],
  { title: 'Address Resolution Protocol', section: 'RFC 826' },
);

export const ARPOther = header(
  'ARPOther',
  [...start, rest('addresses', 'of sender and target, link before protocol address')],
  {
    key: 'arp-other',
    family: 'arp',
    title: 'Address Resolution Protocol, other addresses than IPv4 on Ethernet',
    section: 'RFC 826',
  },
);

const ETHERNET = 1;
const IEEE_802 = 6;
const IPV4 = 0x0800;
const MAC_SIZE = 6;
const IPV4_SIZE = 4;
/** Opcode of a request when nobody gives another. */
const REQUEST = 1;

const always = (value: number, kind: Derivation['kind'] = 'type'): Derivation => ({
  kind,
  value: () => value,
});

export const arp = protocol(ARP, {
  read(walk) {
    const { bytes, at } = walk;
    const { get } = ARPOther;
    if (walk.left >= ARPOther.size) {
      const sizes =
        get.hardwareSize(bytes, at) === MAC_SIZE && get.protocolSize(bytes, at) === IPV4_SIZE;
      const link = get.hardwareType(bytes, at);
      const known =
        (link === ETHERNET || link === IEEE_802) && get.protocolType(bytes, at) === IPV4;
      if (!sizes || !known) return arpOther;
    }
    if (walk.take(arp) >= 0) walk.limit(walk.at, 'arp');
    return null;
  },
  derive: {
    hardwareType: always(ETHERNET),
    protocolType: always(IPV4),
    hardwareSize: always(MAC_SIZE, 'length'),
    protocolSize: always(IPV4_SIZE, 'length'),
    opcode: always(REQUEST),
  },
  info: describe,
});

export const arpOther = protocol(ARPOther, {
  label: 'ARP',
  read(walk) {
    const { bytes, at } = walk;
    const { get } = ARPOther;
    const short = walk.left < ARPOther.size;
    const pair = short ? 0 : get.hardwareSize(bytes, at) + get.protocolSize(bytes, at);
    if (walk.take(arpOther, ARPOther.size + 2 * pair) >= 0) walk.limit(walk.at, 'arp-other');
    return null;
  },
  info: (layer) => `opcode ${layer.number('opcode')}, other addresses than IPv4 on Ethernet`,
});

/** `Who has 10.0.0.1? Tell 10.0.0.2` and the like; announcements and probes as RFC 5227 calls them. */
function describe(layer: Layer): string {
  const sender = formatIpv4(layer.number('senderIp'));
  const target = formatIpv4(layer.number('targetIp'));
  const own = layer.number('senderIp') === layer.number('targetIp');
  switch (layer.number('opcode')) {
    case 1:
      if (own) return `ARP Announcement for ${target}`;
      if (layer.number('senderIp') === 0) return `Who has ${target}? (ARP Probe)`;
      return `Who has ${target}? Tell ${sender}`;
    case 2:
      if (own) return `Gratuitous ARP for ${target} (Reply)`;
      return `${sender} is at ${formatMac(layer.get('senderMac') as Uint8Array)}`;
    default:
      return `opcode ${layer.number('opcode')}`;
  }
}
