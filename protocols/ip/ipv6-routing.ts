// The routing header of IPv6 (RFC 8200 4.4): a head that all types share, and the type's own layers behind it.
// Type 0 is deprecated (RFC 5095), type 2 belongs to Mobile IPv6, type 4 is segment routing; others stay bytes.

import { partsOf } from '../core/bind.js';
import { bytes, flag, ipv6Address, reserved, rest, uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import { type Protocol, protocol } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import { always, ownLength } from './derivation.js';
import { hdrExtLenDerivation } from './ipv6-extension.js';
import { derivedNextHeader, extensionEnd, nextHeader, nextHeaderField } from './next-header.js';
import { type OptionRules, readOptions, takePart } from './option-list.js';

/** IANA's register of routing types. */
export const routingTypes = {
  0: 'SOURCE_ROUTE',
  1: 'NIMROD',
  2: 'TYPE_2',
  3: 'RPL_SOURCE_ROUTE',
  4: 'SEGMENT_ROUTING',
  5: 'CRH_16',
  6: 'CRH_32',
} as const;

const OWNER = 'ipv6-routing';
const named = (key: string, title: string, section: string) => ({
  key,
  family: 'ip',
  title,
  section,
});

export const IPv6Routing = header(
  'IPv6Routing',
  [
    nextHeaderField({ alias: 'ipv6.routing.nxt' }),
    uint(8, 'hdrExtLen', 'of this header, without its first 8 bytes', {
      unit: '8 bytes',
      alias: 'ipv6.routing.len',
    }),
    uint(8, 'routingType', 'what stands behind these four bytes', {
      names: routingTypes,
      alias: 'ipv6.routing.type',
    }),
    uint(8, 'segmentsLeft', 'nodes still to be visited', { alias: 'ipv6.routing.segleft' }),
  ],
  named(OWNER, 'IPv6 routing header', 'RFC 8200 4.4'),
);

export const RH0 = header(
  'RH0',
  [reserved(32)],
  named('rh0', 'Routing header type 0: its own field', 'RFC 5095 1'),
);
export const rh0 = protocol(RH0, { partOf: OWNER });

export const RH0Address = header(
  'RH0Address',
  [ipv6Address('address', 'of a node on the way', { alias: 'ipv6.routing.src.addr' })],
  named('rh0-address', 'Routing header type 0: one address', 'RFC 5095 1'),
);
export const rh0Address = protocol(RH0Address, { partOf: OWNER });

export const RH2 = header(
  'RH2',
  [
    reserved(32),
    ipv6Address('address', 'home address', { alias: 'ipv6.routing.mipv6.home_address' }),
  ],
  named('rh2', 'Routing header type 2: its own fields', 'RFC 6275 6.4'),
);
export const rh2 = protocol(RH2, { partOf: OWNER });

export const SRH = header(
  'SRH',
  [
    uint(8, 'lastEntry', 'index of the last segment in the list', {
      alias: 'ipv6.routing.srh.last_entry',
    }),
    uint(8, 'flags', 'none is defined yet', { format: 'hex', alias: 'ipv6.routing.srh.flags' }),
    uint(16, 'tag', 'of a class of packets', { format: 'hex', alias: 'ipv6.routing.srh.tag' }),
  ],
  named('srh', 'Segment routing header: its own fields', 'RFC 8754 2'),
);
export const srh = protocol(SRH, {
  partOf: OWNER,
  derive: {
    lastEntry: {
      kind: 'count',
      value({ layers }, index) {
        let count = 0;
        while (layers[index + 1 + count]?.key === 'srh-segment') count++;
        return count > 0 ? count - 1 : undefined;
      },
    },
  },
});

export const SRHSegment = header(
  'SRHSegment',
  [
    ipv6Address('address', 'segment; the first is the last to visit', {
      alias: 'ipv6.routing.srh.addr',
    }),
  ],
  named('srh-segment', 'Segment routing header: one segment', 'RFC 8754 2'),
);
export const srhSegment = protocol(SRHSegment, { partOf: OWNER });

/** RFC 8754 8.2 and IANA's register. */
const tlvTypes = { 0: 'PAD1', 4: 'PADN', 5: 'HMAC' } as const;
const type = uint(8, 'type', 'of the TLV', { names: tlvTypes });
const length = uint(8, 'length', 'of the value', { unit: 'bytes' });
const TLV_HEAD = 2;

export const SRHPad1 = header(
  'SRHPad1',
  [type],
  named('srh-pad1', 'Segment routing TLV: one byte of padding', 'RFC 8754 2.1.1.1'),
);
export const srhPad1 = protocol(SRHPad1, { partOf: OWNER, derive: { type: always(0) } });

export const SRHHMAC = header(
  'SRHHMAC',
  [
    type,
    length,
    word(flag('d', 'the destination address is not verified'), reserved(15)),
    uint(32, 'keyId', 'key and algorithm', { format: 'hex' }),
    bytes(32, 'hmac', 'keyed hash'),
  ],
  named('srh-hmac', 'Segment routing TLV: keyed hash', 'RFC 8754 2.1.2'),
);
export const srhHmac = protocol(SRHHMAC, {
  partOf: OWNER,
  derive: { type: always(5), length: ownLength(TLV_HEAD) },
});

export const SRHTLV = header(
  'SRHTLV',
  [type, length, rest('data', 'value')],
  named('srh-tlv', 'Segment routing TLV: padding and unknown ones', 'RFC 8754 2.1'),
);
export const srhTlv = protocol(SRHTLV, { partOf: OWNER, derive: { length: ownLength(TLV_HEAD) } });

export const IPv6RoutingData = header(
  'IPv6RoutingData',
  [rest('data', 'of a type that is not dissected', { alias: 'ipv6.routing.unknown_data' })],
  named('ipv6-routing-data', 'IPv6 routing header: data of another type', 'RFC 8200 4.4'),
);
export const ipv6RoutingData = protocol(IPv6RoutingData, { partOf: OWNER });

const HMAC = 5;
const tlvRules: OptionRules = {
  head: TLV_HEAD,
  size: (b, at) => TLV_HEAD + SRHTLV.get.length(b, at),
  single: (number) => (number === 0 ? [srhPad1, 1] : undefined),
  layer: (number, size) => (number === HMAC && size === SRHHMAC.size ? srhHmac : srhTlv),
  rest: ipv6RoutingData,
};

/** Which type the head must say for the layer behind it. */
const typeOf: Readonly<Record<string, number>> = { rh0: 0, rh2: 2, srh: 4 };

export const ipv6Routing = protocol(IPv6Routing, {
  read(walk) {
    const at = walk.take(ipv6Routing);
    if (at < 0) return null;
    const { get } = IPv6Routing;
    const end = extensionEnd(walk, get.hdrExtLen(walk.bytes, at));
    if (end < 0) return undefined;
    walk.depth++;
    readType(walk, get.routingType(walk.bytes, at), end);
    if (walk.at < end) takePart(walk, ipv6RoutingData, end - walk.at);
    walk.depth--;
    return nextHeader(walk, get.nextHeader(walk.bytes, at));
  },
  derive: {
    nextHeader: derivedNextHeader,
    hdrExtLen: hdrExtLenDerivation,
    routingType: { kind: 'type', value: ({ layers }, i) => typeOf[layers[i + 1]?.key ?? ''] },
  },
  verify(scene, index, report) {
    const left = scene.layers[index]!.number('segmentsLeft');
    const parts = partsOf(scene, index);
    const addresses = parts.filter((part) => part.protocol.header.span('address')).length;
    if (typeOf[parts[0]?.key ?? ''] !== undefined && left > addresses) {
      report('segmentsLeft', `${left} segments are left of ${addresses} (RFC 8200 4.4)`);
    }
  },
});

function readType(walk: Walk, routingType: number, end: number): void {
  const size = end - walk.at;
  const { size: ADDRESS } = SRHSegment;
  if (routingType === 0 && (size - RH0.size) % ADDRESS === 0) {
    takePart(walk, rh0);
    while (walk.at < end) takePart(walk, rh0Address);
  } else if (routingType === 2 && size === RH2.size) {
    takePart(walk, rh2);
  } else if (routingType === 4) {
    takePart(walk, srh);
    const count = SRH.get.lastEntry(walk.bytes, walk.last.at) + 1;
    for (let i = 0; i < count && end - walk.at >= ADDRESS; i++) takePart(walk, srhSegment);
    walk.depth--; // readOptions counts on its own
    readOptions(walk, end, 'ipv6-routing.hdrExtLen', tlvRules);
    walk.depth++;
  }
}

/** All layers of routing headers, in the order of the documentation. */
export const routingProtocols: readonly Protocol[] = [
  ipv6Routing,
  rh0,
  rh0Address,
  rh2,
  srh,
  srhSegment,
  srhPad1,
  srhHmac,
  srhTlv,
  ipv6RoutingData,
];
