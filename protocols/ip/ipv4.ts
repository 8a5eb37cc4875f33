// IPv4 (RFC 791), with the DSCP and ECN fields of RFC 2474 and RFC 3168. Fragments are dissected as far as
// they tell: a later one is payload, a first one holds headers whose lengths reach beyond it.

import { formatIpv4 } from '../core/address.js';
import { following, headerEnd } from '../core/bind.js';
import { flag, ipv4Address, reserved, uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import type { Layer } from '../core/layer.js';
import { protocol, type Report, type Scene } from '../core/protocol.js';
import { always, internetChecksum } from './derivation.js';
import { dscpNames, ecnNames } from './differentiated-services.js';
import { ipv4Eol } from './ipv4-option.js';
import { ipv4OptionRules } from './ipv4-option-list.js';
import { readOptions } from './option-list.js';
import { IP_PROTOCOL, protocolNumbers } from './protocol-number.js';

export const IPv4 = header(
  'IPv4',
  [
    word(
      uint(4, 'version', 'always 4', { alias: 'ip.version' }),
      uint(4, 'ihl', 'header length', { unit: '4 bytes', alias: 'ip.hdr_len' }),
    ),
    word(
      uint(6, 'dscp', 'differentiated services', {
        names: dscpNames,
        alias: 'ip.dsfield.dscp',
      }),
      uint(2, 'ecn', 'congestion notification', { names: ecnNames, alias: 'ip.dsfield.ecn' }),
    ),
    uint(16, 'totalLength', 'header and payload', { unit: 'bytes', alias: 'ip.len' }),
    uint(16, 'identification', 'of the datagram, for reassembly', {
      format: 'hex',
      alias: 'ip.id',
    }),
    word(
      reserved(1),
      flag('df', 'do not fragment', { alias: 'ip.flags.df' }),
      flag('mf', 'more fragments follow', { alias: 'ip.flags.mf' }),
      uint(13, 'fragmentOffset', 'place in the datagram', {
        unit: '8 bytes',
        alias: 'ip.frag_offset',
      }),
    ),
    uint(8, 'ttl', 'hops left', { alias: 'ip.ttl', usual: 64 }),
    uint(8, 'protocol', 'of the payload', { names: protocolNumbers, alias: 'ip.proto' }),
    uint(16, 'headerChecksum', 'of the header', { format: 'hex', alias: 'ip.checksum' }),
    ipv4Address('src', 'source address', { alias: 'ip.src' }),
    ipv4Address('dst', 'destination address', { alias: 'ip.dst' }),
  ],
  { family: 'ip', title: 'Internet Protocol version 4', section: 'RFC 791 3.1' },
);

/** IHL counts in these; fragments' places in the others. */
const WORD_BYTES = 4;
const FRAGMENT_UNIT = 8;
const { get } = IPv4;

export const ipv4 = protocol(IPv4, {
  // hot
  read(walk) {
    const at = walk.take(ipv4);
    if (at < 0) return null;
    const { bytes } = walk;
    if (get.version(bytes, at) !== 4) {
      return walk.fail('bad-value', 'version', 4, get.version(bytes, at));
    }
    walk.limit(at + get.totalLength(bytes, at), 'ipv4.totalLength');
    const ihl = get.ihl(bytes, at);
    if (ihl !== IPv4.size / WORD_BYTES) {
      const end = at + ihl * WORD_BYTES;
      if (end < walk.at) return walk.fail('bad-value', 'ihl', IPv4.size / WORD_BYTES, ihl);
      if (end > walk.boundary) {
        if (walk.quoted) return undefined;
        return walk.fail('length-conflict', 'ihl', end - at, walk.boundary - at);
      }
      readOptions(walk, end, 'ipv4.ihl', ipv4OptionRules);
    }
    if (get.fragmentOffset(bytes, at) !== 0) return undefined;
    if (get.mf(bytes, at) !== 0) walk.quoted = true;
    return walk.next(IP_PROTOCOL, get.protocol(bytes, at));
  },
  derive: {
    version: always(4),
    ihl: {
      kind: 'length',
      value: (s, i) => Math.ceil((headerEnd(s, i) - s.layers[i]!.at) / WORD_BYTES),
    },
    totalLength: { kind: 'length', value: ({ layers }, i) => layers[i]!.bodyEnd - layers[i]!.at },
    protocol: following(IP_PROTOCOL),
    headerChecksum: internetChecksum('headerChecksum', checksumEnd),
  },
  heads: [{ protocol: ipv4Eol, size: (_owner, options) => -options & (WORD_BYTES - 1) }],
  verify,
  // hot
  addresses: ({ bytes, at }) => [formatIpv4(get.src(bytes, at)), formatIpv4(get.dst(bytes, at))],
  info: describe,
});

/** The checksum covers what the header says is the header, right or wrong, as its receiver does. */
function checksumEnd({ layers }: Scene, index: number): number {
  const { bytes, at, end, bodyEnd } = layers[index]!;
  return Math.min(Math.max(at + get.ihl(bytes, at) * WORD_BYTES, end), Math.max(end, bodyEnd));
}

function verify({ layers }: Scene, index: number, report: Report): void {
  const { bytes, at, bodyEnd } = layers[index]!;
  if (IPv4.get.df(bytes, at) && (get.mf(bytes, at) || get.fragmentOffset(bytes, at))) {
    report('df', 'a fragment of a packet that must not be fragmented');
  }
  const payload = bodyEnd - at - get.ihl(bytes, at) * WORD_BYTES;
  if (get.mf(bytes, at) && payload % FRAGMENT_UNIT !== 0) {
    report('mf', `more fragments follow, yet ${payload} bytes are no whole units of 8`);
  }
  const end = get.fragmentOffset(bytes, at) * FRAGMENT_UNIT + payload;
  if (end > 0xffff) report('fragmentOffset', `the datagram would end at byte ${end}, above 65535`);
  if (layers[index]!.number('reserved') !== 0) report('reserved', 'the reserved flag is set');
}

function describe(layer: Layer): string {
  const number = layer.number('protocol');
  const names: Readonly<Record<number, string>> = protocolNumbers;
  const name = names[number] ?? 'unassigned';
  const offset = layer.number('fragmentOffset') * FRAGMENT_UNIT;
  if (offset === 0 && layer.number('mf') === 0) return `${name} (${number})`;
  const id = layer.number('identification').toString(16).padStart(4, '0');
  return `Fragmented IP protocol (proto=${name} ${number}, off=${offset}, ID=${id})`;
}
