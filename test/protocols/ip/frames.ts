// Frames of every IP option and extension header, built here and judged by tshark in test/judge/ip.test.ts.

import * as p from '../../../protocols/index.js';

const { ipv4, ipv6, udp } = p;

export const ethernet = () => p.eth({ src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' });
export const v4 = (fields: Parameters<typeof ipv4>[0] = {}) =>
  ipv4({ src: '10.0.0.1', dst: '10.0.0.2', ...fields });
export const v6 = (fields: Parameters<typeof ipv6>[0] = {}) =>
  ipv6({ src: '2001:db8::1', dst: '2001:db8::2', ...fields });
export const datagram = () => udp({ srcPort: 1000, dstPort: 2000 });
export const frame = (...layers: p.LayerInput[]): p.Frame => p.build([ethernet(), ...layers]);

const hex = p.parseHex;
const node = { address: '2001:db8::7' };

/** Each with the layers that it must have, Ethernet left out. */
export const ipFrames: Readonly<Record<string, readonly [string, p.Frame]>> = {
  'an IPv4 datagram': ['ipv4/udp/payload', frame(v4(), datagram(), 'hello')],
  'record route': [
    'ipv4/ipv4-rr/ipv4-route/ipv4-route/ipv4-eol/udp/payload',
    frame(v4(), p.ipv4Rr(), p.ipv4Route(), p.ipv4Route(), datagram(), 'x'),
  ],
  'a loose source route': [
    'ipv4/ipv4-nop/ipv4-lsrr/ipv4-route/udp/payload',
    frame(v4(), p.ipv4Nop(), p.ipv4Lsrr(), p.ipv4Route({ address: '1.2.3.4' }), datagram(), 'x'),
  ],
  'a strict source route that is done': [
    'ipv4/ipv4-ssrr/ipv4-route/ipv4-eol/udp/payload',
    frame(v4(), p.ipv4Ssrr({ pointer: 8 }), p.ipv4Route({ address: '1.2.3.4' }), datagram(), 'x'),
  ],
  timestamps: [
    'ipv4/ipv4-ts/ipv4-stamp/ipv4-stamp/udp/payload',
    frame(
      v4(),
      p.ipv4Ts({ pointer: 9 }),
      p.ipv4Stamp({ timestamp: 12345 }),
      p.ipv4Stamp(),
      datagram(),
      'x',
    ),
  ],
  'timestamps of hosts': [
    'ipv4/ipv4-ts/ipv4-host-stamp/udp/payload',
    frame(
      v4(),
      p.ipv4Ts({ flag: 1, pointer: 13, overflow: 2 }),
      p.ipv4HostStamp({ address: '1.2.3.4', timestamp: 12345 }),
      datagram(),
      'x',
    ),
  ],
  'an IPv4 router alert': [
    'ipv4/ipv4-ra/udp/payload',
    frame(v4(), p.ipv4RouterAlert(), datagram(), 'x'),
  ],
  'security of RFC 791': [
    'ipv4/ipv4-security/ipv4-eol/udp/payload',
    frame(v4(), p.ipv4Security({ security: 0xd788 }), datagram(), 'x'),
  ],
  'basic security': [
    'ipv4/ipv4-basic-security/udp/payload',
    frame(
      v4(),
      p.ipv4BasicSecurity({
        classificationLevel: 'UNCLASSIFIED',
        protectionAuthorityFlags: hex('40'),
      }),
      datagram(),
      'x',
    ),
  ],
  'an unknown IPv4 option': [
    'ipv4/ipv4-option/ipv4-eol/udp/payload',
    frame(v4(), p.ipv4Option({ type: 94, data: hex('010203') }), datagram(), 'x'),
  ],
  'a first fragment': [
    'ipv4/udp/payload',
    frame(v4({ mf: 1, identification: 7 }), datagram(), new Uint8Array(16)),
  ],
  'a later fragment': [
    'ipv4/payload',
    frame(v4({ fragmentOffset: 3, protocol: 'UDP', identification: 7 }), 'tail'),
  ],
  'IPv4 in IPv4': ['ipv4/ipv4/udp/payload', frame(v4(), v4(), datagram(), 'x')],
  'IPv6 in IPv4': ['ipv4/ipv6/udp/payload', frame(v4(), v6(), datagram(), 'x')],
  'IPv6 in IPv6': ['ipv6/ipv6/udp/payload', frame(v6(), v6(), datagram(), 'x')],
  'IPv4 in IPv6': ['ipv6/ipv4/udp/payload', frame(v6(), v4(), datagram(), 'x')],
  'an IPv6 packet': [
    'ipv6/udp/payload',
    frame(v6({ dscp: 'EF', ecn: 1, flowLabel: 0x12345 }), datagram(), 'hello'),
  ],
  'an IPv6 router alert': [
    'ipv6/ipv6-hop/ipv6-ra/ipv6-padn/udp/payload',
    frame(v6(), p.ipv6Hop(), p.ipv6RouterAlert(), datagram(), 'x'),
  ],
  'hop-by-hop options without any': [
    'ipv6/ipv6-hop/ipv6-padn/udp/payload',
    frame(v6(), p.ipv6Hop(), datagram(), 'x'),
  ],
  'a tunnel limit': [
    'ipv6/ipv6-dst/ipv6-tunnel-limit/ipv6-padn/udp/payload',
    frame(v6(), p.ipv6Dst(), p.ipv6TunnelLimit({ limit: 4 }), datagram(), 'x'),
  ],
  'an unknown IPv6 option': [
    'ipv6/ipv6-dst/ipv6-option/ipv6-pad1/udp/payload',
    frame(v6(), p.ipv6Dst(), p.ipv6Option({ type: 0x1e, data: hex('000000') }), datagram(), 'x'),
  ],
  'a home address': [
    'ipv6/ipv6-dst/ipv6-padn/ipv6-home-address/udp/payload',
    frame(
      v6(),
      p.ipv6Dst(),
      p.ipv6PadN({ padding: hex('0000') }),
      p.ipv6HomeAddress({ homeAddress: '2001:db8::9' }),
      datagram(),
      'x',
    ),
  ],
  'routing type 0': [
    'ipv6/ipv6-routing/rh0/rh0-address/udp/payload',
    frame(v6(), p.ipv6Routing({ segmentsLeft: 1 }), p.rh0(), p.rh0Address(node), datagram(), 'x'),
  ],
  'routing type 2': [
    'ipv6/ipv6-routing/rh2/udp/payload',
    frame(v6(), p.ipv6Routing({ segmentsLeft: 1 }), p.rh2(node), datagram(), 'x'),
  ],
  'segment routing': [
    'ipv6/ipv6-routing/srh/srh-segment/srh-segment/srh-hmac/udp/payload',
    frame(
      v6(),
      p.ipv6Routing({ segmentsLeft: 1 }),
      p.srh({ tag: 5 }),
      p.srhSegment(node),
      p.srhSegment({ address: '2001:db8::2' }),
      p.srhHmac({ keyId: 1 }),
      datagram(),
      'x',
    ),
  ],
  'another routing type': [
    'ipv6/ipv6-routing/ipv6-routing-data/udp/payload',
    frame(
      v6(),
      p.ipv6Routing({ routingType: 77 }),
      p.ipv6RoutingData({ data: new Uint8Array(12) }),
      datagram(),
      'x',
    ),
  ],
  'a later fragment of IPv6': [
    'ipv6/ipv6-fragment/payload',
    frame(v6(), p.ipv6Fragment({ fragmentOffset: 3, nextHeader: 'UDP', identification: 9 }), 'end'),
  ],
  'an atomic fragment': [
    'ipv6/ipv6-fragment/udp/payload',
    frame(v6(), p.ipv6Fragment({ identification: 9 }), datagram(), 'end'),
  ],
  'a chain of extension headers': [
    'ipv6/ipv6-hop/ipv6-ra/ipv6-padn/ipv6-dst/ipv6-padn/ipv6-routing/rh0/rh0-address/ipv6-fragment/ah/ipv6-dst/ipv6-padn/udp/payload',
    frame(
      v6(),
      p.ipv6Hop(),
      p.ipv6RouterAlert(),
      p.ipv6Dst(),
      p.ipv6Routing(),
      p.rh0(),
      p.rh0Address(node),
      p.ipv6Fragment(),
      p.ah({ spi: 1, sequence: 2, icv: new Uint8Array(12) }),
      p.ipv6Dst(),
      datagram(),
      'x',
    ),
  ],
  'AH over IPv4': [
    'ipv4/ah/udp/payload',
    frame(v4(), p.ah({ spi: 1, sequence: 2, icv: new Uint8Array(12) }), datagram(), 'x'),
  ],
  ESP: ['ipv6/esp/payload', frame(v6(), p.esp({ spi: 1, sequence: 2 }), new Uint8Array(40))],
  'no next header': ['ipv6', frame(v6())],
  'bytes behind no next header': ['ipv6/payload', frame(v6(), 'ignored')],
  'a jumbogram': [
    'ipv6/ipv6-hop/ipv6-jumbo/udp/payload',
    frame(v6(), p.ipv6Hop(), p.ipv6Jumbo(), datagram(), new Uint8Array(66000)),
  ],
};
