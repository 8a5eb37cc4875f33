// Golden frames of ICMP and ICMPv6; errors quote a datagram.

import { bound, ETH, IPV4, IPV6, row, titleOf } from './built-common.js';
import { filled } from './pattern.js';
import type { Built } from './recipe.js';

const QUOTED = `${IPV4}/udp(srcPort=5,dstPort=7)/"hello"`;
const QUOTED6 = `${IPV6}/udp(srcPort=5,dstPort=7)/"hello"`;
const ICMP = `${ETH}/${IPV4}/icmp`;
const ICMP6 = `${ETH}/ipv6(src=fe80::1,dst=fe80::2,hopLimit=255)/icmpv6`;
const quotes = new Set([
  'icmp-unreachable',
  'icmp-source-quench',
  'icmp-redirect',
  'icmp-time-exceeded',
  'icmp-parameter-problem',
]);
export const icmp: Built[] = [
  ...bound('icmp').map((key) =>
    row(
      key,
      titleOf(key),
      `${ICMP}/${key === 'icmp-router-advertisement' ? 'icmp-router-advertisement(lifetime=1800)/icmp-router-entry(routerAddress=10.0.0.1,preferenceLevel=7)' : filled(key)}${quotes.has(key) ? `/${QUOTED}` : ''}`,
    ),
  ),
  row(
    'icmp-extension',
    'ICMP: Time Exceeded with an extension (RFC 4884)',
    `${ICMP}/icmp-time-exceeded(length=32)/[${IPV4}/udp(srcPort=5,dstPort=7)/zeros(100)]/icmp-ext/icmp-ext-object(classNum=1,cType=1,data=01020304)`,
  ),
  ...[
    'icmpv6-unreachable',
    'icmpv6-too-big',
    'icmpv6-time-exceeded',
    'icmpv6-parameter-problem',
  ].map((key) => row(key, titleOf(key), `${ICMP6}/${filled(key)}/${QUOTED6}`)),
  row('icmpv6-echo', titleOf('icmpv6-echo'), `${ICMP6}/${filled('icmpv6-echo')}/"hello"`),
  row(
    'icmpv6-mld',
    titleOf('mld'),
    `${ETH}/ipv6(src=fe80::1,dst=ff02::1,hopLimit=1)/ipv6-hop/ipv6-ra(value=0)/ipv6-padn/icmpv6/mld(multicastAddress=ff02::16)`,
  ),
  row(
    'icmpv6-mld2-query',
    titleOf('mld-query2'),
    `${ETH}/ipv6(src=fe80::1,dst=ff02::1,hopLimit=1)/ipv6-hop/ipv6-ra(value=0)/ipv6-padn/icmpv6/mld-query2(multicastAddress=ff02::16,qrv=2)/mld-source(address=fd00::9)`,
  ),
  row(
    'icmpv6-mld2-report',
    titleOf('mld-report2'),
    `${ETH}/ipv6(src=fe80::1,dst=ff02::16,hopLimit=1)/ipv6-hop/ipv6-ra(value=0)/ipv6-padn/icmpv6/mld-report2/mld-record(recordType=1,multicastAddress=ff02::16)/mld-source(address=fd00::9)/mld-aux(data=01020304)`,
  ),
  row(
    'nd-router-advertisement',
    'ICMPv6: Router Advertisement with all its options',
    `${ICMP6}/nd-ra(curHopLimit=64,m=1,routerLifetime=1800)/nd-slla(address=52:54:00:00:00:01)/nd-mtu(mtu=1500)/nd-prefix(prefixLength=64,l=1,a=1,validLifetime=86400,preferredLifetime=14400,prefix=fd00::)/nd-route(prefixLength=64,routeLifetime=600,prefix=fd00000000000000)/nd-rdnss(lifetime=600)/nd-rdnss-server(address=fd00::53)`,
  ),
  row(
    'nd-neighbour-advertisement',
    'ICMPv6: Neighbour Advertisement',
    `${ICMP6}/nd-na(s=1,o=1,target=fe80::1)/nd-tlla(address=52:54:00:00:00:01)`,
  ),
  row(
    'nd-neighbour-solicitation-option',
    'ICMPv6: Neighbour Solicitation with an unknown option',
    `${ICMP6}/nd-ns(target=fe80::2)/nd-option(type=200,data=010203040506)`,
  ),
  row(
    'nd-redirect',
    'ICMPv6: Redirect with the redirected packet',
    `${ICMP6}/nd-redirect(target=fe80::9,destination=fd00::9)/nd-tlla(address=52:54:00:00:00:09)/nd-redirected-header/${IPV6}/udp(srcPort=5,dstPort=7)/"16 bytes are her"`,
  ),
];
