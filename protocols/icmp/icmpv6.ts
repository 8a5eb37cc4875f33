// ICMPv6 (RFC 4443): the head that all messages share. What follows it, by type, is in icmpv6-message.ts,
// neighbour.ts and mld.ts.

import { formatIpv6, formatMac } from '../core/address.js';
import { following } from '../core/bind.js';
import { uint } from '../core/field.js';
import { header } from '../core/header.js';
import { type Layer, outer } from '../core/layer.js';
import { protocol, type Report, type Scene } from '../core/protocol.js';
import { ICMPV6_NUMBER, transportChecksum } from '../ip/transport-checksum.js';
import { codeText6, icmpv6Types, typeText6 } from './icmpv6-name.js';
import { MLDQuery2 } from './mld.js';

export const ICMPv6 = header(
  'ICMPv6',
  [
    uint(8, 'type', 'of the message', { names: icmpv6Types, alias: 'icmpv6.type' }),
    uint(8, 'code', 'what it means depends on the type', { alias: 'icmpv6.code' }),
    uint(16, 'checksum', 'of pseudo header and message', {
      format: 'hex',
      alias: 'icmpv6.checksum',
    }),
  ],
  { title: 'Internet Control Message Protocol for IPv6', section: 'RFC 4443 2.1' },
);

const MLD_QUERY = 130;

export const icmpv6 = protocol(ICMPv6, {
  read(walk) {
    const at = walk.take(icmpv6);
    if (at < 0) return null;
    const type = ICMPv6.get.type(walk.bytes, at);
    // Queries of both versions share a type; their length tells them apart (RFC 3810 8.1).
    const long = type === MLD_QUERY && walk.left >= MLDQuery2.size;
    return walk.next(long ? 'icmpv6-long' : 'icmpv6', type);
  },
  derive: {
    type: following('icmpv6', 'icmpv6-long'),
    checksum: transportChecksum(ICMPV6_NUMBER),
  },
  verify,
  info: describe,
});

/** Messages that must come from the same link, by the family of their layer, and the hop limit that shows it. */
const onLink: Readonly<Record<string, readonly [number, string]>> = {
  nd: [255, 'RFC 4861 7.1'],
  mld: [1, 'RFC 3810 5'],
};

function verify({ layers }: Scene, index: number, report: Report): void {
  const rule = onLink[layers[index + 1]?.protocol.header.family ?? ''];
  const ip = layers[outer(layers, index, 'ipv6')];
  if (!rule || !ip || ip.number('hopLimit') === rule[0]) return;
  report('type', `hop limit is ${ip.number('hopLimit')}, expected ${rule[0]} (${rule[1]})`);
}

/** What a summary says of one message beyond its type. */
const details: Readonly<Record<string, (body: Layer, layers: readonly Layer[]) => string>> = {
  'icmpv6-echo': (body) => {
    const id = body.number('identifier').toString(16).padStart(4, '0');
    return ` id=0x${id}, seq=${body.number('sequence')}`;
  },
  'nd-rs': (_body, layers) => fromLink(layers, 'nd-slla', ' from '),
  'nd-ra': (_body, layers) => fromLink(layers, 'nd-slla', ' from '),
  'nd-ns': (body, layers) =>
    ` for ${addressIn(body, 'target')}${fromLink(layers, 'nd-slla', ' from ')}`,
  'nd-na': (body, layers) => {
    const flags = [body.number('r') && 'rtr', body.number('s') && 'sol', body.number('o') && 'ovr'];
    const shown = flags.filter(Boolean).join(', ');
    const said = shown === '' ? '' : ` (${shown})`;
    return ` ${addressIn(body, 'target')}${said}${fromLink(layers, 'nd-tlla', ' is at ')}`;
  },
  'nd-redirect': (_body, layers) => fromLink(layers, 'nd-tlla', ' is at '),
};

const addressIn = (layer: Layer, field: string) => formatIpv6(layer.get(field) as Uint8Array);

function fromLink(layers: readonly Layer[], option: string, words: string): string {
  const layer = layers.find(({ key }) => key === option);
  return layer ? words + formatMac(layer.get('address') as Uint8Array) : '';
}

function describe(layer: Layer, { layers }: Scene, index: number): string {
  const type = layer.number('type');
  const body = layers[index + 1];
  const text = typeText6[type] ?? `Type ${type}`;
  const reason = codeText6[type]?.[layer.number('code')];
  const detail = (body && details[body.key]?.(body, layers.slice(index))) ?? '';
  return text + detail + (reason === undefined ? '' : ` (${reason})`);
}
