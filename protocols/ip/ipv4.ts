// IPv4 (RFC 791), with the DSCP and ECN fields of RFC 2474 and RFC 3168.

import { formatIpv4 } from '../core/address.js';
import { following, headerEnd } from '../core/bind.js';
import { flag, ipv4Address, reserved, uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import { protocol } from '../core/protocol.js';

export const IPv4 = header(
  'IPv4',
  [
    word(
      uint(4, 'version', 'always 4', { alias: 'ip.version' }),
      uint(4, 'ihl', 'header length', { unit: '4 bytes', alias: 'ip.hdr_len' }),
    ),
    word(
      uint(6, 'dscp', 'differentiated services', { alias: 'ip.dsfield.dscp' }),
      uint(2, 'ecn', 'congestion notification', { alias: 'ip.dsfield.ecn' }),
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
    uint(8, 'protocol', 'of the payload', { alias: 'ip.proto' }),
    uint(16, 'headerChecksum', 'of the header', { format: 'hex', alias: 'ip.checksum' }),
    ipv4Address('src', 'source address', { alias: 'ip.src' }),
    ipv4Address('dst', 'destination address', { alias: 'ip.dst' }),
  ],
  { family: 'ip', title: 'Internet Protocol version 4', section: 'RFC 791 3.1' },
);

export const ipv4 = protocol(IPv4, {
  read(walk) {
    const at = walk.take(ipv4);
    if (at < 0) return null;
    const { bytes } = walk;
    if (IPv4.get.version(bytes, at) !== 4) {
      return walk.fail('bad-value', 'version', 4, IPv4.get.version(bytes, at));
    }
    walk.limit(at + IPv4.get.totalLength(bytes, at), 'ipv4.totalLength');
    return walk.next('ipproto', IPv4.get.protocol(bytes, at));
  },
  derive: {
    version: { kind: 'type', value: () => 4 },
    ihl: { kind: 'length', value: (s, i) => (headerEnd(s, i) - s.layers[i]!.at) / 4 },
    totalLength: { kind: 'length', value: ({ layers }, i) => layers[i]!.bodyEnd - layers[i]!.at },
    protocol: following('ipproto'),
  },
  addresses: (layer) => [formatIpv4(layer.number('src')), formatIpv4(layer.number('dst'))],
});
