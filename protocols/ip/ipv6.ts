// IPv6 (RFC 8200). Extension headers are layers of their own behind it.

import { formatIpv6 } from '../core/address.js';
import { ipv6Address, uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import type { Layer } from '../core/layer.js';
import { protocol, type Scene } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import { always } from './derivation.js';
import { dscpNames, ecnNames } from './differentiated-services.js';
import { IPv6HopByHop } from './ipv6-extension.js';
import { jumboPayloadLength } from './ipv6-option.js';
import { derivedNextHeader, EXTENSION_UNIT, nextHeader, nextHeaderField } from './next-header.js';
import { HOP_BY_HOP, NO_NEXT_HEADER, protocolNumbers } from './protocol-number.js';

export const IPv6 = header(
  'IPv6',
  [
    word(
      uint(4, 'version', 'always 6', { alias: 'ipv6.version' }),
      uint(6, 'dscp', 'differentiated services', { names: dscpNames, alias: 'ipv6.tclass.dscp' }),
      uint(2, 'ecn', 'congestion notification', { names: ecnNames, alias: 'ipv6.tclass.ecn' }),
      uint(20, 'flowLabel', 'of the flow; 0 for none', { format: 'hex', alias: 'ipv6.flow' }),
    ),
    uint(16, 'payloadLength', 'everything behind this header; 0 in jumbograms', {
      unit: 'bytes',
      alias: 'ipv6.plen',
    }),
    nextHeaderField({ alias: 'ipv6.nxt' }),
    uint(8, 'hopLimit', 'hops left', { alias: 'ipv6.hlim' }),
    ipv6Address('src', 'source address', { alias: 'ipv6.src' }),
    ipv6Address('dst', 'destination address', { alias: 'ipv6.dst' }),
  ],
  { family: 'ip', title: 'Internet Protocol version 6', section: 'RFC 8200 3' },
);

const { get } = IPv6;
/** The largest payload that needs no jumbogram. */
const MAX_PAYLOAD = 0xffff;
/** What hosts send unless told otherwise. */
const DEFAULT_HOP_LIMIT = 64;
/** RFC 4861 3.1 and RFC 3810 5: neighbour discovery comes from the link itself, MLD stays on it. */
const hopLimits: Readonly<Record<string, number>> = { nd: 255, mld: 1 };

export const ipv6 = protocol(IPv6, {
  // hot
  read(walk) {
    const at = walk.take(ipv6);
    if (at < 0) return null;
    const { bytes } = walk;
    if (get.version(bytes, at) !== 6) {
      return walk.fail('bad-value', 'version', 6, get.version(bytes, at));
    }
    const number = get.nextHeader(bytes, at);
    const length = get.payloadLength(bytes, at);
    const jumbo = length === 0 && number === HOP_BY_HOP ? findJumbo(walk) : 0;
    if (jumbo === 0) walk.limit(walk.at + length, 'ipv6.payloadLength');
    else walk.limit(walk.at + jumbo, 'ipv6-jumbo.jumboPayloadLength', 'payloadLength');
    return nextHeader(walk, number);
  },
  derive: {
    version: always(6),
    payloadLength: {
      kind: 'length',
      value({ layers }, index) {
        const size = layers[index]!.bodyEnd - layers[index]!.end;
        return size > MAX_PAYLOAD ? 0 : size;
      },
    },
    nextHeader: derivedNextHeader,
    hopLimit: { kind: 'type', value: hopLimit },
  },
  addresses: (layer) => [
    formatIpv6(layer.get('src') as Uint8Array),
    formatIpv6(layer.get('dst') as Uint8Array),
  ],
  info: describe,
});

/** Looks into the hop-by-hop header behind, as far as it is there. */
function findJumbo(walk: Walk): number {
  const { bytes, at, left } = walk;
  if (left < IPv6HopByHop.size) return 0;
  const size = (IPv6HopByHop.get.hdrExtLen(bytes, at) + 1) * EXTENSION_UNIT;
  return size > left ? 0 : jumboPayloadLength(bytes, at + IPv6HopByHop.size, at + size);
}

function hopLimit({ layers }: Scene, index: number): number {
  const message = layers.find((layer, i) => i > index && layer.protocol.header.family in hopLimits);
  return message ? hopLimits[message.protocol.header.family]! : DEFAULT_HOP_LIMIT;
}

function describe(layer: Layer): string {
  const names: Readonly<Record<number, string>> = protocolNumbers;
  const number = layer.number('nextHeader');
  if (number === NO_NEXT_HEADER) return 'IPv6 no next header';
  return `${names[number] ?? 'unassigned'} (${number})`;
}
