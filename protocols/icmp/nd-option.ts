// Options of neighbour discovery (RFC 4861 4.6), each a layer of its own. They count in units of 8 bytes.

import { flag, ipv6Address, mac, reserved, rest, uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import { padding } from '../core/payload.js';
import { type Protocol, type ProtocolOptions, protocol } from '../core/protocol.js';
import { always, listed, ownLength } from '../ip/derivation.js';
import { type OptionRules, takePart } from '../ip/option-list.js';
import { readQuote } from './quote.js';

/** IANA's register of IPv6 neighbour discovery option formats. */
export const ndOptionTypes = {
  1: 'SOURCE_LINK_LAYER_ADDRESS',
  2: 'TARGET_LINK_LAYER_ADDRESS',
  3: 'PREFIX_INFORMATION',
  4: 'REDIRECTED_HEADER',
  5: 'MTU',
  7: 'ADVERTISEMENT_INTERVAL',
  8: 'HOME_AGENT_INFORMATION',
  11: 'CGA',
  12: 'RSA_SIGNATURE',
  13: 'TIMESTAMP',
  14: 'NONCE',
  24: 'ROUTE_INFORMATION',
  25: 'RDNSS',
  26: 'RA_FLAGS_EXTENSION',
  31: 'DNSSL',
  33: 'ADDRESS_REGISTRATION',
  37: 'CAPTIVE_PORTAL',
  38: 'PREF64',
} as const;

const UNIT = 8;
const OWNERS = ['nd-rs', 'nd-ra', 'nd-ns', 'nd-na', 'nd-redirect'] as const;

const type = uint(8, 'type', 'of the option', { names: ndOptionTypes, alias: 'icmpv6.opt.type' });
const length = uint(8, 'length', 'of the option, type and length included', {
  unit: '8 bytes',
  alias: 'icmpv6.opt.length',
});

const named = (key: string, title: string, section: string) => ({
  key,
  family: 'nd',
  title: `Neighbour discovery option: ${title}`,
  section,
});

const optionOf = (number: number): ProtocolOptions => ({
  partOf: OWNERS,
  derive: { type: always(number), length: ownLength(0, UNIT) },
});

export const NDSourceLinkLayerAddress = header(
  'NDSourceLinkLayerAddress',
  [type, length, mac('address', 'of the sender', { alias: 'icmpv6.opt.src_linkaddr' })],
  named('nd-slla', 'source link-layer address on Ethernet', 'RFC 4861 4.6.1, RFC 2464 6'),
);
export const ndSourceLinkLayerAddress = protocol(NDSourceLinkLayerAddress, optionOf(1));

export const NDTargetLinkLayerAddress = header(
  'NDTargetLinkLayerAddress',
  [type, length, mac('address', 'of the target', { alias: 'icmpv6.opt.target_linkaddr' })],
  named('nd-tlla', 'target link-layer address on Ethernet', 'RFC 4861 4.6.1, RFC 2464 6'),
);
export const ndTargetLinkLayerAddress = protocol(NDTargetLinkLayerAddress, optionOf(2));

export const NDPrefixInformation = header(
  'NDPrefixInformation',
  [
    type,
    length,
    uint(8, 'prefixLength', 'leading bits that count', {
      unit: 'bits',
      alias: 'icmpv6.opt.prefix.length',
    }),
    word(
      flag('l', 'on-link', { alias: 'icmpv6.opt.prefix.flag.l' }),
      flag('a', 'for autonomous address configuration', { alias: 'icmpv6.opt.prefix.flag.a' }),
      flag('r', 'a router address (RFC 6275)', { alias: 'icmpv6.opt.prefix.flag.r' }),
      reserved(5),
    ),
    uint(32, 'validLifetime', 'for on-link decisions; all ones for ever', {
      unit: 's',
      alias: 'icmpv6.opt.prefix.valid_lifetime',
    }),
    uint(32, 'preferredLifetime', 'of addresses made of it; all ones for ever', {
      unit: 's',
      alias: 'icmpv6.opt.prefix.preferred_lifetime',
    }),
    reserved(32),
    ipv6Address('prefix', 'bits behind its length are zero', { alias: 'icmpv6.opt.prefix' }),
  ],
  named('nd-prefix', 'prefix information', 'RFC 4861 4.6.2'),
);
export const ndPrefixInformation = protocol(NDPrefixInformation, optionOf(3));

export const NDRedirectedHeader = header(
  'NDRedirectedHeader',
  [type, length, reserved(48)],
  named('nd-redirected-header', 'redirected header', 'RFC 4861 4.6.3'),
);
/** Not a part of the redirect's header: the quoted packet stands inside it. */
export const ndRedirectedHeader = protocol(NDRedirectedHeader, {
  derive: {
    type: always(4),
    length: {
      kind: 'length',
      value: ({ layers }, i) => Math.ceil((layers[i]!.bodyEnd - layers[i]!.at) / UNIT),
    },
  },
  trailers: [{ protocol: padding, size: (_owner, body) => -body & (UNIT - 1) }],
});

export const NDMTU = header(
  'NDMTU',
  [
    type,
    length,
    reserved(16),
    uint(32, 'mtu', 'of the link', { unit: 'bytes', alias: 'icmpv6.opt.mtu' }),
  ],
  named('nd-mtu', 'MTU', 'RFC 4861 4.6.4'),
);
export const ndMtu = protocol(NDMTU, optionOf(5));

export const NDNonce = header(
  'NDNonce',
  [
    type,
    length,
    rest('nonce', 'random bytes that mark the own message', { alias: 'icmpv6.opt.nonce' }),
  ],
  named('nd-nonce', 'nonce', 'RFC 3971 5.3.2, RFC 7527'),
);
export const ndNonce = protocol(NDNonce, optionOf(14));

export const NDRouteInformation = header(
  'NDRouteInformation',
  [
    type,
    length,
    uint(8, 'prefixLength', 'leading bits that count', {
      unit: 'bits',
      alias: 'icmpv6.opt.prefix.length',
    }),
    word(
      reserved(3),
      uint(2, 'prf', 'preference of the route', {
        alias: 'icmpv6.opt.route_info.flag.route_preference',
      }),
      reserved(3),
    ),
    uint(32, 'routeLifetime', 'all ones for ever', {
      unit: 's',
      alias: 'icmpv6.opt.route_lifetime',
    }),
    rest('prefix', 'none, its first half or all of it'),
  ],
  named('nd-route', 'route information', 'RFC 4191 2.3'),
);
export const ndRouteInformation = protocol(NDRouteInformation, optionOf(24));

export const NDRDNSS = header(
  'NDRDNSS',
  [
    type,
    length,
    reserved(16),
    uint(32, 'lifetime', 'of the servers; all ones for ever', {
      unit: 's',
      alias: 'icmpv6.opt.rdnss.lifetime',
    }),
  ],
  named('nd-rdnss', 'recursive DNS servers', 'RFC 8106 5.1'),
);
export const ndRdnss = protocol(NDRDNSS, {
  partOf: OWNERS,
  derive: {
    type: always(25),
    length: {
      kind: 'length',
      value(scene, i) {
        const { at, end } = scene.layers[i]!;
        const last = listed(scene, i, 'nd-rdnss-server').at(-1);
        return ((last?.end ?? end) - at) / UNIT;
      },
    },
  },
});

export const NDRDNSSServer = header(
  'NDRDNSSServer',
  [ipv6Address('address', 'of a server', { alias: 'icmpv6.opt.rdnss' })],
  named('nd-rdnss-server', 'one recursive DNS server', 'RFC 8106 5.1'),
);
export const ndRdnssServer = protocol(NDRDNSSServer, { partOf: OWNERS });

export const NDOption = header(
  'NDOption',
  [type, length, rest('data', 'of the option')],
  named('nd-option', 'another type, or a length that its type does not have', 'RFC 4861 4.6'),
);
/** Kept as it is. Its type must be given, and its data must fill whole units of 8 bytes. */
export const ndOption = protocol(NDOption, {
  partOf: OWNERS,
  derive: { length: ownLength(0, UNIT) },
});

export const NDOptionRest = header(
  'NDOptionRest',
  [type, rest('data', 'up to the end of the message')],
  named('nd-option-rest', 'bytes behind a length that leads nowhere', 'RFC 4861 4.6'),
);
export const ndOptionRest = protocol(NDOptionRest, { partOf: OWNERS });

/** Types of one size on Ethernet. */
const exact: ReadonlyMap<number, Protocol> = new Map<number, Protocol>([
  [1, ndSourceLinkLayerAddress],
  [2, ndTargetLinkLayerAddress],
  [3, ndPrefixInformation],
  [5, ndMtu],
]);
const REDIRECTED_HEADER = 4;
const NONCE = 14;
const ROUTE_INFORMATION = 24;
const RDNSS = 25;

export const ndOptionRules: OptionRules = {
  head: NDOption.size,
  size: (bytes, at) => NDOption.get.length(bytes, at) * UNIT,
  single: () => undefined,
  layer(number, size) {
    if (number === REDIRECTED_HEADER) return ndRedirectedHeader;
    if (number === NONCE) return ndNonce;
    if (number === ROUTE_INFORMATION) return ndRouteInformation;
    if (number === RDNSS && (size - NDRDNSS.size) % NDRDNSSServer.size === 0) return ndRdnss;
    const one = exact.get(number);
    return one?.header.size === size ? one : ndOption;
  },
  parts(walk, end) {
    if (walk.last.protocol === ndRdnss) {
      while (walk.at < end) takePart(walk, ndRdnssServer);
      return;
    }
    walk.last.bodyEnd = end;
    readQuote(walk, end - walk.at);
  },
  rest: ndOptionRest,
};

/** All option layers, in the order of the documentation. */
export const ndOptions: readonly Protocol[] = [
  ndSourceLinkLayerAddress,
  ndTargetLinkLayerAddress,
  ndPrefixInformation,
  ndRedirectedHeader,
  ndMtu,
  ndNonce,
  ndRouteInformation,
  ndRdnss,
  ndRdnssServer,
  ndOption,
  ndOptionRest,
];
