// Golden frames of Ethernet, IP and TCP with their options.

import { protocolByKey } from '../../../protocols/index.js';
import { ETH, IPV4, IPV6, row, titleOf, UDP } from './built-common.js';
import { filled } from './pattern.js';
import type { Built } from './recipe.js';

const MAC = 'eth(dst=01:80:c2:00:00:01,src=52:54:00:00:00:01)';
export const ethernet: Built[] = [
  row(
    'eth-fcs',
    'Ethernet: an ARP frame filled up to 64 bytes, with its FCS',
    `${ETH}/arp(opcode=REQUEST,senderMac=52:54:00:00:00:01,senderIp=10.0.0.1,targetIp=10.0.0.2)/padding(data=${'00'.repeat(18)})/fcs`,
    { fcs: true },
  ),
  row(
    'vlan',
    'Ethernet: 802.1Q tag',
    `${ETH}/vlan(pcp=3,vid=100)/${IPV4}/udp(srcPort=5,dstPort=7)/"hello"`,
  ),
  row(
    'qinq',
    'Ethernet: two tags (QinQ)',
    `${ETH}/svlan(pcp=5,dei=1,vid=200)/vlan(pcp=3,vid=100)/${IPV4}/udp(srcPort=5,dstPort=7)/"hello"`,
  ),
  row(
    'llc-snap',
    'Ethernet: 802.3 length frame with LLC and SNAP',
    `${ETH}/llc/llc-u(modifier1=0)/snap(oui=0)/${IPV4}/udp(srcPort=5,dstPort=7)/"hello"`,
  ),
  row(
    'llc-unnumbered',
    'Ethernet: LLC unnumbered frame (XID)',
    `${ETH}/llc(dsap=0x42,ssap=0x42)/llc-u/"x"`,
  ),
  row(
    'llc-supervisory',
    'Ethernet: LLC supervisory frame',
    `${ETH}/llc(dsap=0xf0,ssap=0xf0)/llc-s(function=0,nr=5,pf=1)`,
  ),
  row(
    'llc-information',
    'Ethernet: LLC information frame',
    `${ETH}/llc(dsap=0xf0,ssap=0xf0)/llc-i(ns=4,nr=5,pf=1)/"data"`,
  ),
  row('pause', 'Ethernet: PAUSE', `${MAC}/mac-control/pause(pauseTime=0xffff)`),
  row(
    'pfc',
    'Ethernet: priority PAUSE (PFC) of priority 3',
    `${MAC}/mac-control/pfc(e3=1,time3=0xffff)`,
  ),
  row(
    'arp-reply',
    'ARP: reply',
    `${ETH}/arp(opcode=REPLY,senderMac=52:54:00:00:00:01,senderIp=10.0.0.1,targetMac=52:54:00:00:00:02,targetIp=10.0.0.2)`,
  ),
  row(
    'arp-infiniband',
    'ARP: of hardware with addresses of 20 bytes (IPoIB)',
    `${ETH}/arp-other(hardwareType=32,protocolType=0x0800,hardwareSize=20,protocolSize=4,opcode=1,addresses=${'11'.repeat(20)}0a000001${'00'.repeat(20)}0a000002)`,
  ),
  row(
    'lldp',
    'LLDP: mandatory TLVs',
    'eth(dst=01:80:c2:00:00:0e,src=52:54:00:00:00:01)/lldp(type=1,value=04525400000001)/lldp(type=2,value=0765746830)/lldp(type=3,value=0078)/lldp(type=0)',
  ),
  row(
    'linux-sll',
    'Linux cooked capture: a packet that came in',
    `sll(src=52:54:00:00:00:01)/${IPV4}/udp(srcPort=5,dstPort=7)/"hello"`,
    { linkType: 113 },
  ),
  row(
    'linux-sll2',
    'Linux cooked capture, version 2: a packet that went out',
    `sll2(src=52:54:00:00:00:01,packetType=OUTGOING,interfaceIndex=3)/${IPV6}/udp(srcPort=5,dstPort=7)/"hello"`,
    { linkType: 276 },
  ),
  row(
    'bsd-null',
    'BSD loopback, little-endian host',
    `null/${IPV4}/udp(srcPort=5,dstPort=7)/"hello"`,
    { linkType: 0 },
  ),
  row(
    'bsd-loop',
    'BSD loopback, network byte order',
    `loop/${IPV4}/udp(srcPort=5,dstPort=7)/"hello"`,
    { linkType: 108 },
  ),
];

// Options.

const options = (space: string) =>
  [...protocolByKey.values()]
    .filter((p) => [p.partOf ?? []].flat().includes(space))
    .map((p) => p.key);
const particular: Readonly<Record<string, string>> = {
  'tcp-sack':
    'tcp-nop/tcp-nop/tcp-sack/tcp-sack-block(leftEdge=0x1000,rightEdge=0x2000)/tcp-sack-block(leftEdge=0x3000,rightEdge=0x4000)',
  'tcp-fastopen': 'tcp-fastopen(cookie=0102030405060708)/tcp-nop/tcp-nop',
  'tcp-fastopen-exp': 'tcp-fastopen-exp(cookie=01020304)',
  'tcp-accecn':
    'tcp-accecn/tcp-ee0b(ee0b=0x10203)/tcp-eceb(eceb=0x40506)/tcp-ee1b(ee1b=0x70809)/tcp-nop',
  'tcp-experiment': 'tcp-experiment(exId=0x1234,data=01020304)',
  'tcp-option': 'tcp-option(kind=77,data=0102)',
  'tcp-wscale': 'tcp-wscale(shiftCount=7)',
  'tcp-ao': `tcp-ao(keyId=1,rNextKeyId=2,mac=${'0a'.repeat(12)})`,
  'tcp-mptcp': 'tcp-mptcp(subtype=0,specific=1,data=81)',
  'tcp-eol': 'tcp-mss(mss=1460)/tcp-nop/tcp-eol(padding=0000)',
  'ipv4-eol': 'ipv4-nop/ipv4-eol(padding=0000)',
  'ipv4-rr': 'ipv4-rr/ipv4-route(address=10.0.0.9)/ipv4-route/ipv4-nop',
  'ipv4-lsrr': 'ipv4-lsrr/ipv4-route(address=10.0.0.9)/ipv4-nop',
  'ipv4-ssrr': 'ipv4-ssrr/ipv4-route(address=10.0.0.9)/ipv4-nop',
  'ipv4-ts': 'ipv4-ts(flag=0)/ipv4-stamp(timestamp=0x01020304)/ipv4-stamp',
  'ipv4-host-stamp': 'ipv4-ts(flag=1)/ipv4-host-stamp(address=10.0.0.9,timestamp=0x01020304)',
  'ipv4-ra': 'ipv4-ra(value=0)',
  'ipv4-security': `${filled('ipv4-security')}/ipv4-nop`,
  'ipv4-basic-security':
    'ipv4-basic-security(classificationLevel=0x3d,protectionAuthorityFlags=80)',
  'ipv4-option': 'ipv4-option(type=0x5e,data=0102)',
  'ipv6-padn': 'ipv6-padn(padding=00000000)',
  'ipv6-pad1': 'ipv6-pad1/ipv6-padn(padding=000000)',
  'ipv6-ra': 'ipv6-ra(value=0)/ipv6-padn',
  'ipv6-tunnel-limit': 'ipv6-tunnel-limit(limit=4)/ipv6-pad1/ipv6-padn',
  'ipv6-home-address': 'ipv6-padn/ipv6-home-address(homeAddress=fd00::9)/ipv6-padn',
  'ipv6-option': 'ipv6-option(type=0x1e,data=01020304)',
};
/** Options that a SYN only may carry. */
const inSyn = new Set([
  'tcp-mss',
  'tcp-wscale',
  'tcp-sack-permitted',
  'tcp-eol',
  'tcp-fastopen',
  'tcp-fastopen-exp',
]);
const partsOf = (key: string): string => particular[key] ?? filled(key);
/** Parts that stand inside other options only, and options that are cut off. */
const inner = new Set([
  'tcp-option-rest',
  'ipv4-option-rest',
  'ipv6-option-rest',
  'tcp-sack-block',
  'tcp-ee0b',
  'tcp-eceb',
  'tcp-ee1b',
  'ipv4-route',
  'ipv4-stamp',
]);
export const headerOptions: Built[] = [
  ...options('tcp')
    .filter((key) => !inner.has(key))
    .map((key) =>
      row(
        `tcp-option-${key.slice(4)}`,
        `TCP: ${titleOf(key)}`,
        `${ETH}/${IPV4}/tcp(srcPort=49152,dstPort=80,seq=1${inSyn.has(key) ? ',syn=1' : ',ack=2,ackFlag=1'},window=502)/${partsOf(key)}`,
      ),
    ),
  ...options('ipv4')
    .filter((key) => !inner.has(key))
    .map((key) =>
      row(
        `ipv4-option-${key.slice(5)}`,
        `IPv4: ${titleOf(key)}`,
        `${ETH}/${IPV4}/${partsOf(key)}/udp(srcPort=5,dstPort=7)/"hello"`,
      ),
    ),
  ...options('ipv6-dst')
    .filter((key) => key !== 'ipv6-jumbo' && !inner.has(key))
    .map((key) =>
      row(
        `ipv6-option-${key.slice(5)}`,
        `IPv6: ${titleOf(key)}`,
        `${ETH}/${IPV6}/ipv6-dst/${partsOf(key)}/udp(srcPort=5,dstPort=7)/"hello"`,
      ),
    ),
];
export const ip: Built[] = [
  row('udp', 'UDP over IPv4', `${UDP}/"hello"`),
  row('udp-ipv6', 'UDP over IPv6', `${ETH}/${IPV6}/udp(srcPort=5,dstPort=7)/"hello"`),
  row(
    'udp-no-checksum',
    'UDP over IPv4 without a checksum',
    `${ETH}/${IPV4}/udp(srcPort=5,dstPort=7,checksum=0)/"hello"`,
  ),
  row(
    'udp-padded',
    'UDP: a short frame filled up to 60 bytes',
    `${UDP}/"hi"/padding(data=${'00'.repeat(16)})`,
  ),
  row(
    'tcp-ipv6',
    'TCP over IPv6',
    `${ETH}/${IPV6}/tcp(srcPort=5,dstPort=80,seq=1,ack=2,ackFlag=1,psh=1,window=502)/"hello"`,
  ),
  row(
    'tcp-ecn',
    'TCP: SYN that asks for AccECN',
    `${ETH}/ipv4(src=10.0.0.1,dst=10.0.0.2,ttl=64,ecn=1)/tcp(srcPort=5,dstPort=80,seq=1,syn=1,ae=1,cwr=1,ece=1,window=502)`,
  ),
  row(
    'ipv4-first-fragment',
    'IPv4: the first fragment of a datagram',
    `${ETH}/ipv4(src=10.0.0.1,dst=10.0.0.2,ttl=64,identification=7,mf=1)/udp(srcPort=5,dstPort=7,length=1000,checksum=0x1234)/"sixteen of bytes"`,
  ),
  row(
    'ipv4-later-fragment',
    'IPv4: a later fragment',
    `${ETH}/ipv4(src=10.0.0.1,dst=10.0.0.2,ttl=64,identification=7,fragmentOffset=3,protocol=17)/"the rest"`,
  ),
  row(
    'ipv6-fragment',
    'IPv6: a later fragment',
    `${ETH}/${IPV6}/ipv6-fragment(nextHeader=17,fragmentOffset=3,identification=0x11223344)/"the rest"`,
  ),
  row(
    'ipv6-routing-type0',
    'IPv6: routing header type 0 (deprecated)',
    `${ETH}/${IPV6}/ipv6-routing(segmentsLeft=0)/rh0/rh0-address(address=fd00::9)/udp(srcPort=5,dstPort=7)/"hello"`,
  ),
  row(
    'ipv6-routing-type2',
    'IPv6: routing header type 2 (mobile)',
    `${ETH}/${IPV6}/ipv6-routing(segmentsLeft=0)/rh2(address=fd00::9)/udp(srcPort=5,dstPort=7)/"hello"`,
  ),
  row(
    'ipv6-segment-routing',
    'IPv6: segment routing header with pad and an unknown TLV',
    `${ETH}/${IPV6}/ipv6-routing(segmentsLeft=0)/srh(tag=7)/srh-segment(address=fd00::2)/srh-segment(address=fd00::9)/srh-pad1/srh-tlv(type=124,data=0102030405)/udp(srcPort=5,dstPort=7)/"hello"`,
  ),
  row(
    'ipv6-segment-routing-hmac',
    'IPv6: segment routing header with HMAC TLV',
    `${ETH}/${IPV6}/ipv6-routing(segmentsLeft=0)/srh(tag=7)/srh-segment(address=fd00::2)/${filled('srh-hmac')}/udp(srcPort=5,dstPort=7)/"hello"`,
  ),
  row(
    'ipv6-routing-unknown',
    'IPv6: routing header of an unknown type',
    `${ETH}/${IPV6}/ipv6-routing(routingType=99,segmentsLeft=0)/ipv6-routing-data(data=01020304)/udp(srcPort=5,dstPort=7)/"hello"`,
  ),
  row(
    'ipsec-ah',
    'IPsec: authentication header',
    `${ETH}/${IPV4}/ah(spi=0x1001,sequence=7,icv=${'0a'.repeat(12)})/udp(srcPort=5,dstPort=7)/"hello"`,
  ),
  row(
    'ipsec-esp',
    'IPsec: encapsulating security payload',
    `${ETH}/${IPV4}/esp(spi=0x1001,sequence=7)/zeros(32)`,
  ),
];
