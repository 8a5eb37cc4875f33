// Options of IPv6's hop-by-hop and destination options headers (RFC 8200 4.2), each a layer of its own.

import { ipv6Address, rest, uint } from '../core/field.js';
import { header } from '../core/header.js';
import { outer } from '../core/layer.js';
import { type Protocol, type ProtocolOptions, protocol } from '../core/protocol.js';
import { always, ownLength } from './derivation.js';
import type { OptionRules } from './option-list.js';

/** IANA's register; the two highest bits say what to do with an unknown one, the third whether it may change. */
export const ipv6OptionTypes = {
  0: 'PAD1',
  1: 'PADN',
  4: 'TUNNEL_ENCAPSULATION_LIMIT',
  5: 'ROUTER_ALERT',
  7: 'CALIPSO',
  8: 'SMF_DPD',
  15: 'PDM',
  35: 'RPL',
  38: 'QUICK_START',
  48: 'MINIMUM_PATH_MTU',
  49: 'IOAM_DESTINATION',
  109: 'MPL',
  139: 'ILNP_NONCE',
  140: 'LINE_ID',
  194: 'JUMBO_PAYLOAD',
  201: 'HOME_ADDRESS',
  238: 'IP_DFF',
} as const;

const OWNERS = ['ipv6-hop', 'ipv6-dst'] as const;
const type = uint(8, 'type', 'action where unknown, may change, option', {
  names: ipv6OptionTypes,
  format: 'hex',
  alias: 'ipv6.opt.type',
});
const HEAD = 2;
const optDataLen = uint(8, 'optDataLen', 'length of the data', {
  unit: 'bytes',
  alias: 'ipv6.opt.length',
});

const named = (key: string, title: string, section: string) => ({
  key,
  family: 'ip',
  title,
  section,
});

const optionOf = (number: number, more: ProtocolOptions = {}): ProtocolOptions => ({
  partOf: OWNERS,
  ...more,
  derive: { type: always(number), optDataLen: ownLength(HEAD), ...more.derive },
});

export const IPv6Pad1 = header(
  'IPv6Pad1',
  [type],
  named('ipv6-pad1', 'IPv6 option: one byte of padding', 'RFC 8200 4.2'),
);
export const ipv6Pad1 = protocol(IPv6Pad1, { partOf: OWNERS, derive: { type: always(0) } });

export const IPv6PadN = header(
  'IPv6PadN',
  [type, optDataLen, rest('padding', 'zeros', { alias: 'ipv6.opt.padn' })],
  named('ipv6-padn', 'IPv6 option: padding', 'RFC 8200 4.2'),
);
export const ipv6PadN = protocol(
  IPv6PadN,
  optionOf(1, {
    verify({ layers }, index, report) {
      const padding = layers[index]!.get('padding') as Uint8Array;
      if (padding.some((byte) => byte !== 0)) report('padding', 'padding is not zero');
    },
  }),
);

/** RFC 2711 2.1 and IANA's register. */
const alertValues = { 0: 'MLD', 1: 'RSVP', 2: 'ACTIVE_NETWORKS' } as const;

export const IPv6RouterAlert = header(
  'IPv6RouterAlert',
  [
    type,
    optDataLen,
    uint(16, 'value', 'why routers shall look at the packet', {
      names: alertValues,
      alias: 'ipv6.opt.router_alert',
    }),
  ],
  named('ipv6-ra', 'IPv6 option: router alert', 'RFC 2711 2.1'),
);
export const ipv6RouterAlert = protocol(IPv6RouterAlert, optionOf(5));

/** The largest payload that needs no jumbogram. */
const MAX_PAYLOAD = 0xffff;

export const IPv6Jumbo = header(
  'IPv6Jumbo',
  [
    type,
    optDataLen,
    uint(32, 'jumboPayloadLength', 'everything behind the IPv6 header', {
      unit: 'bytes',
      alias: 'ipv6.opt.jumbo',
    }),
  ],
  named('ipv6-jumbo', 'IPv6 option: jumbo payload', 'RFC 2675 2'),
);
export const ipv6Jumbo = protocol(
  IPv6Jumbo,
  optionOf(0xc2, {
    derive: {
      jumboPayloadLength: {
        kind: 'length',
        value({ layers }, index) {
          const ip = layers[outer(layers, index, 'ipv6')];
          return ip && ip.bodyEnd - ip.end;
        },
      },
    },
    verify({ layers }, index, report) {
      const jumbo = layers[index]!.number('jumboPayloadLength');
      if (jumbo <= MAX_PAYLOAD) {
        report('jumboPayloadLength', `${jumbo} bytes are no jumbogram (RFC 2675 3)`);
      }
      const ip = layers[outer(layers, index, 'ipv6')];
      if (ip && ip.number('payloadLength') !== 0) {
        report('type', 'a jumbo payload option though payloadLength is not zero (RFC 2675 3)');
      }
    },
  }),
);

export const IPv6TunnelLimit = header(
  'IPv6TunnelLimit',
  [type, optDataLen, uint(8, 'limit', 'further levels allowed', { alias: 'ipv6.opt.tel' })],
  named('ipv6-tunnel-limit', 'IPv6 option: tunnel encapsulation limit', 'RFC 2473 4.1.1'),
);
export const ipv6TunnelLimit = protocol(IPv6TunnelLimit, optionOf(4));

export const IPv6HomeAddress = header(
  'IPv6HomeAddress',
  [
    type,
    optDataLen,
    ipv6Address('homeAddress', 'of the mobile node', { alias: 'ipv6.opt.mipv6.home_address' }),
  ],
  named('ipv6-home-address', 'IPv6 option: home address', 'RFC 6275 6.3'),
);
export const ipv6HomeAddress = protocol(IPv6HomeAddress, optionOf(0xc9));

export const IPv6Option = header(
  'IPv6Option',
  [type, optDataLen, rest('data', 'of the option')],
  named(
    'ipv6-option',
    'IPv6 option of another type, or of a length that its type does not have',
    '',
  ),
);
/** Kept as it is. Its type must be given. */
export const ipv6Option = protocol(IPv6Option, {
  partOf: OWNERS,
  derive: { optDataLen: ownLength(HEAD) },
});

export const IPv6OptionRest = header(
  'IPv6OptionRest',
  [type, rest('data', 'up to the end of the header')],
  named('ipv6-option-rest', 'Bytes of IPv6 options behind a length that leads nowhere', ''),
);
export const ipv6OptionRest = protocol(IPv6OptionRest, { partOf: OWNERS });

/** Types whose data has one size. */
const exact: ReadonlyMap<number, Protocol> = new Map<number, Protocol>([
  [4, ipv6TunnelLimit],
  [5, ipv6RouterAlert],
  [0xc2, ipv6Jumbo],
  [0xc9, ipv6HomeAddress],
]);

const PAD1 = 0;
const PADN = 1;

export const ipv6OptionRules: OptionRules = {
  head: HEAD,
  size: (bytes, at) => HEAD + IPv6Option.get.optDataLen(bytes, at),
  single: (number) => (number === PAD1 ? [ipv6Pad1, 1] : undefined),
  layer(number, size) {
    if (number === PADN) return ipv6PadN;
    const one = exact.get(number);
    return one?.header.size === size ? one : ipv6Option;
  },
  rest: ipv6OptionRest,
};

/**
 * The jumbo payload length among the options in [from, to), which lie in `bytes`; 0 where there is none.
 * It bounds the packet, so it is looked for before the options are dissected.
 */
export function jumboPayloadLength(bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; at < to; ) {
    const number = IPv6Option.get.type(bytes, at);
    const size = number === PAD1 ? 1 : at + HEAD > to ? to - at : ipv6OptionRules.size(bytes, at);
    if (number === 0xc2 && size === IPv6Jumbo.size && at + size <= to) {
      return IPv6Jumbo.get.jumboPayloadLength(bytes, at);
    }
    at += size;
  }
  return 0;
}

/** All option layers, in the order of the documentation. */
export const ipv6Options: readonly Protocol[] = [
  ipv6Pad1,
  ipv6PadN,
  ipv6RouterAlert,
  ipv6Jumbo,
  ipv6TunnelLimit,
  ipv6HomeAddress,
  ipv6Option,
  ipv6OptionRest,
];
