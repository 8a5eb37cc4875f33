// Frames of every ICMP and ICMPv6 message, built here and judged by tshark in test/judge/ip.test.ts.

import * as p from '../../../protocols/index.js';
import { datagram, frame, v4 } from '../ip/frames.js';

const { icmp, icmpv6 } = p;
const data = new Uint8Array(100);
const link = { address: '02:00:00:00:00:01' };
const linkLocal = () => p.ipv6({ src: 'fe80::1', dst: 'fe80::2' });
const alerted = () => [linkLocal(), p.ipv6Hop(), p.ipv6RouterAlert()];
const ALERT = 'ipv6/ipv6-hop/ipv6-ra/ipv6-padn/icmpv6';

/** What an error quotes: all of it, or as little as it may. */
const quote4 = p.build([p.ipv4({ src: '10.0.0.2', dst: '10.0.0.9' }), datagram(), data]).bytes;
const quote6 = p.build([p.ipv6({ src: 'fe80::2', dst: 'fe80::9' }), datagram(), data]).bytes;
const least4 = quote4.subarray(0, 28);
const least6 = quote6.subarray(0, 48);
const label = p.icmpExtObject({ classNum: 1, cType: 1, data: p.parseHex('01020304') });

const group = { multicastAddress: 'ff02::1:3' };
const source = () => p.mldSource({ address: 'fe80::5' });

/** Each with the layers that it must have, Ethernet left out. */
export const icmpFrames: Readonly<Record<string, readonly [string, p.Frame]>> = {
  'an echo request': [
    'ipv4/icmp/icmp-echo/payload',
    frame(v4(), icmp(), p.icmpEcho({ identifier: 1, sequence: 1 }), 'abcdefgh'),
  ],
  'an echo reply': [
    'ipv4/icmp/icmp-echo/payload',
    frame(v4(), icmp({ type: 'ECHO_REPLY' }), p.icmpEcho({ identifier: 1, sequence: 2 }), 'odd'),
  ],
  'port unreachable': [
    'ipv4/icmp/icmp-unreachable/ipv4/udp',
    frame(v4(), icmp({ code: 3 }), p.icmpUnreachable(), least4),
  ],
  'fragmentation needed': [
    'ipv4/icmp/icmp-unreachable/ipv4/udp/payload',
    frame(v4(), icmp({ code: 4 }), p.icmpUnreachable({ nextHopMtu: 1400 }), quote4),
  ],
  'a quoted packet made of layers': [
    'ipv4/icmp/icmp-unreachable/ipv4/udp/payload',
    frame(v4(), icmp({ code: 3 }), p.icmpUnreachable(), v4(), datagram(), 'abc'),
  ],
  'time exceeded': [
    'ipv4/icmp/icmp-time-exceeded/ipv4/udp',
    frame(v4(), icmp(), p.icmpTimeExceeded(), least4),
  ],
  'extensions behind a quote': [
    'ipv4/icmp/icmp-time-exceeded/ipv4/udp/payload/icmp-ext/icmp-ext-object',
    frame(v4(), icmp(), p.icmpTimeExceeded(), [[quote4], [p.icmpExt(), label]]),
  ],
  'a redirect': [
    'ipv4/icmp/icmp-redirect/ipv4/udp',
    frame(v4(), icmp({ code: 1 }), p.icmpRedirect({ gateway: '10.0.0.254' }), least4),
  ],
  'a parameter problem': [
    'ipv4/icmp/icmp-parameter-problem/ipv4/udp',
    frame(v4(), icmp(), p.icmpParameterProblem({ pointer: 20 }), least4),
  ],
  'a source quench': [
    'ipv4/icmp/icmp-source-quench/ipv4/udp',
    frame(v4(), icmp(), p.icmpSourceQuench(), least4),
  ],
  'a timestamp request': [
    'ipv4/icmp/icmp-timestamp',
    frame(v4(), icmp(), p.icmpTimestamp({ identifier: 1, sequence: 1, originate: 1000 })),
  ],
  'an address mask request': [
    'ipv4/icmp/icmp-address-mask',
    frame(v4(), icmp(), p.icmpAddressMask({ identifier: 1, addressMask: '255.255.255.0' })),
  ],
  'a router advertisement of IPv4': [
    'ipv4/icmp/icmp-router-advertisement/icmp-router-entry/icmp-router-entry',
    frame(
      v4(),
      icmp(),
      p.icmpRouterAdvertisement({ lifetime: 1800 }),
      p.icmpRouterEntry({ routerAddress: '10.0.0.254', preferenceLevel: 5 }),
      p.icmpRouterEntry({ routerAddress: '10.0.0.253' }),
    ),
  ],
  'an IPv6 echo request': [
    'ipv6/icmpv6/icmpv6-echo/payload',
    frame(linkLocal(), icmpv6(), p.icmpv6Echo({ identifier: 1, sequence: 1 }), 'abcdefgh'),
  ],
  'IPv6 port unreachable': [
    'ipv6/icmpv6/icmpv6-unreachable/ipv6/udp/payload',
    frame(linkLocal(), icmpv6({ code: 4 }), p.icmpv6Unreachable(), quote6),
  ],
  'packet too big': [
    'ipv6/icmpv6/icmpv6-too-big/ipv6/udp/payload',
    frame(linkLocal(), icmpv6(), p.icmpv6TooBig({ mtu: 1280 }), quote6.subarray(0, 60)),
  ],
  'hop limit exceeded': [
    'ipv6/icmpv6/icmpv6-time-exceeded/ipv6/udp',
    frame(linkLocal(), icmpv6(), p.icmpv6TimeExceeded(), least6),
  ],
  'extensions behind a quote of IPv6': [
    'ipv6/icmpv6/icmpv6-time-exceeded/ipv6/udp/payload/padding/icmp-ext/icmp-ext-object',
    frame(linkLocal(), icmpv6(), p.icmpv6TimeExceeded(), [
      [quote6, new Uint8Array(4)],
      [p.icmpExt(), label],
    ]),
  ],
  'an IPv6 parameter problem': [
    'ipv6/icmpv6/icmpv6-parameter-problem/ipv6/udp',
    frame(linkLocal(), icmpv6({ code: 1 }), p.icmpv6ParameterProblem({ pointer: 40 }), least6),
  ],
  'a router solicitation': [
    'ipv6/icmpv6/nd-rs/nd-slla',
    frame(linkLocal(), icmpv6(), p.ndRouterSolicitation(), p.ndSourceLinkLayerAddress(link)),
  ],
  'a router advertisement': [
    'ipv6/icmpv6/nd-ra/nd-slla/nd-mtu/nd-prefix/nd-rdnss/nd-rdnss-server/nd-rdnss-server/nd-route/nd-option',
    frame(
      linkLocal(),
      icmpv6(),
      p.ndRouterAdvertisement({ curHopLimit: 64, m: 1, prf: 'LOW', routerLifetime: 1800 }),
      p.ndSourceLinkLayerAddress(link),
      p.ndMtu({ mtu: 1500 }),
      p.ndPrefixInformation({
        prefixLength: 64,
        l: 1,
        a: 1,
        validLifetime: 86400,
        preferredLifetime: 14400,
        prefix: '2001:db8::',
      }),
      p.ndRdnss({ lifetime: 600 }),
      p.ndRdnssServer({ address: '2001:db8::53' }),
      p.ndRdnssServer({ address: '2001:db8::54' }),
      p.ndRouteInformation({
        prefixLength: 48,
        prf: 1,
        routeLifetime: 100,
        prefix: p.parseHex('20010db800070000'),
      }),
      p.ndOption({ type: 'DNSSL', data: p.parseHex('0000000002580161000000000000') }),
    ),
  ],
  'a neighbour solicitation': [
    'ipv6/icmpv6/nd-ns/nd-slla',
    frame(
      linkLocal(),
      icmpv6(),
      p.ndNeighbourSolicitation({ target: 'fe80::2' }),
      p.ndSourceLinkLayerAddress(link),
    ),
  ],
  'a probe for duplicate addresses': [
    'ipv6/icmpv6/nd-ns/nd-nonce',
    frame(
      linkLocal(),
      icmpv6(),
      p.ndNeighbourSolicitation({ target: 'fe80::2' }),
      p.ndNonce({ nonce: p.parseHex('010203040506') }),
    ),
  ],
  'a neighbour advertisement': [
    'ipv6/icmpv6/nd-na/nd-tlla',
    frame(
      linkLocal(),
      icmpv6(),
      p.ndNeighbourAdvertisement({ r: 1, s: 1, o: 1, target: 'fe80::2' }),
      p.ndTargetLinkLayerAddress(link),
    ),
  ],
  'a redirect of IPv6': [
    'ipv6/icmpv6/nd-redirect/nd-tlla/nd-redirected-header/ipv6/udp/payload/padding',
    frame(
      linkLocal(),
      icmpv6(),
      p.ndRedirect({ target: 'fe80::3', destination: '2001:db8::1' }),
      p.ndTargetLinkLayerAddress(link),
      p.ndRedirectedHeader(),
      quote6,
    ),
  ],
  'an MLD query': [`${ALERT}/mld`, frame(...alerted(), icmpv6({ type: 'MLD_QUERY' }), p.mld())],
  'an MLD report': [`${ALERT}/mld`, frame(...alerted(), icmpv6(), p.mld(group))],
  'an MLD version 2 query': [
    `${ALERT}/mld-query2/mld-source/mld-source`,
    frame(
      ...alerted(),
      icmpv6(),
      p.mldQuery2({ maxResponseCode: 1000, s: 1, qrv: 2, qqic: 125, ...group }),
      source(),
      source(),
    ),
  ],
  'an MLD version 2 report': [
    `${ALERT}/mld-report2/mld-record/mld-record/mld-source/mld-aux/mld-record/mld-source`,
    frame(
      ...alerted(),
      icmpv6(),
      p.mldReport2(),
      p.mldRecord({ recordType: 'CHANGE_TO_EXCLUDE', ...group }),
      p.mldRecord({ recordType: 'ALLOW_NEW_SOURCES', ...group }),
      source(),
      p.mldAuxiliaryData({ data: new Uint8Array(8) }),
      p.mldRecord({ recordType: 'BLOCK_OLD_SOURCES', ...group }),
      source(),
    ),
  ],
};
